import {
  AtomicInt32,
  after,
  background,
  chan,
  go,
  MainThreadBlockedError,
  runtime,
  selectSync,
  send,
  withCancel,
  withTimeout,
} from '@millrace/core'
import * as fixtures from './blocking-fixtures.js'
import { equal, eventually, isError, ok, range, show, sleep, throws } from './expect.js'
import type { Law } from './law.js'
import { nop } from './parallel-fixtures.js'

/** Operations that block their thread. */
export const blockingLaws: Law[] = [
  {
    name: 'goroutines that block their thread send and receive as others do',
    rule: 'API 2',
    needs: ['threads'],
    async run() {
      for (const capacity of [0, 1, 64]) {
        const [there, back] = [chan<number>(capacity), chan<number>(capacity)]
        const doubling = range(2).map(() => go(fixtures.doubleSync, there, back))
        const values: number[] = []
        const collecting = (async () => {
          for await (const value of back) values.push(value)
        })()
        for (const i of range(300)) await there.send(i)
        there.close()
        const counts = await Promise.all(doubling)
        back.close()
        await collecting
        equal(
          counts.reduce((a, b) => a + b),
          300,
        )
        equal(
          values.toSorted((a, b) => a - b),
          range(300).map(i => 2 * i),
        )
      }
    },
  },
  {
    name: 'what need not wait does not block, on one thread either',
    rule: 'API 2',
    run() {
      const channel = chan<number>(1)
      channel.sendSync(1)
      equal(channel.receiveSync(), 1)
      equal(selectSync({ got: channel, sent: send(channel, 2) }), {
        case: 'sent',
        value: undefined,
        ok: true,
      })
      channel.close()
      equal([channel.receiveSync(), channel.receiveSync()], [2, undefined])
      equal(selectSync([channel]).ok, false)
      isError(
        throws(() => channel.sendSync(3), 'sendSync'),
        'ERR_CHAN_CLOSED',
        'send on closed channel',
      )
    },
  },
  {
    name: 'what would block a page’s main thread is refused, and nothing was done; a goroutine on a worker may block',
    rule: 'API 2',
    needs: ['a page'],
    async run({ lacks }) {
      for (const crosses of [false, true]) {
        const [full, empty, unbuffered] = [chan<number>(1), chan<number>(1), chan<number>()]
        if (crosses) await go(nop, full, empty, unbuffered)
        full.sendSync(1) // need not wait
        const blocking: Record<string, () => unknown> = {
          sendSync: () => full.sendSync(2),
          receiveSync: () => empty.receiveSync(),
          selectSync: () => selectSync([send(full, 3), empty, unbuffered, send(unbuffered, 4)]),
        }
        for (const [name, operation] of Object.entries(blocking)) {
          const error = throws(operation, name)
          ok(error instanceof MainThreadBlockedError, `${name} threw ${show(error)}`)
          isError(error, 'ERR_MAIN_THREAD_BLOCKED', `${name}: a page's main thread must not block`)
        }
        equal([unbuffered.trySend(5), empty.trySend(6)], [false, true], 'whether somebody was left parked')
        equal([full.receiveSync(), empty.receiveSync()], [1, 6], 'what the channels hold')
        equal([full.length, empty.length], [0, 0], 'values left over')
      }
      if (lacks.threads !== undefined) return
      const [there, back] = [chan<number>(), chan<number>()]
      const doubling = go(fixtures.doubleSync, there, back)
      await there.send(21)
      equal(await back.receive(), 42)
      there.close()
      equal(await doubling, 1)
    },
  },
  {
    name: 'blocking where nobody else could ever end it is refused as a deadlock, and leaves nothing behind',
    rule: 39,
    needs: ['blocking'],
    run() {
      const channel = chan<number>()
      const words = 'all goroutines are asleep - deadlock!'
      isError(
        throws(() => channel.receiveSync(), 'receiveSync'),
        'ERR_DEADLOCK',
        words,
      )
      isError(
        throws(() => channel.sendSync(1), 'sendSync'),
        'ERR_DEADLOCK',
        words,
      )
      isError(
        throws(() => selectSync([channel, null]), 'selectSync'),
        'ERR_DEADLOCK',
        words,
      )
      equal(channel.tryReceiveOk(), undefined, 'what the sender left')
      ok(!channel.trySend(1), 'a receiver is left')
    },
  },
  {
    name: 'timers ring for a thread that blocks',
    rule: 36,
    needs: ['blocking'],
    async run() {
      const never = chan<string>()
      equal(selectSync({ never, late: after(5) }).case, 'late')
      equal(await go(fixtures.chooseSync, never, chan<string>(), 5), 'late')
      const [ctx, cancel] = withTimeout(background(), 5)
      isError(
        throws(() => never.receiveSync(ctx), 'receiveSync'),
        'ERR_DEADLINE_EXCEEDED',
        'context deadline exceeded',
      )
      cancel()
    },
  },
  {
    name: 'a blocked select takes what comes from another thread, or gives',
    rule: 22,
    needs: ['threads'],
    async run() {
      for (const capacity of [0, 1]) {
        const words = chan<string>(capacity)
        const choosing = go(fixtures.chooseSync, words, chan<string>(), 60_000)
        await words.send('word')
        equal(await choosing, 'word')
        const sink = chan<string>()
        const giving = go(fixtures.chooseSync, chan<string>(), sink, 60_000)
        equal(await sink.receive(), 'sent')
        equal(await giving, 'sent')
      }
    },
  },
  {
    name: 'close and cancel reach a thread that blocks',
    rule: 8,
    needs: ['threads'],
    async run() {
      for (const way of ['send', 'receive'] as const) {
        const blocked = new AtomicInt32(0)
        const channel = chan<number>()
        const closing = range(2).map(() => go(fixtures.failSync, way, channel, blocked))
        await eventually(() => blocked.load() === 2, 'both blocked')
        channel.close()
        for (const ended of await Promise.all(closing)) {
          equal(ended, way === 'send' ? { code: 'ERR_CHAN_CLOSED' } : { value: undefined })
        }
        const [ctx, cancel] = withCancel(background())
        const canceling = go(fixtures.failSync, way, chan<number>(), blocked, ctx)
        await eventually(() => blocked.load() === 3, 'it blocked')
        cancel()
        equal(await canceling, { code: 'ERR_CANCELED' })
      }
    },
  },
  {
    name: 'a context that is canceled while its goroutine begins to block is noticed',
    rule: 'API 2',
    needs: ['threads'],
    async run() {
      for (const way of ['send', 'receive'] as const) {
        for (const _ of range(100)) {
          const blocked = new AtomicInt32(0)
          const [ctx, cancel] = withCancel(background())
          const canceling = go(fixtures.failSync, way, chan<number>(), blocked, ctx)
          while (blocked.load() === 0) await runtime.gosched()
          cancel()
          equal(await canceling, { code: 'ERR_CANCELED' })
        }
      }
    },
  },
  {
    name: 'a thread that slept, blocked for a while and waits again is still woken',
    rule: 'API 2',
    needs: ['threads', 'blocking'],
    async run() {
      const [never, words] = [chan<string>(), chan<string>()]
      await go(nop, never, words)
      for (const _ of range(20)) {
        const giving = go(fixtures.chooseSync, never, words, 60_000)
        await sleep(3) // long enough for this thread to fall asleep, most of the time
        equal(selectSync({ never, late: after(1) }).case, 'late')
        equal(await words.receive(), 'sent')
        equal(await giving, 'sent')
      }
    },
  },
]
