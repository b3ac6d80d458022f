import { AtomicBool, chan, go, runtime, ThreadLostError } from '@millrace/core'
import { Counted } from './counted-signal.js'
import { equal, eventually, ok, range, rejects, show, throws, turn } from './expect.js'
import type { Law } from './law.js'
import * as fixtures from './parallel-fixtures.js'
import * as threadFixtures from './thread-fixtures.js'

/** Starts goroutines until some ran elsewhere than the others: threads take a while to start. */
async function onSeveralThreads(): Promise<void> {
  while (new Set(await Promise.all(range(12).map(() => go(fixtures.spin, 5)))).size === 1);
}

/** Rules 7 and 8 of the API: threads come, go and die. */
export const threadLaws: Law[] = [
  {
    name: 'a thread that ends takes its own goroutines with it; the others go on, and a new thread takes over',
    rule: 'API 8',
    needs: ['process.exit'],
    async run() {
      const before = runtime.stats().threads
      const [started, gate, told] = [chan<string>(1), chan<unknown>(1), chan<unknown>(1)]
      const waiting = range(24).map(() => go(fixtures.waitWhenStarted, started, gate))
      const names = await Promise.all(range(24).map(() => started.receive()))
      const dying = go(threadFixtures.exitWhenTold, started, told)
      const doomed = (await started.receive())!
      const outcomes = Promise.allSettled(waiting)
      told.close()
      const error = await rejects(dying, 'the goroutine whose thread ended')
      ok(error instanceof ThreadLostError, `${show(error)} is not a ThreadLostError`)
      equal(error.code, 'ERR_THREAD_LOST')
      equal((error.cause as Error).message, 'the thread ended with exit code 0')
      const lost = names.filter(name => name === doomed).length
      await turn()
      gate.close()
      for (const outcome of await outcomes) {
        if (outcome.status === 'fulfilled')
          ok(outcome.value !== doomed, 'a goroutine of the dead thread ended well')
        else ok(outcome.reason instanceof ThreadLostError, show(outcome.reason))
      }
      equal((await outcomes).filter(({ status }) => status === 'rejected').length, lost, 'goroutines lost')
      equal(runtime.stats().threads.lost, before.lost + 1)
      await eventually(() => runtime.stats().threads.running >= before.running, 'a new thread')
      equal(
        await Promise.all(range(50).map(i => go(fixtures.add, i, i))),
        range(50).map(i => 2 * i),
      )
    },
  },
  {
    name: 'goroutines that all end their thread, before it has loaded their module, are all lost, and the next runs',
    rule: 'API 8',
    needs: ['process.exit'],
    async run() {
      const before = runtime.gomaxprocs(1)
      try {
        await rejects(go(threadFixtures.exit, 0), 'the first') // the thread that comes after it has loaded nothing
        await eventually(() => runtime.stats().threads.running <= 1, 'one thread')
        for (const error of await Promise.all(
          range(3).map(i => rejects(go(threadFixtures.exit, 0), `goroutine ${i}, which ended its thread,`)),
        )) {
          ok(error instanceof ThreadLostError, show(error))
        }
        equal(await go(fixtures.add, 1, 1), 2)
      } finally {
        runtime.gomaxprocs(before)
      }
    },
  },
  {
    name: 'threads that end one after the other never stop the pool',
    rule: 'API 8',
    needs: ['process.exit'],
    async run() {
      const { lost } = runtime.stats().threads
      for (let i = 0; i < 8; i++) {
        const [error, sum] = await Promise.all([
          rejects(go(threadFixtures.exit, i % 2), 'exit'),
          go(threadFixtures.nap, 1).catch(e => e),
        ])
        ok(error instanceof ThreadLostError, show(error))
        ok(typeof sum === 'string' || sum instanceof ThreadLostError, show(sum))
      }
      equal(runtime.stats().threads.lost, lost + 8)
      equal(await go(fixtures.add, 1, 2), 3)
    },
  },
  {
    name: 'what a thread that dies had sent is received, and what it waited for is free',
    rule: 107,
    needs: ['process.exit'],
    async run() {
      const [started, told, values] = [chan<string>(1), chan<unknown>(1), chan<number>(100)]
      const dying = rejects(go(threadFixtures.exitWhenTold, started, told), 'exit')
      await started.receive()
      await go(fixtures.produce, values, 0, 50)
      await told.send('die')
      await dying
      equal(told.length, 0)
      ok(told.trySend('for nobody'), 'no room')
      await turn()
      equal(told.length, 1, 'the dead goroutine received')
      values.close()
      equal(await go(fixtures.consume, values), range(50))
    },
  },
  {
    name: 'an exception that nobody catches ends its thread, and says so as the cause',
    rule: 33,
    needs: ['threads'],
    async run() {
      const error = await rejects(go(threadFixtures.failInTimer), 'the goroutine')
      ok(error instanceof ThreadLostError, `${show(error)} is not a ThreadLostError`)
      ok(
        error.cause instanceof Error && error.cause.message.includes('from a timer'),
        `the cause: ${show(error.cause)}`,
      )
      equal(await go(fixtures.add, 1, 2), 3)
    },
  },
  {
    name: 'each goroutine is told what its own thread died of, though several die at once',
    rule: 33,
    needs: ['process.exit'],
    async run() {
      await onSeveralThreads()
      const [codes, told] = [chan<[number, number]>(), chan<never>()]
      const dying = range(24).map(i => rejects(go(threadFixtures.exitWithOwnCode, i, codes, told), `${i}`))
      const code: number[] = []
      for (const _ of dying) {
        const [index, its] = (await codes.receive())!
        code[index] = its
      }
      told.close()
      const causes = (await Promise.all(dying)).map(error => ((error as Error).cause as Error).message)
      equal(
        causes,
        code.map(its => `the thread ended with exit code ${its}`),
      )
    },
  },
  {
    name: 'fewer threads: those that are too many take nothing new, finish what they run, and end; more threads start with the work',
    rule: 'API 3',
    needs: ['threads'],
    async run() {
      const before = runtime.gomaxprocs(4)
      const { lost } = runtime.stats().threads
      await onSeveralThreads()
      const [started, gate] = [chan<string>(1), chan<unknown>(1)]
      const waiting = range(16).map(() => go(fixtures.waitWhenStarted, started, gate))
      const names = await Promise.all(range(16).map(() => started.receive()))
      equal(runtime.gomaxprocs(1), 4)
      gate.close()
      equal((await Promise.all(waiting)).toSorted(), names.toSorted(), 'where goroutines ended')
      await eventually(() => runtime.stats().threads.running === 1, 'the end of three threads')
      equal(new Set(await Promise.all(range(20).map(() => go(fixtures.spin, 1)))).size, 1, 'threads')
      runtime.gomaxprocs(3)
      await onSeveralThreads()
      equal(runtime.stats().threads.lost, lost, 'threads lost')
      runtime.gomaxprocs(before)
    },
  },
  {
    name: 'a thread that is to end hands on what it has not started, and waits for what it has',
    rule: 'API 3',
    needs: ['threads'],
    async run() {
      const before = runtime.gomaxprocs(2)
      const [started, told] = [chan<string>(1), chan<unknown>(1)]
      const spreading = range(4).map(() => go(threadFixtures.spreadWhenTold, started, told, 10))
      for (let i = 0; i < 4; i++) await started.receive()
      runtime.gomaxprocs(1)
      told.close()
      for (const names of await Promise.all(spreading)) equal(names.length, 10)
      await eventually(() => runtime.stats().threads.running === 1, 'the end of a thread')
      runtime.gomaxprocs(before)
    },
  },
  {
    name: 'more threads at once: work that waits for one is started there',
    rule: 'API 3',
    needs: ['threads'],
    async run() {
      const before = runtime.gomaxprocs(1)
      await eventually(() => runtime.stats().threads.running <= 1, 'the end of all threads but one')
      const [started, told] = [chan<string>(2), new AtomicBool()]
      const running = range(2).map(() => go(threadFixtures.spinUntilTold, started, told))
      try {
        const first = await started.receive()
        runtime.gomaxprocs(3)
        ok((await started.receive()) !== first, 'one thread runs both at once')
      } finally {
        told.store(true)
      }
      await Promise.all(running)
      runtime.gomaxprocs(before)
    },
  },
  {
    name: 'a thread that stands still has its unstarted goroutines taken over, by another thread if need be, which ends afterwards',
    rule: 'API 3',
    needs: ['threads'],
    async run() {
      const before = runtime.gomaxprocs(1)
      await eventually(() => runtime.stats().threads.running <= 1, 'the end of all threads but one')
      for (let round = 0; round < 3; round++) {
        const { ended, here, other } = await go(threadFixtures.standStill, 8000)
        ok(ended !== 'timed-out', 'nobody took over')
        ok(here !== other, 'one thread did both')
      }
      await eventually(() => runtime.stats().threads.running === 1, 'the end of the thread that took over')
      equal(new Set(await Promise.all(range(20).map(() => go(fixtures.spin, 1)))).size, 1, 'threads')
      runtime.gomaxprocs(before)
    },
  },
  {
    name: 'memory cannot be configured any more once it is in use',
    rule: 'API 3',
    needs: ['threads'],
    async run() {
      await go(fixtures.nop)
      const error = throws(() => runtime.configure({ memory: { maximum: 2 ** 24 } }), 'configure')
      ok(error instanceof Error && error.message.includes('before first use'), show(error))
    },
  },
  {
    name: 'the mode cannot be changed any more once it is in use, and asking for the one there is changes nothing',
    rule: 'API 9',
    async run() {
      await go(fixtures.nop)
      const { mode } = runtime.stats()
      const other = mode === 'threads' ? 'single-thread' : 'threads'
      const error = throws(() => runtime.configure({ mode: other }), 'configure')
      ok(
        error instanceof Error && /before first use|there can be no threads/.test(error.message),
        show(error),
      )
      runtime.configure({ mode })
      equal(runtime.stats().mode, mode)
    },
  },
  {
    name: 'shutdown ends all threads at once, and the next goroutine starts the pool again',
    rule: 'API 7',
    needs: ['threads'],
    async run() {
      const [started, gate] = [chan<string>(1), chan<unknown>(1)]
      const waiting = range(3).map(() => rejects(go(fixtures.waitWhenStarted, started, gate), 'a goroutine'))
      for (let i = 0; i < 3; i++) await started.receive()
      const { lost } = runtime.stats().threads
      await runtime.shutdown()
      for (const error of await Promise.all(waiting)) ok(error instanceof ThreadLostError, show(error))
      await eventually(() => runtime.stats().threads.running === 0, 'the end of all threads')
      equal(runtime.stats().threads.lost, lost, 'threads lost')
      equal(await go(fixtures.add, 1, 2), 3)
      await runtime.shutdown()
      await runtime.shutdown()
      equal(await go(fixtures.add, 2, 2), 4)
    },
  },
  {
    name: 'shutdown, given a signal that is aborted already, ends nothing; on a thread of the pool it is refused',
    rule: 'API 1',
    needs: ['threads'],
    async run() {
      const [started, gate] = [chan<string>(1), chan<unknown>(1)]
      const waiting = go(fixtures.waitWhenStarted, started, gate)
      await started.receive()
      equal(await rejects(runtime.shutdown({ signal: AbortSignal.abort('no') }), 'shutdown'), 'no')
      const refused = (await rejects(go(fixtures.shutDown), 'shutdown on a thread of the pool')) as Error
      ok(refused.message.includes('only the main thread'), show(refused))
      await gate.send('go on')
      await waiting
      const signal = new Counted()
      await runtime.shutdown(signal.options)
      equal(signal.now, 0, 'listeners')
      equal(await go(fixtures.add, 2, 2), 4)
    },
  },
]
