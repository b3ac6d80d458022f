import {
  type Case,
  type Cases,
  type Chan,
  chan,
  type ReceiveChan,
  select,
  send,
  trySelect,
} from '@millrace/core'
import { equal, isError, isPending, ok, range, rejects, show, staysParked, throws, turn } from './expect.js'
import type { Law, World } from './law.js'

/** `count` channels of one kind, each with a value in it that will not run out. */
async function readyChannels(world: World, count: number, values: number): Promise<Chan<number>[]> {
  const channels = await world.chans<number>(count, values)
  for (const channel of channels) for (const i of range(values)) channel.trySend(i)
  return channels
}

/** How often each of `cases` is chosen. */
async function tally(trials: number, count: number, cases: () => readonly Case[]): Promise<number[]> {
  const counts = new Array<number>(count).fill(0)
  for (let i = 0; i < trials; i++) counts[(await select(cases())).case]!++
  return counts
}

const within = (counts: number[], low: number, high: number) =>
  ok(
    counts.every(count => count >= low && count <= high),
    `the choice is not uniform: ${show(counts)}, each should be ${low} to ${high}`,
  )

/** Rules 18 to 29: select. */
export const selectLaws: Law[] = [
  {
    name: 'the cases are evaluated once each, in source order, whichever wins',
    rule: 18,
    async run(world) {
      const ready = await world.chan<number>(1)
      const idle = await world.chan<number>(1)
      for (const choose of [select, trySelect]) {
        ready.trySend(1)
        const log: string[] = []
        const cases = {
          get first() {
            log.push('first')
            return idle
          },
          get second() {
            log.push('second')
            return null
          },
          get third() {
            log.push('third')
            return send(null, 1)
          },
          get fourth() {
            log.push('fourth')
            return ready
          },
        }
        equal((await choose(cases))?.case, 'fourth')
        equal(log, ['first', 'second', 'third', 'fourth'])
      }
      const log: string[] = []
      const parked = select({
        get a() {
          log.push('a')
          return idle
        },
        get b() {
          log.push('b')
          return ready
        },
      })
      await turn()
      idle.trySend(1)
      await parked
      equal(log, ['a', 'b'], 'what a select that parked evaluated')
    },
  },
  {
    name: 'a select with a ready case takes it, and the others have no effect at all',
    rule: 19,
    async run(world) {
      const [ready, empty, filled] = (await world.chans<number>(3, 1)) as [
        Chan<number>,
        Chan<number>,
        Chan<number>,
      ]
      ready.trySend(1)
      filled.trySend(2)
      const hit = await select({ got: ready, empty, sent: send(filled, 3) })
      equal(hit, { case: 'got', value: 1, ok: true })
      equal([ready.length, empty.length, filled.length], [0, 0, 1])
      equal(filled.tryReceive(), 2)
      equal(empty.trySend(9), true)
      equal(empty.length, 1, 'a case that lost still receives: length')
    },
  },
  {
    name: 'a select without a ready case waits for the first',
    rule: 19,
    needs: ['any value'],
    async run(world) {
      const [a, b] = (await world.chans<string>(2, 1)) as [Chan<string>, Chan<string>]
      const waiting = select({ a, b })
      await staysParked('a select with nothing ready', waiting)
      b.trySend('late')
      equal(await waiting, { case: 'b', value: 'late', ok: true })
      equal(a.trySend('next'), true)
      equal(a.length, 1, 'the losing case still receives: length')
      const sending = select([send(a, 'third'), send(b, 'second')])
      await isPending(sending)
      equal(b.length, 1, 'the select sent: length')
      equal(await b.receive(), 'second')
    },
  },
  {
    name: 'with two cases always ready each is chosen half the time',
    rule: 20,
    async run(world) {
      const [a, b] = (await readyChannels(world, 2, 1)) as [Chan<number>, Chan<number>]
      const counts = { a: 0, b: 0 }
      for (let i = 0; i < 10_000; i++) {
        const hit = await select({ a, b })
        counts[hit.case]++
        ok((hit.case === 'a' ? a : b).trySend(i), 'no room')
      }
      within([counts.a, counts.b], 4500, 5500) // ten standard deviations
    },
  },
  {
    name: 'of 100 selects between two sends each is chosen more than ten times',
    rule: 20,
    async run(world) {
      const channels = await world.chans<number>(2, 100)
      for (let i = 0; i < 100; i++) await select(channels.map(channel => send(channel, i)))
      for (const channel of channels) ok(channel.length > 10, `a send was chosen ${channel.length} times`)
      equal(channels[0]!.length + channels[1]!.length, 100)
    },
  },
  {
    name: 'among eight cases, closed channels and nil ones between them, the choice is uniform',
    rule: 20,
    async run(world) {
      const channels = await world.chans<number>(8, 1)
      for (const channel of channels) channel.close()
      const idle = await world.chan<number>(1)
      const cases = channels.flatMap(channel => [null, channel, idle])
      const counts = await tally(16_000, 24, () => cases)
      const chosen = counts.filter((_, i) => i % 3 === 1)
      within(chosen, 1580, 2420) // ten standard deviations
      equal(
        chosen.reduce((a, b) => a + b),
        16_000,
      )
    },
  },
  {
    name: 'a channel that is named twice has two chances',
    rule: 19,
    async run(world) {
      const [twice, once] = (await world.chans<number>(2, 1)) as [Chan<number>, Chan<number>]
      twice.close()
      once.close()
      within(await tally(15_000, 3, () => [twice, once, twice]), 4420, 5580)
    },
  },
  {
    name: 'among receives and sends that are ready the choice is uniform too',
    rule: 20,
    async run(world) {
      const channel = await world.chan<number>(2)
      channel.trySend(0)
      const counts = { got: 0, sent: 0 }
      for (let i = 0; i < 10_000; i++) {
        const hit = trySelect({ got: channel, sent: send(channel, i) })
        counts[hit!.case]++
        if (hit!.case === 'got') channel.trySend(0)
        else channel.tryReceive()
      }
      within([counts.got, counts.sent], 4500, 5500)
    },
  },
  {
    name: 'with one case ready at every moment a select never finds none',
    rule: 21,
    async run(world) {
      const [a, b] = (await world.chans<number>(2, 1)) as [Chan<number>, Chan<number>]
      a.trySend(0)
      for (let i = 0; i < 2000; i++) {
        const [from, to] = i % 2 === 0 ? [a, b] : [b, a]
        ok(to.trySend(0), 'no room')
        from.tryReceive()
        const hit = trySelect([b, a])
        ok(hit, 'nothing was ready')
        ok(to.trySend(0), 'the value came from elsewhere')
      }
    },
  },
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
    name: 'a nil case turns a case off, and the others work as before',
    rule: 24,
    async run(world) {
      const [a, b] = (await readyChannels(world, 2, 100)) as [Chan<number>, Chan<number>]
      for (let i = 0; i < 100; i++) equal((await select({ a: null, b })).case, 'b')
      equal([a.length, b.length], [100, 0])
    },
  },
  {
    name: 'a ready send on a closed channel fails if it is chosen, and only then',
    rule: 25,
    async run(world) {
      const [closed, ready] = (await world.chans<number>(2, 200)) as [Chan<number>, Chan<number>]
      closed.close()
      for (const i of range(200)) ready.trySend(i)
      let [failures, values] = [0, 0]
      for (let i = 0; i < 200; i++) {
        try {
          equal((await select({ sent: send(closed, i), got: ready })).case, 'got')
          values++
        } catch (error) {
          isError(error, 'ERR_CHAN_CLOSED', 'send on closed channel')
          failures++
        }
      }
      ok(failures > 40 && values > 40, `${failures} failed and ${values} received: both should happen`)
      equal(ready.length, 200 - values, 'a select that failed took a value: length')
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
    name: 'a select of one case is the plain operation, and trySelect of one is its try form',
    rule: 26,
    async run(world) {
      const channel = await world.chan<number>(1)
      equal(await select({ sent: send(channel, 1) }), { case: 'sent', value: undefined, ok: true })
      equal(trySelect([send(channel, 2)]), undefined, 'trySelect of a send without room')
      equal(trySelect([channel]), { case: 0, value: 1, ok: true })
      equal(trySelect([channel]), undefined, 'trySelect of a receive without a value')
      const waiting = select([channel])
      await staysParked('a select of one receive', waiting)
      await channel.send(3)
      equal(await waiting, { case: 0, value: 3, ok: true })
    },
  },
  {
    name: 'an array of cases answers the index, and nil cases keep their places',
    rule: 27,
    async run(world) {
      const channels = await world.chans<number>(5, 1)
      for (const [i, channel] of channels.entries()) {
        channel.trySend(i)
        const cases: (ReceiveChan<number> | null)[] = channels.map((each, at) =>
          at % 2 === i % 2 ? each : null,
        )
        equal(await select(cases), { case: i, value: i, ok: true })
      }
      channels[3]!.close()
      equal(await select(channels), { case: 3, value: undefined, ok: false })
      equal(await select([null, send(channels[2]!, 1)]), { case: 1, value: undefined, ok: true })
    },
  },
  {
    name: 'a select of 65 536 cases works, ready and parked',
    rule: 27,
    async run(world) {
      const [idle, late] = (await world.chans<number>(2, 1)) as [Chan<number>, Chan<number>]
      const cases: Chan<number>[] = new Array(65_536).fill(idle)
      cases[40_000] = late
      late.trySend(1)
      equal(await select(cases), { case: 40_000, value: 1, ok: true })
      const waiting = select(cases)
      ok(await isPending(waiting), 'a select with nothing ready went on')
      late.trySend(2)
      equal(await waiting, { case: 40_000, value: 2, ok: true })
      ok(idle.trySend(3), 'no room')
      equal(idle.length, 1, 'a losing case still receives: length')
    },
  },
  {
    name: 'what is no case makes the select fail with nothing done and nobody enqueued',
    rule: 28,
    async run(world) {
      const [ready, empty] = (await world.chans<number>(2, 1)) as [Chan<number>, Chan<number>]
      ready.trySend(1)
      const wrong = [{}, 1, 'channel', () => 1, { receive: () => 1 }, Symbol('s'), false]
      for (const culprit of wrong) {
        const cases = { ready, empty, culprit } as unknown as Cases
        ok((await rejects(select(cases), 'select')) instanceof TypeError, 'not a TypeError')
        ok(throws(() => trySelect(cases), 'trySelect') instanceof TypeError, 'not a TypeError')
      }
      ok(
        (await rejects(select(null as unknown as Cases), 'select(null)')) instanceof TypeError,
        'not a TypeError',
      )
      ok(throws(() => send({} as never, 1), 'send') instanceof TypeError, 'not a TypeError')
      equal([ready.length, empty.length], [1, 0])
      empty.trySend(2)
      equal(empty.length, 1, 'a refused select still receives: length')
    },
  },
  {
    name: 'a case that throws while it is built makes the select fail with nothing done and nobody enqueued',
    rule: 28,
    async run(world) {
      const [ready, empty] = (await world.chans<number>(2, 1)) as [Chan<number>, Chan<number>]
      ready.trySend(1)
      const thrown = new Error('while building')
      const cases = {
        empty,
        ready,
        get culprit(): Chan<number> {
          throw thrown
        },
      }
      equal(await rejects(select(cases), 'select'), thrown)
      equal(
        throws(() => trySelect(cases), 'trySelect'),
        thrown,
      )
      equal(ready.length, 1)
      empty.trySend(2)
      equal(empty.length, 1, 'the failed select still receives: length')
    },
  },
  {
    name: 'a value that cannot be sent makes a parking select fail and leave its other channels',
    rule: 28,
    needs: ['by copy', 'any value'],
    async run(world) {
      const [empty, full] = (await world.chans<unknown>(2, 1)) as [Chan<unknown>, Chan<unknown>]
      full.trySend(1)
      const error = await rejects(select({ got: empty, sent: send(full, { deep: [() => 1] }) }), 'the select')
      isError(error, 'ERR_DATA_CLONE', 'value.deep[0]')
      empty.trySend(2)
      equal(empty.length, 1, 'the failed select still receives: length')
      equal(full.length, 1)
    },
  },
  {
    name: 'there is no priority: the first case does not win against the second',
    rule: 29,
    async run(world) {
      const [stop, work] = (await world.chans<number>(2, 1)) as [Chan<number>, Chan<number>]
      stop.close()
      work.close()
      const counts = await tally(1000, 2, () => [stop, work])
      within(counts, 340, 660)
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
        // The median: a batch in which garbage is collected, or others have the core, says nothing of the rounds.
        costs.push(times.sort((a, b) => a - b)[batches / 2]!)
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
  {
    name: 'a select over channels of different kinds works as over one kind',
    rule: 22,
    needs: ['any value'],
    async run(world) {
      const mine = chan<string>(1)
      const unbuffered = chan<string>()
      const theirs = await world.chan<string>(1)
      const cases = { mine, unbuffered, theirs }
      for (const label of ['mine', 'unbuffered', 'theirs'] as const) {
        const waiting = select(cases)
        await isPending(waiting)
        ok(cases[label].trySend(label), 'a parked select was not seen')
        equal(await waiting, { case: label, value: label, ok: true })
        for (const channel of Object.values(cases)) equal(channel.length, 0, 'length')
      }
      const sending = select([send(unbuffered, 'a'), theirs])
      equal(await unbuffered.receive(), 'a')
      equal((await sending).case, 0)
      theirs.trySend('left alone')
      equal(theirs.length, 1)
    },
  },
]
