import { background, chan, go, sharedArray, ThreadLostError, withCancelCause } from '@millrace/core'
import { equal, eventually, isError, ok, range, rejects, show, staysParked, throws, turn } from './expect.js'
import type { Law, World } from './law.js'
import * as fixtures from './lock-fixtures.js'
import { areSame, comeAsOne, identity } from './sync-fixtures.js'

/** A lock of the world, and how it is used here. */
async function lockOf(world: World, name: fixtures.WayName) {
  const way = fixtures.ways[name]
  const lock = await world.make(way.Class, 1)
  return {
    lock,
    take: (options?: Parameters<typeof way.lock>[1]) => way.lock(lock, options),
    tryTake: () => way.tryLock(lock),
    give: () => way.unlock(lock),
  }
}

/** What one at a time holds: a Mutex, an RWMutex for writing, a Semaphore of one permit. After Go's sync/mutex_test.go. */
const lawsOf = (name: fixtures.WayName): Law[] => [
  {
    name: `${name} keeps all others out of a number that nothing else protects, on whichever threads they are`,
    rule: 50,
    timeoutMs: 30_000,
    async run(world) {
      const { lock, tryTake } = await lockOf(world, name)
      const cell = sharedArray('i32', 1)
      const there = range(10).map(i => go(fixtures.hammer, lock, name, cell, 200, i))
      await Promise.all([fixtures.hammer(lock, name, cell, 200, 99), ...there])
      equal(cell[0], 11 * 200)
      ok(tryTake(), 'it is not free at last')
    },
  },
  {
    name: `${name} is had by four threads in fair shares, however much each wants it`,
    rule: 52,
    needs: ['threads'],
    timeoutMs: 30_000,
    async run(world) {
      const LEAST = 8
      const { lock } = await lockOf(world, name)
      const shares = sharedArray('i32', 5)
      await Promise.all(
        range(4).map(i =>
          i === 0
            ? fixtures.share(lock, name, shares, i, LEAST)
            : go(fixtures.share, lock, name, shares, i, LEAST),
        ),
      )
      ok(Math.max(...shares) < 40 * LEAST, `the shares were ${shares.slice(0, 4)}`)
    },
  },
  {
    name: `${name} takes its waiters along when it crosses, and whoever unlocks it where serves them in order`,
    rule: 'API 4',
    async run(world) {
      const { lock, take, give } = await lockOf(world, name)
      await take()
      const order: number[] = []
      const waiting = range(5).map(i => take().then(() => order.push(i)))
      await staysParked('those who wait', ...waiting)
      for (let i = 0; i < 5; i++) {
        await go(fixtures.unlock, lock, name)
        await waiting[i]
        await turn()
        equal(order, range(i + 1))
      }
      give()
    },
  },
  {
    name: `${name} that is held on one thread is not had on another, until it is given back`,
    rule: 54,
    async run(world) {
      const { lock, take, tryTake, give } = await lockOf(world, name)
      const [started, told] = [chan<unknown>(1), chan<unknown>(1)]
      const holding = go(fixtures.hold, lock, name, started, told, false)
      await started.receive()
      ok(!tryTake(), 'had here')
      equal(await go(fixtures.tryLock, lock, name), false, 'had there')
      const waiting = take()
      await staysParked('who waits', waiting)
      told.close()
      await Promise.all([holding, waiting])
      give()
      equal(await go(fixtures.tryLock, lock, name), true, 'had there')
      await go(fixtures.unlock, lock, name)
    },
  },
  {
    name: `${name}: whoever gives up waiting for another thread rejects with the reason, has taken nothing, and holds nobody up`,
    rule: 'API 1',
    async run(world) {
      const { lock, take, tryTake, give } = await lockOf(world, name)
      const [started, told] = [chan<unknown>(1), chan<unknown>(1)]
      const holding = go(fixtures.hold, lock, name, started, told, false)
      await started.receive()
      const controller = new AbortController()
      const reason = { why: 'enough' }
      const [first, second, third] = [take(controller), take(), take(controller)]
      const queued = go(fixtures.queue, lock, name, started)
      await started.receive()
      controller.abort(reason)
      equal(await rejects(first, 'the first'), reason)
      equal(await rejects(third, 'the third'), reason)
      equal(await rejects(take(controller), 'one that comes too late'), reason)
      await staysParked('the others', second, queued)
      told.close()
      await second
      give()
      equal(await queued, 'had it')
      await holding
      ok(tryTake(), 'it is not free at last')
    },
  },
  {
    name: `${name}: a context that is cancelled here ends a wait there`,
    rule: 'API 1',
    async run(world) {
      const { lock, take, tryTake, give } = await lockOf(world, name)
      await take()
      const [ctx, cancel] = withCancelCause(background())
      const started = chan<unknown>(1)
      const queued = range(3).map(() => go(fixtures.queue, lock, name, started, undefined, ctx))
      for (const _ of queued) await started.receive()
      cancel(new RangeError('over'))
      for (const ended of await Promise.all(queued)) equal(ended, { code: 'none', message: 'over' })
      ok(!tryTake(), 'nobody gave it back')
      give()
      ok(tryTake(), 'somebody who gave up has it')
    },
  },
  {
    name: `${name} that is unlocked and not locked says so, on every thread, and is as it was`,
    rule: 51,
    async run(world) {
      const { lock, tryTake, give } = await lockOf(world, name)
      const { misuse } = fixtures.ways[name]
      isError(throws(give, 'unlock'), 'ERR_SYNC_MISUSE', misuse)
      isError(await rejects(go(fixtures.unlock, lock, name), 'unlock there'), 'ERR_SYNC_MISUSE', misuse)
      ok(tryTake(), 'it is not free')
      give()
      isError(throws(give, 'unlock'), 'ERR_SYNC_MISUSE', misuse)
    },
  },
  {
    name: `${name} that is sent twice is the same object, there and here`,
    rule: 'API 4',
    async run(world) {
      const { lock } = await lockOf(world, name)
      ok(await go(areSame, lock, lock), 'two arguments became two objects')
      equal(await go(identity, lock), lock, 'what came back')
      const carrier = chan<unknown>()
      const coming = go(comeAsOne, carrier)
      await carrier.send(lock)
      await carrier.send({ deep: lock }.deep)
      ok(await coming, 'two messages became two objects')
    },
  },
  {
    name: `${name} whose holder dies with its thread: ${
      fixtures.ways[name].tells ? 'whoever asks next is told, once, and it is free' : 'it is free'
    }`,
    rule: 'API 8',
    needs: ['process.exit'],
    async run(world) {
      const { lock, take, tryTake, give } = await lockOf(world, name)
      for (const asks of ['lock', 'tryLock', 'waiting'] as const) {
        const [started, told] = [chan<unknown>(1), chan<unknown>(1)]
        const dying = rejects(go(fixtures.hold, lock, name, started, told, true), 'the holder')
        await started.receive()
        const waiting = asks === 'waiting' ? [take(), take()] : []
        told.close()
        const error = await (waiting.length > 0 ? undefined : dying)
        const { tells } = fixtures.ways[name]
        if (asks === 'waiting') {
          const [first, second] = waiting
          if (tells)
            isError(await rejects(first!, 'the first who waits'), 'ERR_OWNER_LOST', 'the thread that held')
          else await first!.then(give)
          await second!.then(give)
          await dying
        } else {
          ok(error instanceof ThreadLostError, show(error))
          if (tells) {
            const ask = asks === 'lock' ? take : async () => tryTake()
            isError(await rejects(ask(), asks), 'ERR_OWNER_LOST', 'the thread that held')
          }
        }
        ok(tryTake(), 'it is not free')
        give()
        equal(await go(fixtures.tryLock, lock, name), true, 'had there')
        await go(fixtures.unlock, lock, name)
      }
    },
  },
  {
    name: `${name}: whoever dies waiting is forgotten, and those behind have their turn`,
    rule: 'API 8',
    needs: ['process.exit'],
    async run(world) {
      const { lock, take, tryTake, give } = await lockOf(world, name)
      await take()
      const [started, told] = [chan<unknown>(1), chan<unknown>(1)]
      const dying = rejects(go(fixtures.queue, lock, name, started, told), 'who waits')
      await started.receive()
      const behind = take()
      told.close()
      await dying
      await staysParked('who waits behind', behind)
      give()
      await behind
      give()
      ok(tryTake(), 'it is not free')
    },
  },
  {
    name: `${name} is had by another although a goroutine of a busy thread wants it all the time`,
    rule: 53,
    needs: ['threads'],
    async run(world) {
      const { lock, take, give } = await lockOf(world, name)
      const shares = sharedArray('i32', 3)
      const busy = go(fixtures.share, lock, name, shares, 1, 10)
      Atomics.add(shares, 2, 1)
      await eventually(() => Atomics.load(shares, 1) > 0, 'its first turn')
      for (let i = 0; i < 10; i++) {
        await take()
        shares[0]!++
        give()
      }
      await busy
    },
  },
]

export const lockLaws: Law[] = (Object.keys(fixtures.ways) as fixtures.WayName[]).flatMap(lawsOf)
