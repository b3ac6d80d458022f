import { createRequire } from 'node:module'
import type { Contestant } from '../contestant.js'
import { bundleWays, importWay, startWay } from '../programs/starting.js'
import { chanWays } from './millrace/chan.js'
import { contextWays } from './millrace/context.js'
import { crossbeamWays } from './millrace/crossbeam.js'
import { payloadWays } from './millrace/payload.js'
import { streamWays } from './millrace/stream.js'
import { syncWays } from './millrace/sync.js'
import { tasksWays } from './millrace/tasks.js'
import { wakeWays } from './millrace/wake.js'

export const contestant: Contestant = {
  name: 'millrace',
  version: () => createRequire(import.meta.url)('@millrace/core/package.json').version,
  cannot: () => undefined,
  ways: {
    ...chanWays,
    ...contextWays,
    ...crossbeamWays,
    ...streamWays,
    ...payloadWays,
    ...syncWays,
    ...tasksWays,
    ...wakeWays,
    'start/import': {
      ...importWay('@millrace/core', 'core'),
      ...importWay('@millrace/patterns', 'patterns, with all below'),
    },
    'start/goroutine': startWay('millrace'),
    'start/bundle': bundleWays({
      'core with the kernel': '@millrace/core',
      'patterns, with all below': '@millrace/patterns',
    }),
  },
}
