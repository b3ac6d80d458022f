import { go, parallel, runtime } from '@millrace/core'
import type { Ways } from '../../contestant.js'
import { countPrimes, itself, nsEach } from '../../measure.js'
import { taskWays } from '../../programs/tasks.js'

// Parallel goroutines as tasks.

const empty = parallel(import.meta.url, function empty() {})

const primes = parallel(import.meta.url, function primes(from: number, to: number) {
  return countPrimes(from, to)
})

/** Grows a binary tree of `nodes` goroutines; answers how many there were. */
const grow = parallel(import.meta.url, async function grow(nodes: number): Promise<number> {
  const left = (nodes - 1) >> 1
  const below = [left, nodes - 1 - left].filter(part => part > 0).map(part => go(grow, part))
  let grown = 1
  for (const each of below) grown += await each
  return grown
})

const { 'wake/idle-cpu': _, ...ways } = taskWays(threads => {
  runtime.configure({ threads })
  return { empty: () => go(empty), primes: (from, to) => go(primes, from, to), end() {} }
})

export const tasksWays: Ways = {
  ...ways,
  'go/fork-join': {
    '': count => {
      runtime.configure({ threads: 2 })
      return nsEach(count, n => go(grow, n), itself)
    },
  },
}
