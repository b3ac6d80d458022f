import { AtomicInt32, type Chan, chan, go, select, send } from '@millrace/core'
import { currentThread } from '@millrace/kernel'
import { equal, eventually, ok, range, staysParked } from './expect.js'
import type { Law } from './law.js'
import { nop } from './parallel-fixtures.js'
import * as fixtures from './rendezvous-fixtures.js'

const ascending = (values: number[]): number[] => values.toSorted((a, b) => a - b)

/** Unbuffered channels and selects between threads. What holds on every channel is in the other laws. */
export const rendezvousLaws: Law[] = [
  {
    name: '44 goroutines on five threads that select between sending and receiving on one channel all pair up',
    rule: 23,
    async run() {
      for (let round = 0; round < 20; round++) {
        const channel = chan<number>()
        const met = await Promise.all(
          range(44).map(i => (i % 5 === 0 ? fixtures.meet(channel, i) : go(fixtures.meet, channel, i))),
        )
        const sent = met.flatMap(({ sent }) => sent ?? [])
        equal(ascending(met.flatMap(({ got }) => got ?? [])), ascending(sent), 'the values received')
        equal(sent.length, 22, 'how many sent')
      }
    },
  },
  {
    name: '55 such goroutines on five threads and one plain send all pair up',
    rule: 23,
    async run() {
      for (let round = 0; round < 10; round++) {
        const channel = chan<number>()
        const meeting = range(55).map(i => go(fixtures.meet, channel, i))
        const [met] = await Promise.all([Promise.all(meeting), channel.send(99)])
        const sent = met.flatMap(({ sent }) => sent ?? [])
        equal(ascending(met.flatMap(({ got }) => got ?? [])), ascending([...sent, 99]), 'the values received')
      }
    },
  },
  {
    name: 'a send to another thread is over no earlier than its value has been received',
    rule: 14,
    async run() {
      const channel = chan<number>()
      const sent = new AtomicInt32(0)
      const sending = go(fixtures.sendAll, channel, 0, 100, sent)
      await staysParked('the sender', sending)
      for (let i = 0; i < 100; i++) {
        ok(sent.load() <= i, `${sent.load()} sends were over after ${i} receives`)
        equal(await channel.receive(), i)
      }
      await sending
      equal(sent.load(), 100)
    },
  },
  {
    name: 'a try succeeds when a goroutine of another thread is parked, in either direction',
    rule: 5,
    needs: ['threads'],
    async run() {
      const [there, back, here] = [chan<number>(), chan<number>(), chan<number>()]
      const collecting = go(fixtures.collect, there)
      await eventually(() => there.trySend(7), 'a parked receiver')
      const sending = go(fixtures.sendAll, back, 3, 4, new AtomicInt32(0))
      let value: number | undefined
      await eventually(() => (value = back.tryReceive()) !== undefined, 'a parked sender')
      equal(value, 3)
      await sending
      const receiving = here.receive()
      await go(fixtures.trySendUntil, here, 8)
      equal(await receiving, 8)
      there.close()
      equal(await collecting, [7])
    },
  },
  {
    name: 'values of several threads come once each, and each sender’s in order',
    rule: 6,
    async run() {
      const channel = chan<number>()
      const sent = new AtomicInt32(0)
      const collecting = range(3).map(() => go(fixtures.collect, channel))
      const here = fixtures.collect(channel)
      await Promise.all(range(6).map(i => go(fixtures.sendAll, channel, i * 1000, i * 1000 + 200, sent)))
      channel.close()
      const got = await Promise.all([...collecting, here])
      equal(
        ascending(got.flat()),
        range(6).flatMap(i => range(200).map(j => i * 1000 + j)),
      )
      for (const values of got) {
        for (const i of range(6)) {
          const ofOne = values.filter(value => Math.floor(value / 1000) === i)
          equal(ofOne, ascending(ofOne), 'the order of one sender')
        }
      }
    },
  },
  {
    name: 'values of every kind, undefined too, come once each and in order where both threads are at it all the time',
    rule: 14,
    async run() {
      const count = 4000
      const channels = [chan<unknown>(), chan<unknown>(), chan<unknown>()]
      const sending = go(fixtures.sendKinds, channels, count)
      const counts = channels.map(() => 0)
      for (let i = 0; i < count; i++) {
        const hit = await select(channels)
        equal([hit.ok, hit.value], [true, fixtures.anyKind(i)], `value ${i}`)
        counts[hit.case]!++
      }
      equal(counts, await sending, 'how many came on each channel')
      for (const channel of channels) equal(channel.tryReceiveOk(), undefined, 'what is left')
    },
  },
  {
    name: 'sends that are not awaited one by one come in their order',
    rule: 6,
    async run() {
      for (const capacity of [0, 1, 5]) {
        const channel = chan<number>(capacity)
        const collecting = go(fixtures.collect, channel)
        for (let i = 0; i < 3000; i += 3) {
          await Promise.all([channel.send(i), channel.send(i + 1), channel.send(i + 2)])
        }
        channel.close()
        equal(await collecting, range(3000), `capacity ${capacity}`)
      }
    },
  },
  {
    name: 'receives that are not awaited one by one get the values in their order',
    rule: 6,
    async run() {
      for (const capacity of [0, 1, 5]) {
        const channel = chan<number>(capacity)
        const sending = go(fixtures.sendAll, channel, 0, 3000, new AtomicInt32(0))
        const received: (number | undefined)[] = []
        for (let i = 0; i < 3000; i += 3) {
          received.push(...(await Promise.all([channel.receive(), channel.receive(), channel.receive()])))
        }
        await sending
        equal(received, range(3000), `capacity ${capacity}`)
      }
    },
  },
  {
    name: 'close reaches everybody who is parked on any thread, in whatever way',
    rule: 8,
    async run() {
      for (const capacity of [0, 1]) {
        for (const side of ['send', 'receive'] as const) {
          const [channel, never, parked] = [chan<number>(capacity), chan<number>(), chan<void>()]
          if (side === 'send' && capacity === 1) channel.trySend(0)
          const parking = range(16).flatMap(() => [
            go(fixtures.parkOn, channel, never, side, parked),
            go(fixtures.parkOn, channel, never, `select ${side}`, parked),
            fixtures.parkOn(channel, never, side, parked),
          ])
          for (const _ of parking) await parked.receive()
          channel.close()
          for (const ended of await Promise.all(parking)) {
            equal(ended, side === 'send' ? { code: 'ERR_CHAN_CLOSED' } : { ok: false })
          }
        }
      }
    },
  },
  {
    name: 'a select takes its waiting along when one of its channels becomes shared, and again with the next',
    rule: 'API 4',
    async run() {
      for (const order of [
        [0, 1, 2],
        [2, 1, 0],
        [1, 0, 2],
      ]) {
        for (const winner of [0, 1, 2]) {
          const channels = [chan<number>(), chan<number>(), chan<number>(1)] as const
          await channels[2].send(0)
          const selecting = range(5).map(i =>
            select([channels[0], send(channels[1], i), send(channels[2], i)]),
          )
          for (const i of order) {
            await go(nop, channels[i])
            await staysParked('the selects', ...selecting)
          }
          for (let i = 0; i < 5; i++) {
            if (winner === 0) await go(fixtures.sendAll, channels[0], i, i + 1, new AtomicInt32(0))
            else equal(await channels[winner as 1 | 2].receive(), winner === 1 ? i : i === 0 ? 0 : i - 1)
            equal((await selecting[i]!).case, winner)
          }
          const others = [0, 1].filter(i => i !== winner)
          for (const i of others)
            equal(channels[i as 0 | 1].tryReceiveOk(), undefined, 'what a losing case left')
          ok(!channels[0].trySend(1), 'a losing case still receives')
        }
      }
    },
  },
  {
    name: 'with one channel ready at every instant, a try on another thread always finds one',
    rule: 21,
    async run() {
      const [pairs, found] = [chan<[Chan<number>, Chan<number>]>(), chan<boolean>()]
      const trying = go(fixtures.tryPairs, pairs, found)
      for (let i = 0; i < 600; i++) {
        const [first, second] = [chan<number>(i % 2), chan<number>(i % 3 === 0 ? 0 : 1)]
        const sends = [first.send(1)]
        await pairs.send([first, second])
        sends.push(second.send(2))
        first.tryReceive()
        ok(await found.receive(), `round ${i}: nothing was ready`)
        first.tryReceive()
        second.tryReceive()
        await Promise.all(sends)
      }
      pairs.close()
      await trying
    },
  },
  {
    name: 'nothing accumulates in a loop that selects between the end and work',
    rule: 16,
    timeoutMs: 60_000,
    async run() {
      const [done, work] = [chan<never>(), chan<number>()]
      const working = range(3).map(() => go(fixtures.workUntilDone, done, work))
      const { kernel } = currentThread()
      const rounds = async (n: number) => {
        for (let i = 0; i < n; i++) await work.send(i)
      }
      await rounds(2000)
      const before = kernel.heapUsed()
      await rounds(10_000)
      equal(kernel.heapUsed(), before, 'the shared memory in use')
      done.close()
      const counts = await Promise.all(working)
      equal(
        counts.reduce((a, b) => a + b, 0),
        12_000,
      )
    },
  },
  {
    name: 'a canceled wait leaves nothing behind, and a value that was handed over is not lost',
    rule: 'API 1',
    needs: ['threads'], // the loop lets nobody else have a turn
    async run() {
      const channel = chan<number>()
      const sent = new AtomicInt32(0)
      const sending = go(fixtures.sendAll, channel, 0, 300, sent)
      const values: number[] = []
      while (values.length < 300) {
        const controller = new AbortController()
        const receiving = channel.receive(controller)
        if (values.length % 3 === 0) queueMicrotask(() => controller.abort('enough'))
        else setTimeout(() => controller.abort('enough'), 0)
        try {
          values.push((await receiving)!)
        } catch (reason) {
          equal(reason, 'enough')
        }
      }
      equal(values, range(300))
      await sending
      equal(channel.tryReceiveOk(), undefined)
    },
  },
]
