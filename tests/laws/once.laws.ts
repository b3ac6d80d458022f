import { chan, go, sharedArray } from '@millrace/core'
import { Once } from '@millrace/sync'
import { equal, isError, ok, range, rejects, staysParked } from './expect.js'
import type { Law } from './law.js'
import * as fixtures from './sync-fixtures.js'

/** After Go's sync/once_test.go. */
export const onceLaws: Law[] = [
  {
    name: 'of all who would do it, on whichever threads, one does, and nobody goes on before it is done',
    rule: 60,
    async run(world) {
      for (let round = 0; round < 10; round++) {
        const once = await world.make(Once)
        const cell = sharedArray('i32', 1)
        const found = await Promise.all([
          ...range(10).map(() => go(fixtures.doOnce, once, cell)),
          fixtures.doOnce(once, cell),
        ])
        equal(found, new Array(11).fill(1))
        ok(once.done, 'it is not done')
      }
    },
  },
  {
    name: 'an error reaches the one who does it alone; the others, wherever they are, find it done',
    rule: 60,
    async run(world) {
      const once = await world.make(Once)
      const [started, told] = [chan<unknown>(1), chan<unknown>(1)]
      const first = rejects(go(fixtures.doUntil, once, started, told, false), 'the first')
      await started.receive()
      const others = [
        fixtures.waitForOnce(once, started),
        ...range(3).map(() => go(fixtures.waitForOnce, once, started)),
      ]
      for (const _ of others) await started.receive()
      ok(!once.done, 'it is done')
      await staysParked('the others', ...others)
      told.close()
      const error = (await first) as Error
      equal([error.name, error.message], ['RangeError', 'inside'])
      equal(await Promise.all(others), [false, false, false, false])
      ok(once.done, 'it is not done')
      await once.do(() => {
        throw new Error('must not be called')
      })
    },
  },
  {
    name: 'whoever gives up waiting for another thread to do it rejects with the reason',
    rule: 'API 1',
    async run(world) {
      const once = await world.make(Once)
      const [started, told] = [chan<unknown>(1), chan<unknown>(1)]
      const first = rejects(go(fixtures.doUntil, once, started, told, false), 'the first')
      await started.receive()
      const controller = new AbortController()
      const [second, third] = [once.do(() => {}, controller), once.do(() => {})]
      await staysParked('the others', second, third)
      controller.abort('enough')
      equal(await rejects(second, 'the second'), 'enough')
      told.close()
      await Promise.all([first, third])
    },
  },
  {
    name: 'a Once takes those who wait along when it crosses',
    rule: 'API 4',
    async run(world) {
      const once = await world.make(Once)
      const gate = chan<unknown>()
      const doing = once.do(() => gate.receive())
      const waiting = range(3).map(() => once.do(() => {}))
      const started = chan<unknown>(1)
      const there = go(fixtures.waitForOnce, once, started)
      await started.receive()
      await staysParked('all', doing, there, ...waiting)
      gate.close()
      await Promise.all([doing, ...waiting])
      equal(await there, false)
    },
  },
  {
    name: 'when the thread dies that does it whoever waits longest is told, and one of the others does it',
    rule: 'API 8',
    needs: ['process.exit'],
    async run(world) {
      const once = await world.make(Once)
      const [started, told] = [chan<unknown>(1), chan<unknown>(1)]
      const dying = rejects(go(fixtures.doUntil, once, started, told, true), 'the first')
      await started.receive()
      let runs = 0
      const others = range(4).map(() => once.do(() => runs++))
      await staysParked('the others', ...others)
      told.close()
      isError(await rejects(others[0]!, 'the one who waits longest'), 'ERR_OWNER_LOST', 'the thread that ran')
      await Promise.all([dying, ...others.slice(1)])
      equal(runs, 1)
      ok(once.done, 'it is not done')
    },
  },
  {
    name: 'when the thread has died that did it the next who comes is told, and it is unused again',
    rule: 'API 8',
    needs: ['process.exit'],
    async run(world) {
      const once = await world.make(Once)
      const [started, told] = [chan<unknown>(1), chan<unknown>(1)]
      const dying = rejects(go(fixtures.doUntil, once, started, told, true), 'the first')
      await started.receive()
      told.close()
      await dying
      ok(!once.done, 'it is done')
      let runs = 0
      const lost = await rejects(
        once.do(() => runs++),
        'the next',
      )
      isError(lost, 'ERR_OWNER_LOST', 'the thread that ran')
      equal(runs, 0)
      const cell = sharedArray('i32', 1)
      equal(await go(fixtures.doOnce, once, cell), 1)
      ok(once.done, 'it is not done')
    },
  },
  {
    name: 'a Once that was done on another thread is done here, and is the same object however often it is sent',
    rule: 'API 4',
    async run() {
      const once = await go(fixtures.doneThere)
      ok(once.done, 'it is not done')
      await once.do(() => {
        throw new Error('must not be called')
      })
      ok(await go(fixtures.areSame, once, once), 'two arguments became two objects')
      equal(await go(fixtures.identity, once), once, 'what came back')
    },
  },
]
