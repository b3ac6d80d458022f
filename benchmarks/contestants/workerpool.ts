import { fileURLToPath } from 'node:url'
import { isMainThread, workerData } from 'node:worker_threads'
import workerpool from 'workerpool'
import type { Contestant } from '../contestant.js'
import { countPrimes } from '../measure.js'
import { bundleWays, importWay, startWay } from '../programs/starting.js'
import { taskWays } from '../programs/tasks.js'
import { versionOf } from '../programs/version.js'
import { runsTasksOnly } from '../programs/why.js'

// What its threads run: they run this file.
if (!isMainThread && workerData?.workerpoolBenchmark) {
  workerpool.worker({ empty: () => {}, primes: countPrimes })
}

export const contestant: Contestant = {
  name: 'workerpool',
  version: () => versionOf('workerpool'),
  cannot: runsTasksOnly,
  ways: {
    ...taskWays(threads => {
      const pool = workerpool.pool(fileURLToPath(import.meta.url), {
        workerType: 'thread',
        minWorkers: threads,
        maxWorkers: threads,
        workerThreadOpts: { workerData: { workerpoolBenchmark: true } },
      })
      return {
        empty: async () => pool.exec('empty', []),
        primes: async (from, to) => (await pool.exec('primes', [from, to])) as number,
        end: () => pool.terminate(),
      }
    }),
    'start/import': importWay('workerpool'),
    'start/goroutine': startWay('workerpool'),
    'start/bundle': bundleWays({ '': 'workerpool' }),
  },
}
