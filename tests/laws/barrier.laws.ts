import { background, chan, go, sharedArray, ThreadLostError, withCancelCause } from '@millrace/core'
import { Barrier, BrokenBarrierError } from '@millrace/sync'
import * as fixtures from './barrier-fixtures.js'
import { equal, eventually, ok, range, rejects, staysParked } from './expect.js'
import type { Law, World } from './law.js'
import { areSame, comeAsOne, identity } from './sync-fixtures.js'

const BROKEN = 'ERR_BARRIER_BROKEN'

/** A barrier of the world, and parties that arrive at it on other threads. */
async function scene({ make }: World, parties: number) {
  const barrier = await make(Barrier, parties)
  const started = chan<unknown>(1)
  /** Arrives on another thread; answers once it has. */
  const arrive = async (ctx?: ReturnType<typeof withCancelCause>[0]) => {
    const end = go(fixtures.arrive, barrier, started, ctx)
    await started.receive()
    return { end }
  }
  const arriveHere = () => {
    const end = barrier.wait()
    end.catch(() => {}) // it may reject before anybody asks
    return end
  }
  return { barrier, started, arrive, arriveHere }
}

/** What a barrier is, over threads. */
export const barrierLaws: Law[] = [
  {
    name: 'parties on several threads go through a barrier in step, and each round gives every index once',
    rule: 'API 4',
    timeoutMs: 30_000,
    async run({ make }) {
      const [PARTIES, ROUNDS] = [8, 60]
      const barrier = await make(Barrier, PARTIES)
      const rounds = sharedArray('i32', PARTIES)
      const marching = range(PARTIES - 1).map(me => go(fixtures.march, barrier, rounds, me, ROUNDS))
      const all = await Promise.all([fixtures.march(barrier, rounds, PARTIES - 1, ROUNDS), ...marching])
      for (const round of range(ROUNDS)) {
        equal(
          all.map(indexes => indexes[round]!).sort((a, b) => a - b),
          range(PARTIES),
          `the indexes of round ${round}`,
        )
      }
      equal(barrier.waiting, 0)
    },
  },
  {
    name: 'nobody passes a barrier before the last has come, on whichever thread; the index is the order of arrival',
    rule: 'API 4',
    async run(world) {
      const { barrier, arrive } = await scene(world, 4)
      const first = await arrive()
      const second = barrier.wait()
      const third = await arrive()
      equal(barrier.waiting, 3)
      await staysParked('those who wait', first.end, second, third.end)
      const last = await arrive()
      equal(await Promise.all([first.end, second, third.end, last.end]), [0, 1, 2, 3])
      equal(barrier.waiting, 0)
    },
  },
  {
    name: 'a barrier takes its waiters along when it crosses while they wait',
    rule: 'API 4',
    async run(world) {
      const { barrier, arrive } = await scene(world, 4)
      const waiting = [barrier.wait(), barrier.wait()]
      await staysParked('those who wait', ...waiting)
      const [third, last] = [await arrive(), await arrive()]
      equal(await Promise.all([...waiting, third.end, last.end]), range(4))
    },
  },
  {
    name: 'whoever gives up on one thread breaks the barrier for all, until it is reset on another',
    rule: 'API 1',
    async run(world) {
      const { barrier, arrive, arriveHere } = await scene(world, 4)
      const [ctx, cancel] = withCancelCause(background())
      const [here, there] = [arriveHere(), await arrive()]
      const quitter = await arrive(ctx)
      cancel(new Error('enough'))
      equal(await quitter.end, 'enough')
      ok((await rejects(here, 'who waits here')) instanceof BrokenBarrierError, 'no BrokenBarrierError')
      equal(await there.end, BROKEN)
      equal([barrier.broken, await go(fixtures.isBroken, barrier), barrier.waiting], [true, true, 0])
      equal(await (await arrive()).end, BROKEN, 'whoever comes later')
      await go(fixtures.reset, barrier)
      equal(barrier.broken, false)
      const ends = [await arrive(), await arrive(), await arrive()].map(({ end }) => end)
      equal([...(await Promise.all([barrier.wait(), ...ends]))].sort(), range(4))
    },
  },
  {
    name: 'a wait that was cancelled before it began arrives nowhere and breaks nothing',
    rule: 'API 1',
    async run(world) {
      const { barrier, arrive } = await scene(world, 2)
      const [ctx, cancel] = withCancelCause(background())
      cancel(new Error('enough'))
      equal(await (await arrive(ctx)).end, 'enough')
      equal([barrier.broken, barrier.waiting], [false, 0])
      const other = await arrive()
      equal(await barrier.wait(), 1)
      equal(await other.end, 0)
    },
  },
  {
    name: 'a reset turns away those who wait on every thread, and the barrier is whole',
    rule: 'API 4',
    async run(world) {
      const { barrier, arrive, arriveHere } = await scene(world, 4)
      const there = [await arrive(), await arrive()]
      const here = arriveHere()
      await go(fixtures.reset, barrier)
      equal(await Promise.all(there.map(({ end }) => end)), [BROKEN, BROKEN])
      ok((await rejects(here, 'who waits here')) instanceof BrokenBarrierError, 'no BrokenBarrierError')
      equal([barrier.broken, barrier.waiting], [false, 0])
    },
  },
  {
    name: 'a thread that dies while one of its goroutines waits breaks the barrier for the others',
    rule: 'API 8',
    needs: ['threads', 'process.exit'],
    async run(world) {
      const { barrier, started, arrive, arriveHere } = await scene(world, 4)
      const told = chan<unknown>(1)
      const dying = go(fixtures.arriveAndDie, barrier, started, told)
      await started.receive()
      const [here, there] = [arriveHere(), await arrive()]
      await staysParked('those who wait', here, there.end)
      told.close()
      ok((await rejects(dying, 'the dying')) instanceof ThreadLostError, 'no ThreadLostError')
      ok((await rejects(here, 'who waits here')) instanceof BrokenBarrierError, 'no BrokenBarrierError')
      equal(await there.end, BROKEN)
      await eventually(() => barrier.broken && barrier.waiting === 0, 'the end of the round')
      barrier.reset()
      const ends = [await arrive(), await arrive(), await arrive()].map(({ end }) => end)
      equal([...(await Promise.all([barrier.wait(), ...ends]))].sort(), range(4))
    },
  },
  {
    name: 'a barrier is one thing on each thread',
    rule: 'API 4',
    async run({ make }) {
      const barrier = await make(Barrier, 2)
      ok((await go(identity, barrier)) === barrier, 'what comes back is another')
      ok(await go(areSame, barrier, barrier), 'two of one message')
      const carrier = chan<unknown>(2)
      const compared = go(comeAsOne, carrier)
      await carrier.send(barrier)
      await carrier.send(barrier)
      ok(await compared, 'two of two messages')
    },
  },
]
