import { chan, go, sharedArray } from '@millrace/core'
import { equal, ok, range } from './expect.js'
import type { Law } from './law.js'
import * as fixtures from './lock-sync-fixtures.js'

/** Blocking a thread for a lock that other goroutines of it wait for, or hold: they stand still with it. */
const lawsOf = (name: string, Class: new () => fixtures.Lock): Law[] => [
  {
    name: `${name} is had by a goroutine that blocks its thread, although another of that thread has waited for longer`,
    rule: 'API 2',
    needs: ['threads'],
    async run(world) {
      const lock = await world.make(Class)
      const blocks = chan<unknown>(1)
      const cell = sharedArray('i32', 1)
      for (let round = 1; round <= 30; round++) {
        await lock.lock()
        const blocked = go(fixtures.waitAndBlock, lock, 3, cell, blocks)
        await blocks.receive()
        lock.unlock()
        await blocked
        equal(cell[0], 4 * round)
      }
      ok(lock.tryLock(), 'it is not free at last')
    },
  },
  {
    name: `${name}: goroutines that block their threads for it, and one elsewhere that awaits it, all have it as often as they want`,
    rule: 'API 2',
    needs: ['threads'],
    timeoutMs: 30_000,
    async run(world) {
      const lock = await world.make(Class)
      const cell = sharedArray('i32', 1)
      const there = range(4).map(() => go(fixtures.hammerSync, lock, cell, 1000))
      await Promise.all([fixtures.hammer(lock, cell, 1000), ...there])
      equal(cell[0], 5 * 1000)
      ok(lock.tryLock(), 'it is not free at last')
    },
  },
  {
    name: `${name}: to block a thread for what a goroutine of it holds is refused as a deadlock`,
    rule: 'API 2',
    needs: ['threads'],
    async run(world) {
      const lock = await world.make(Class)
      equal(await go(fixtures.blockOnOneself, lock), 'ERR_DEADLOCK')
      ok(lock.tryLock(), 'it is not free at last')
    },
  },
]

export const lockSyncLaws: Law[] = Object.entries(fixtures.locks).flatMap(([name, Class]) =>
  lawsOf(name, Class),
)
