import { type Chan, select, send, trySelect } from '@millrace/core'
import { equal, isError, isPending, ok, range, rejects, staysParked } from './expect.js'
import type { Law } from './law.js'

/** Selects that wait. */
export const selectParkedLaws: Law[] = [
  {
    name: 'a parked select commits exactly one case, even when all become ready at once',
    rule: 22,
    async run(world) {
      const channels = await world.chans<number>(20, 1)
      for (let round = 0; round < 20; round++) {
        const waiting = select(channels)
        const rotated = [...channels.slice(round), ...channels.slice(0, round)]
        for (const channel of rotated) ok(channel.trySend(round), 'no room')
        const hit = await waiting
        equal(hit.case, round, 'the case whose channel was sent to first')
        for (const [i, channel] of channels.entries()) {
          equal(channel.length, i === hit.case ? 0 : 1, `length of channel ${i}`)
          channel.tryReceive()
        }
      }
    },
  },
  {
    name: 'a select that names a channel twice takes one value of it and leaves nothing behind',
    rule: 22,
    async run(world) {
      const channel = await world.chan<number>(2)
      const hits = [0, 0]
      for (let i = 0; i < 20; i++) {
        const waiting = select([channel, channel])
        ok(channel.trySend(i), 'no room')
        ok(channel.trySend(i + 100), 'no room')
        const hit = await waiting
        equal(hit.value, i)
        hits[hit.case]!++
        equal(channel.length, 1, 'length')
        equal(channel.tryReceive(), i + 100)
      }
      equal(hits[0]! + hits[1]!, 20)
    },
  },
  {
    name: 'parked selects are served in turn with other waiters',
    rule: 22,
    async run(world) {
      const [channel, other] = (await world.chans<number>(2, 1)) as [Chan<number>, Chan<number>]
      const waiting = [
        channel.receive(),
        select([other, channel]).then(hit => hit.value),
        channel.receive(),
        select([channel]).then(hit => hit.value),
      ]
      for (const i of range(4)) await channel.send(i)
      equal(await Promise.all(waiting), [0, 1, 2, 3])
    },
  },
  {
    name: 'a select never pairs with itself',
    rule: 23,
    needs: ['any value'],
    async run(world) {
      const channel = await world.chan<string>()
      const lonely = select({ sent: send(channel, 'mine'), got: channel })
      await staysParked('a select with both sides of one channel', lonely)
      equal(await channel.receive(), 'mine')
      equal((await lonely).case, 'sent')
      equal(trySelect({ sent: send(channel, 'mine'), got: channel }), undefined)
    },
  },
  {
    name: '44 goroutines that select between sending and receiving on one channel all pair up',
    rule: 23,
    async run(world) {
      const channel = await world.chan<number>()
      const hits = await Promise.all(range(44).map(i => select({ sent: send(channel, i), got: channel })))
      const received = hits.flatMap(hit => (hit.case === 'got' ? [hit.value] : []))
      const sent = range(44).filter(i => hits[i]!.case === 'sent')
      equal(
        received.toSorted((a, b) => a! - b!),
        sent,
        'the values received',
      )
      equal(sent.length, 22, 'how many sent')
    },
  },
  {
    name: '55 such goroutines and one plain send all pair up',
    rule: 23,
    async run(world) {
      const channel = await world.chan<number>()
      const selecting = range(55).map(i => select({ sent: send(channel, i), got: channel }))
      const [hits] = await Promise.all([Promise.all(selecting), channel.send(99)])
      const received = hits.flatMap(hit => (hit.case === 'got' ? [hit.value] : []))
      const sent = range(55).filter(i => hits[i]!.case === 'sent')
      equal(
        received.toSorted((a, b) => a! - b!),
        [...sent, 99],
        'the values received',
      )
    },
  },
  {
    name: 'goroutines that send and receive on one buffered channel in their selects lose and double nothing',
    rule: 23,
    async run(world) {
      const channel = await world.chan<number>(2)
      const hits = await Promise.all(range(44).map(i => select({ sent: send(channel, i), got: channel })))
      const received = hits.flatMap(hit => (hit.case === 'got' ? [hit.value] : []))
      const sent = range(44).filter(i => hits[i]!.case === 'sent')
      while (channel.length > 0) received.push(channel.tryReceive())
      equal(
        received.toSorted((a, b) => a! - b!),
        sent,
      )
    },
  },
  {
    name: 'a select of nil cases, or of none, waits for ever',
    rule: 24,
    async run() {
      await staysParked(
        'a select that can never go on',
        select({}),
        select([]),
        select({ a: null, b: undefined }),
        select([send(null, 1), null]),
      )
      equal(trySelect({}), undefined)
      equal(trySelect([null]), undefined)
    },
  },
  {
    name: 'a parked select with a send fails when that channel is closed, and its other cases are gone',
    rule: 25,
    async run(world) {
      const [full, empty] = (await world.chans<number>(2, 1)) as [Chan<number>, Chan<number>]
      full.trySend(1)
      const waiting = select({ sent: send(full, 2), got: empty })
      await isPending(waiting)
      full.close()
      isError(await rejects(waiting, 'the select'), 'ERR_CHAN_CLOSED', 'send on closed channel')
      ok(empty.trySend(3), 'no room')
      equal(empty.length, 1, 'the failed select still receives: length')
    },
  },
  {
    name: 'a parked select with a receive ends when that channel is closed',
    rule: 25,
    async run(world) {
      const [a, b] = (await world.chans<number>(2, 1)) as [Chan<number>, Chan<number>]
      const waiting = select({ a, b })
      await isPending(waiting)
      b.close()
      equal(await waiting, { case: 'b', value: undefined, ok: false })
    },
  },
  {
    name: 'rounds of select leave no waiter on the case that never comes, and their cost does not grow with others who wait there',
    rule: 16,
    timeoutMs: 60_000,
    async run(world) {
      const rounds = 100_000
      const [done, work] = (await world.chans<number>(2, 1)) as [Chan<number>, Chan<number>]
      let parkedRounds = 0
      const costs: number[] = []
      const batches = 50
      for (const others of [0, 10_000]) {
        const crowd = new AbortController()
        const waiting = range(others).map(() => done.receive({ signal: crowd.signal }).catch(() => 'gone'))
        const times: number[] = []
        for (let batch = 0; batch < batches; batch++) {
          const start = performance.now()
          for (let i = 0; i < rounds / 2 / batches; i++) {
            const round = select({ done, work }) // parks on both
            work.trySend(i)
            if ((await round).case === 'work') parkedRounds++
          }
          times.push(performance.now() - start)
        }
        // The least: a batch in which garbage is collected, or others have the core, says nothing of the rounds.
        costs.push(Math.min(...times))
        crowd.abort()
        await Promise.all(waiting)
      }
      equal(parkedRounds, rounds)
      ok(done.trySend(1), 'no room')
      equal(done.length, 1, 'a waiter was left behind and took the value: length')
      const [alone, crowded] = costs as [number, number]
      ok(
        crowded < alone * 5 + 1, // a walk past the others would cost some 100 times as much
        `1000 rounds took ${alone.toFixed(2)} ms alone and ${crowded.toFixed(2)} ms with 10 000 others waiting`,
      )
    },
  },
  {
    name: '1000 goroutines that select between their own channel and a popular one are all woken, each once',
    rule: 16,
    needs: ['any value'],
    async run(world) {
      const popular = await world.chan<string>(1)
      const own = await world.chans<string>(1000, 1)
      const waiting = own.map(channel => select({ own: channel, popular }))
      for (const channel of own) ok(channel.trySend('yours'), 'no room')
      for (const hit of await Promise.all(waiting)) equal(hit, { case: 'own', value: 'yours', ok: true })
      popular.trySend('nobody')
      equal(popular.length, 1)
    },
  },
]
