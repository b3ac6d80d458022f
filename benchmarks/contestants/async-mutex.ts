import { Mutex, Semaphore } from 'async-mutex'
import type { Contestant } from '../contestant.js'
import { itself, nsEach } from '../measure.js'
import { bundleWays, importWay } from '../programs/starting.js'
import { versionOf } from '../programs/version.js'
import { oneThread } from '../programs/why.js'

const lock = (count: number) => {
  const mutex = new Mutex()
  const run = async (n: number): Promise<number> => {
    for (let i = 0; i < n; i++) (await mutex.acquire())()
    return n
  }
  return nsEach(count, run, itself)
}

const acquire = (count: number) => {
  const semaphore = new Semaphore(1)
  const run = async (n: number): Promise<number> => {
    for (let i = 0; i < n; i++) (await semaphore.acquire())[1]()
    return n
  }
  return nsEach(count, run, itself)
}

export const contestant: Contestant = {
  name: 'async-mutex',
  version: () => versionOf('async-mutex'),
  cannot: oneThread(() => 'locks only'),
  ways: {
    'sync/mutex': { '': lock },
    'sync/semaphore': { '': acquire },
    'start/import': importWay('async-mutex'),
    'start/bundle': bundleWays({ '': 'async-mutex' }),
  },
}
