import pLimit from 'p-limit'
import type { Contestant } from '../contestant.js'
import { itself, nsEach } from '../measure.js'
import { bundleWays, importWay } from '../programs/starting.js'
import { versionOf } from '../programs/version.js'
import { oneThread } from '../programs/why.js'

/** One at a time: what a semaphore of one permit, or a mutex, is used for. */
const limited = (count: number) => {
  const limit = pLimit(1)
  const empty = (): void => {}
  const run = async (n: number): Promise<number> => {
    for (let i = 0; i < n; i++) await limit(empty)
    return n
  }
  return nsEach(count, run, itself)
}

export const contestant: Contestant = {
  name: 'p-limit',
  version: () => versionOf('p-limit'),
  cannot: oneThread(() => 'limits only'),
  ways: {
    'sync/mutex': { 'a call each': limited },
    'sync/semaphore': { 'a call each': limited },
    'start/import': importWay('p-limit'),
    'start/bundle': bundleWays({ '': 'p-limit' }),
  },
}
