import { type Chan, runtime, select } from '@millrace/core'
import { equal, fail, ok, range } from './expect.js'
import type { Law, World } from './law.js'

const MOST_STEPS = 200_000

/** Runs `step` over and over until a timer has fired, which the loop must not starve. */
async function letsTimersRun(what: string, step: (i: number) => Promise<unknown>): Promise<void> {
  let timers = 0
  const timer = () => {
    if (++timers < 3) setTimeout(timer, 0)
  }
  setTimeout(timer, 0)
  for (let i = 0; i < MOST_STEPS; i++) {
    await step(i)
    if (timers === 3) return
  }
  fail(`${what}: after ${MOST_STEPS} operations ${timers} of 3 timers had fired`)
}

const loops: [what: string, start: (world: World) => Promise<(i: number) => Promise<unknown>>][] = [
  [
    'sends and receives that need not wait',
    async world => {
      const channel = await world.chan<number>(1)
      return async i => {
        await channel.send(i)
        await channel.receive()
      }
    },
  ],
  [
    'receives from a closed channel',
    async world => {
      const channel = await world.chan<number>(1)
      channel.close()
      return () => channel.receiveOk()
    },
  ],
  [
    'selects that are ready',
    async world => {
      const channel = await world.chan<number>(1)
      channel.close()
      return () => select([channel, null])
    },
  ],
  [
    'operations with a signal that need not wait',
    async world => {
      const channel = await world.chan<number>(1)
      const { signal } = new AbortController()
      return async i => {
        await channel.send(i, { signal })
        await channel.receive({ signal })
      }
    },
  ],
  [
    'receiveMany from a channel that is never empty',
    async world => {
      const channel = await world.chan<number>(4)
      return async i => {
        channel.trySend(i)
        await channel.receiveMany(2)
      }
    },
  ],
  [
    'a for await over a channel that is filled again and again',
    async world => {
      const channel = await world.chan<number>(4)
      const iterator = channel[Symbol.asyncIterator]()
      return async i => {
        channel.trySend(i)
        await iterator.next()
      }
    },
  ],
  [
    'parked receivers that are served with trySend',
    async world => {
      const channel = await world.chan<number>(1)
      return async i => {
        const waiting = channel.receive()
        channel.trySend(i)
        await waiting
      }
    },
  ],
]

/** More operations than can be over at once before the event loop has a turn. */
const MORE_THAN_A_TURN = 5000

const pingPong = async (there: Chan<number>, back: Chan<number>, loopName: string): Promise<void> => {
  let playing = true
  const other = (async () => {
    for await (const ball of there) await back.send(ball)
  })()
  await letsTimersRun(loopName, async i => {
    await there.send(i)
    equal(await back.receive(), i)
  })
  playing = false
  there.close()
  await other
  equal(playing, false)
}

/** Rules 6 of the API, 35, 36 and 106 of Go’s: nobody starves, nothing overflows. */
export const fairnessLaws: Law[] = [
  ...loops.map(
    ([what, start]): Law => ({
      name: `${what} let timers run`,
      rule: 'API 6',
      async run(world) {
        await letsTimersRun(what, await start(world))
      },
    }),
  ),
  {
    name: 'an endless ping-pong lets timers run',
    rule: 36,
    async run(world) {
      const [there, back] = await world.chans<number>(2, 1)
      await pingPong(there!, back!, 'ping-pong')
    },
  },
  {
    name: 'an endless ping-pong without buffers lets timers run',
    rule: 36,
    async run(world) {
      const [there, back] = await world.chans<number>(2, 0)
      await pingPong(there!, back!, 'ping-pong')
    },
  },
  {
    name: 'two goroutines that hand each other parked selects let timers run',
    rule: 36,
    async run(world) {
      const [a, b, never] = (await world.chans<number>(3, 1)) as [Chan<number>, Chan<number>, Chan<number>]
      const echo = (async () => {
        for (;;) {
          const hit = await select({ a, never })
          if (!hit.ok) return
          b.trySend(hit.value)
        }
      })()
      await letsTimersRun('parked selects', async i => {
        const waiting = select({ b, never })
        a.trySend(i)
        await waiting
      })
      a.close()
      await echo
    },
  },
  {
    name: 'after a turn of the event loop those that need not wait go on first, then those that were parked, each as they came',
    rule: 'API 6',
    async run(world) {
      const [busy, served, open] = await world.chans<number>(3, 1)
      const log: string[] = []
      const logged = (name: string, operation: Promise<unknown>) => operation.then(() => log.push(name))
      const all = [logged('parked 1', served!.receive()), logged('parked 2', served!.receive())]
      for (let i = 0; i < MORE_THAN_A_TURN; i++) {
        void busy!.send(i)
        busy!.tryReceive()
      }
      ok(served!.trySend(1), 'a parked receiver was not seen')
      all.push(logged('running 1', open!.send(1)))
      ok(served!.trySend(2), 'the second parked receiver was not seen')
      all.push(logged('running 2', open!.receive()))
      await Promise.all(all)
      equal(log, ['running 1', 'running 2', 'parked 1', 'parked 2'])
    },
  },
  {
    name: 'gosched lets timers and other goroutines have a turn',
    rule: 35,
    async run() {
      let fired = false
      setTimeout(() => {
        fired = true
      }, 0)
      for (let i = 0; i < 100_000 && !fired; i++) await runtime.gosched()
      ok(fired, 'a timer never fired')
    },
  },
  {
    name: '10 000 goroutines in a chain each wake the next',
    rule: 106,
    async run(world) {
      const channels = await world.chans<number>(10_001, 1)
      const links = range(10_000).map(async i => channels[i + 1]!.send(1 + (await channels[i]!.receive())!))
      await channels[0]!.send(0)
      equal(await channels[10_000]!.receive(), 10_000)
      await Promise.all(links)
    },
  },
  {
    name: '10 000 goroutines in a chain without buffers each wake the next',
    rule: 106,
    async run(world) {
      const channels = await world.chans<number>(10_001, 0)
      const links = range(10_000).map(async i => channels[i + 1]!.send(1 + (await channels[i]!.receive())!))
      await channels[0]!.send(0)
      equal(await channels[10_000]!.receive(), 10_000)
      await Promise.all(links)
    },
  },
  {
    name: '10 000 receivers are all woken by one close, and 10 000 senders by a draining receiver',
    rule: 106,
    async run(world) {
      const channel = await world.chan<number>(1)
      const receiving = range(10_000).map(() => channel.receiveOk())
      channel.close()
      for (const each of receiving) equal((await each).ok, false)
      const other = await world.chan<number>(1)
      const sending = range(10_000).map(i => other.send(i))
      for (const i of range(10_000)) equal(other.tryReceive(), i)
      await Promise.all(sending)
    },
  },
  {
    name: 'a million buffered sends that are awaited are over soon',
    rule: 106,
    timeoutMs: 60_000,
    async run(world) {
      const channel = await world.chan<number>(1000)
      const rounds = world.lacks['by reference'] ? 100 : 1000
      for (let round = 0; round < rounds; round++) {
        for (let i = 0; i < 1000; i++) await channel.send(i)
        for (let i = 0; i < 1000; i++) if ((await channel.receive()) !== i) fail('a value came out of order')
      }
    },
  },
]
