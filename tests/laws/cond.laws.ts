import {
  AtomicBool,
  background,
  chan,
  go,
  sharedArray,
  ThreadLostError,
  withCancelCause,
} from '@millrace/core'
import { Cond, type Locker, Mutex, OwnerLostError } from '@millrace/sync'
import * as fixtures from './cond-fixtures.js'
import { equal, isError, ok, range, rejects, show, staysParked } from './expect.js'
import type { Law, World } from './law.js'
import { hold } from './lock-fixtures.js'
import { areSame, comeAsOne, identity } from './sync-fixtures.js'

/** A Cond of the world, and goroutines that wait for it on other threads. */
async function scene({ make }: World) {
  const mutex = await make(Mutex)
  const cond = await make(Cond, mutex as Locker)
  const [started, woken] = [chan<unknown>(1), chan<number>(100)]
  /** Begins to wait on another thread; answers once it does: whoever says so holds the lock until then. */
  const begin = async (name: number): Promise<{ over: Promise<void> }> => {
    const over = go(fixtures.awaitSignal, cond, name, started, woken)
    await started.receive()
    await mutex.withLock(() => {})
    return { over }
  }
  return { mutex, cond, started, woken, begin }
}

/** Rules 47 and 62, over threads. After Go's sync/cond_test.go. */
export const condLaws: Law[] = [
  {
    name: 'each signal wakes one of those who wait on any threads, and no more',
    rule: 62,
    async run(world) {
      const { cond, woken, begin } = await scene(world)
      const waiting: { over: Promise<void> }[] = []
      for (const i of range(8)) waiting.push(await begin(i))
      const names: number[] = []
      for (const i of range(8)) {
        if (i % 2 === 0) cond.signal()
        else await go(fixtures.signal, cond, 1)
        names.push((await woken.receive())!)
        await go(identity, undefined)
        equal(woken.length, 0, 'how many more woke')
      }
      equal(names.sort(), range(8))
      await Promise.all(waiting.map(({ over }) => over))
    },
  },
  {
    name: 'a signal wakes who waited before it, however many come to wait after it on other threads',
    rule: 62,
    async run(world) {
      const { cond, woken, begin } = await scene(world)
      const waiting: { over: Promise<void> }[] = [await begin(0)]
      for (const i of range(40)) {
        cond.signal()
        waiting.push(await begin(i + 1))
        equal(await woken.receive(), i)
      }
      cond.signal()
      await Promise.all(waiting.map(({ over }) => over))
    },
  },
  {
    name: 'a broadcast, from whichever thread, wakes all who wait on any, and nobody who comes later',
    rule: 62,
    async run(world) {
      const { cond, woken, begin } = await scene(world)
      for (const round of range(3)) {
        const waiting: { over: Promise<void> }[] = []
        for (const i of range(9)) waiting.push(await begin(i))
        if (round === 1) cond.broadcast()
        else await go(fixtures.broadcast, cond)
        const late = await begin(99)
        await Promise.all(waiting.map(({ over }) => over))
        equal((await woken.receiveMany(10)).sort(), range(9))
        await staysParked('who came later', late.over)
        cond.signal()
        await late.over
        equal(await woken.receive(), 99)
      }
    },
  },
  {
    name: 'signals that nobody waits for are lost, on every thread',
    rule: 62,
    async run(world) {
      const { cond, woken, begin } = await scene(world)
      cond.signal()
      cond.broadcast()
      await go(fixtures.signal, cond, 3)
      await go(fixtures.broadcast, cond)
      const { over } = await begin(1)
      await go(identity, undefined)
      await staysParked('who waits', over)
      equal(woken.length, 0)
      await go(fixtures.signal, cond, 1)
      await over
    },
  },
  {
    name: 'a Cond takes its waiters along when it crosses while they wait',
    rule: 'API 4',
    async run(world) {
      const { mutex, cond } = await scene(world)
      const order: number[] = []
      const waiting = range(3).map(async i => {
        await mutex.lock()
        await cond.wait()
        order.push(i)
        mutex.unlock()
      })
      await staysParked('those who wait', ...waiting)
      await go(fixtures.signal, cond, 1)
      await waiting[0]
      await go(fixtures.broadcast, cond)
      await Promise.all(waiting)
      equal(order, range(3))
    },
  },
  {
    name: 'producers and consumers on several threads hand over each value once',
    rule: 47,
    timeoutMs: 30_000,
    async run({ make }) {
      const EACH = 300
      const mutex = (await make(Mutex)) as Locker
      const conds: [Cond, Cond] = [await make(Cond, mutex), await make(Cond, mutex)]
      const buffer = sharedArray('i32', fixtures.BUFFER)
      const goroutines = range(4).flatMap(i => [
        go(fixtures.produce, conds, buffer, i * EACH, EACH),
        go(fixtures.consume, conds, buffer, 4 * EACH),
      ])
      await Promise.all(goroutines)
      equal(buffer[fixtures.TAKEN], 4 * EACH)
      equal(buffer[fixtures.SUM], (4 * EACH * (4 * EACH - 1)) / 2)
    },
  },
  {
    name: 'a wait that is cancelled from another thread has the lock again, and took no signal from the others',
    rule: 'API 1',
    async run(world) {
      const { mutex, cond, started, begin } = await scene(world)
      const [ctx, cancel] = withCancelCause(background())
      const quitting = go(fixtures.awaitUntil, cond, started, ctx)
      await started.receive()
      await mutex.lock()
      const reason = new RangeError('enough')
      cancel(reason)
      await go(identity, undefined)
      await staysParked('who has not the lock again', quitting)
      mutex.unlock()
      const { end, locked } = await quitting
      equal([end instanceof RangeError, (end as Error).message, locked], [true, 'enough', true])
      const { over } = await begin(1)
      cond.signal()
      await over
      equal(
        await go(fixtures.awaitUntilCanceled, cond, ctx),
        [true, true],
        'too late: rejected, and the lock held',
      )
    },
  },
  {
    name: 'a thread that dies while it waits takes no signal from the others, also one that it was given and did not hear of',
    rule: 'API 8',
    needs: ['threads', 'process.exit'],
    async run(world) {
      const { mutex, cond, started, begin } = await scene(world)
      for (const hadIt of [false, true]) {
        const told = new AtomicBool()
        const dying = go(fixtures.awaitAndDie, cond, started, told)
        await started.receive()
        const [first, second] = [await begin(1), await begin(2)]
        // The first signal is for the thread that hears of nothing any more.
        if (hadIt) cond.signal()
        told.store(true)
        ok((await rejects(dying, 'the dying')) instanceof ThreadLostError, 'no ThreadLostError')
        if (!hadIt) cond.signal()
        const both = [first.over, second.over]
        const woken = await Promise.race(both.map(async (over, i) => over.then(() => i)))
        await staysParked('the other', both[1 - woken]!)
        cond.signal()
        await Promise.all(both)
      }
      ok(mutex.tryLock(), 'the lock is not free')
    },
  },
  {
    name: 'who is told that the lock’s owner has died while it takes the lock again holds it all the same',
    rule: 'API 8',
    needs: ['threads', 'process.exit'],
    async run(world) {
      const { mutex, cond } = await scene(world)
      const [started, told] = [chan<unknown>(1), chan<unknown>(1)]
      await mutex.lock()
      const waiting = cond.wait()
      const dying = go(hold, mutex, 'a Mutex', started, told, true)
      await started.receive()
      cond.signal()
      await staysParked('who has not the lock again', waiting)
      told.close()
      ok((await rejects(dying, 'the dying')) instanceof ThreadLostError, 'no ThreadLostError')
      ok((await rejects(waiting, 'the wait')) instanceof OwnerLostError, 'no OwnerLostError')
      ok(mutex.locked, 'it does not hold the lock')
      mutex.unlock()
    },
  },
  {
    name: 'to wait with a lock that nobody holds is an error on every thread, and takes no signal from those who wait',
    rule: 62,
    async run(world) {
      const { cond, begin } = await scene(world)
      const { over } = await begin(1)
      const there = await rejects(go(fixtures.awaitUnlocked, cond), 'a wait without the lock')
      isError(there, 'ERR_SYNC_MISUSE', 'sync: unlock of unlocked mutex')
      isError(await rejects(cond.wait(), 'here'), 'ERR_SYNC_MISUSE', 'sync: unlock of unlocked mutex')
      cond.signal()
      await over
    },
  },
  {
    name: 'a Cond is one thing on each thread, and its locker the lock that is known there',
    rule: 'API 4',
    async run(world) {
      const { mutex, cond } = await scene(world)
      ok((await go(identity, cond)) === cond, 'what comes back is another')
      ok(await go(areSame, cond, cond), 'two of one message')
      ok(await go(fixtures.hasLocker, cond, mutex), 'the locker is another')
      const carrier = chan<unknown>(2)
      const compared = go(comeAsOne, carrier)
      await carrier.send(cond)
      await carrier.send({ cond }.cond)
      ok(await compared, 'two of two messages')
    },
  },
  {
    name: 'a Cond whose lock stays on its thread is refused by the lock’s path',
    rule: 'API 5',
    needs: ['threads'],
    async run() {
      class OwnLock {
        async lock() {}
        unlock() {}
      }
      const error = (await rejects(
        go(identity, { jobs: [new Cond(new OwnLock())] }),
        'the crossing',
      )) as Error
      isError(error, 'ERR_DATA_CLONE', 'args[0].jobs[0].locker could not be cloned')
      equal((error as Error & { path: string }).path, 'args[0].jobs[0].locker', show(error))
    },
  },
]
