import { fileURLToPath } from 'node:url'
import { Tinypool } from 'tinypool'
import type { Contestant } from '../contestant.js'
import { countPrimes } from '../measure.js'
import { bundleWays, importWay, startWay } from '../programs/starting.js'
import { taskWays } from '../programs/tasks.js'
import { versionOf } from '../programs/version.js'
import { runsTasksOnly } from '../programs/why.js'

// What its threads run: they import this file and find these by name.
export const empty = (): void => {}
export const primes = ([from, to]: [number, number]): number => countPrimes(from, to)

export const contestant: Contestant = {
  name: 'tinypool',
  version: () => versionOf('tinypool'),
  cannot: runsTasksOnly,
  ways: {
    ...taskWays(threads => {
      const filename = fileURLToPath(import.meta.url)
      const pool = new Tinypool({ filename, minThreads: threads, maxThreads: threads })
      return {
        empty: () => pool.run(undefined, { name: 'empty' }),
        primes: (from, to) => pool.run([from, to], { name: 'primes' }),
        end: () => pool.destroy(),
      }
    }),
    'start/import': importWay('tinypool'),
    'start/goroutine': startWay('tinypool'),
    'start/bundle': bundleWays({ '': 'tinypool' }),
  },
}
