import { chan, go, sharedArray, ThreadLostError } from '@millrace/core'
import { WaitGroup } from '@millrace/sync'
import { equal, isError, ok, range, rejects, staysParked, throws } from './expect.js'
import type { Law } from './law.js'
import * as fixtures from './sync-fixtures.js'

/** After Go's sync/waitgroup_test.go. */
export const waitGroupLaws: Law[] = [
  {
    name: 'a WaitGroup releases all who wait on whichever thread when nothing is to be done any more, not before, time after time',
    rule: 57,
    async run(world) {
      const group = await world.make(WaitGroup)
      for (let round = 0; round < 3; round++) {
        const N = 16
        const started = chan<unknown>(1)
        const cell = sharedArray('i32', 1)
        group.add(N)
        const waiting = range(N).map(i =>
          i % 4 === 0 ? fixtures.waitFor(group, started, cell) : go(fixtures.waitFor, group, started, cell),
        )
        for (const _ of waiting) await started.receive()
        for (let i = 0; i < N - 1; i++) await go(fixtures.countAndDone, group, cell)
        await staysParked('those who wait', ...waiting)
        equal(group.count, 1)
        await go(fixtures.countAndDone, group, cell)
        equal(await Promise.all(waiting), new Array(N).fill(N))
        equal(group.count, 0)
        await group.wait()
      }
    },
  },
  {
    name: 'wait is over when all that was counted has happened, however soon',
    rule: 46,
    timeoutMs: 30_000,
    async run(world) {
      for (let i = 0; i < 100; i++) {
        const group = await world.make(WaitGroup)
        const cell = sharedArray('i32', 1)
        const ended: Promise<void>[] = []
        for (let j = 0; j < 2; j++) {
          group.add(1)
          ended.push(go(fixtures.countAndDone, group, cell))
        }
        await group.wait()
        equal(Atomics.load(cell, 0), 2, 'what was done before the wait ended')
        await Promise.all(ended)
      }
    },
  },
  {
    name: 'a WaitGroup says so when its count would be negative, on every thread, and is as it was',
    rule: 57,
    async run(world) {
      const group = await world.make(WaitGroup)
      const words = 'sync: negative WaitGroup counter'
      isError(
        throws(() => group.done(), 'done'),
        'ERR_SYNC_MISUSE',
        `${words} (-1)`,
      )
      group.add(2)
      isError(await rejects(go(fixtures.addTo, group, -5), 'add there'), 'ERR_SYNC_MISUSE', `${words} (-3)`)
      equal(group.count, 2)
      await go(fixtures.addTo, group, -2)
      await group.wait()
    },
  },
  {
    name: 'a WaitGroup that is used again at once still releases those of another thread who waited for the count before',
    rule: 58,
    async run(world) {
      const group = await world.make(WaitGroup)
      const started = chan<unknown>(1)
      for (let round = 0; round < 20; round++) {
        group.add(1)
        const earlier = range(3).map(() => go(fixtures.waitFor, group, started))
        for (const _ of earlier) await started.receive()
        group.done()
        group.add(1)
        await Promise.all(earlier)
        const later = go(fixtures.waitFor, group, started)
        await started.receive()
        await staysParked('who came later', later, group.wait())
        group.done()
        await later
      }
    },
  },
  {
    name: 'a WaitGroup takes its waiters along when it crosses',
    rule: 'API 4',
    async run(world) {
      const group = await world.make(WaitGroup)
      group.add(2)
      const waiting = range(3).map(() => group.wait())
      await go(fixtures.addTo, group, -1)
      await staysParked('those who wait', ...waiting)
      await go(fixtures.addTo, group, -1)
      await Promise.all(waiting)
    },
  },
  {
    name: 'go counts goroutines of every sort as long as they run, whoever starts them',
    rule: 59,
    async run(world) {
      const group = await world.make(WaitGroup)
      const cell = sharedArray('i32', 1)
      group.add(1)
      const waiting = range(4).map(() => go(fixtures.goAndWait, group, cell, 6))
      group.go(fixtures.count, cell)
      group.done()
      await Promise.all(waiting)
      await group.wait()
      equal(Atomics.load(cell, 0), 25)
      equal(group.count, 0)
    },
  },
  {
    name: 'whoever gives up waiting for a WaitGroup of another thread’s rejects with the reason, and the count is as it was',
    rule: 'API 1',
    async run(world) {
      const group = await world.make(WaitGroup)
      await go(fixtures.addTo, group, 1)
      const controller = new AbortController()
      const [first, second] = [group.wait(controller), group.wait()]
      await staysParked('those who wait', first, second)
      controller.abort('enough')
      equal(await rejects(first, 'the first'), 'enough')
      equal(group.count, 1)
      await go(fixtures.addTo, group, -1)
      await second
    },
  },
  {
    name: 'what go has counted is not waited for when the thread dies that started it; what add has counted is',
    rule: 'API 8',
    needs: ['process.exit'],
    async run(world) {
      const group = await world.make(WaitGroup)
      const [started, told] = [chan<unknown>(1), chan<unknown>(1)]
      group.add(1)
      const dying = rejects(go(fixtures.goAndDie, group, 3, started, told), 'the starter')
      await started.receive()
      equal(group.count, 4)
      const elsewhere = go(fixtures.waitFor, group, started)
      await started.receive()
      const waiting = group.wait()
      told.close()
      const error = await dying
      ok(error instanceof ThreadLostError, String(error))
      equal(group.count, 1)
      await staysParked('those who wait', waiting)
      group.done()
      await waiting
      await elsewhere.catch(error => ok(error instanceof ThreadLostError, String(error)))
      equal(group.count, 0)
    },
  },
  {
    name: 'the death of the thread that started the last goroutine of a WaitGroup ends every wait',
    rule: 'API 8',
    needs: ['process.exit'],
    async run(world) {
      const group = await world.make(WaitGroup)
      const [started, told] = [chan<unknown>(1), chan<unknown>(1)]
      const dying = rejects(go(fixtures.goAndDie, group, 2, started, told), 'the starter')
      await started.receive()
      const waiting = [group.wait(), group.wait()]
      await staysParked('those who wait', ...waiting)
      told.close()
      await Promise.all([...waiting, dying])
    },
  },
  {
    name: 'a WaitGroup that is sent twice is the same object, there and here',
    rule: 'API 4',
    async run(world) {
      const group = await world.make(WaitGroup)
      ok(await go(fixtures.areSame, group, group), 'two arguments became two objects')
      equal(await go(fixtures.identity, group), group, 'what came back')
    },
  },
]
