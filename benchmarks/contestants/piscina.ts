import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import type { Contestant } from '../contestant.js'
import { countPrimes } from '../measure.js'
import { bundleWays, importWay, startWay } from '../programs/starting.js'
import { taskWays } from '../programs/tasks.js'
import { runsTasksOnly } from '../programs/why.js'

// What its threads run: they import this file and find these by name.
export const empty = (): void => {}
export const primes = ([from, to]: [number, number]): number => countPrimes(from, to)

export const contestant: Contestant = {
  name: 'piscina',
  version: () => Piscina.version,
  cannot: runsTasksOnly,
  ways: {
    ...taskWays(threads => {
      const filename = fileURLToPath(import.meta.url)
      const pool = new Piscina({ filename, minThreads: threads, maxThreads: threads })
      return {
        empty: () => pool.run(undefined, { name: 'empty' }),
        primes: (from, to) => pool.run([from, to], { name: 'primes' }),
        end: () => pool.destroy(),
      }
    }),
    'start/import': importWay('piscina'),
    'start/goroutine': startWay('piscina'),
    'start/bundle': bundleWays({ '': 'piscina' }),
  },
}
