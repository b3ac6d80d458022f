// The least that JavaScript can do: not a contestant in earnest, but the control that says how much of a figure is the language.

import { version, versions } from 'node:process'
import type { Contestant } from '../contestant.js'
import { bytesInUse, countPrimes, fanOut, itself, nsEach, sumBelow } from '../measure.js'

async function pairTry(count: number): Promise<number> {
  const queue: number[] = []
  const run = (n: number): number => {
    let sum = 0
    for (let i = 0; i < n; i++) {
      queue.push(i)
      sum += queue.shift()!
    }
    return sum
  }
  return nsEach(count, run, sumBelow)
}

async function pairAwait(count: number): Promise<number> {
  const done = Promise.resolve()
  const run = async (n: number): Promise<number> => {
    let sum = 0
    for (let i = 0; i < n; i++) {
      await done
      sum += await Promise.resolve(i)
    }
    return sum
  }
  return nsEach(count, run, sumBelow)
}

async function create(count: number): Promise<number> {
  const run = (n: number): Promise<number> =>
    new Promise(resolve => {
      const next = (left: number): void => {
        if (left === 0) resolve(n)
        else void Promise.resolve(left - 1).then(next)
      }
      next(n)
    })
  return nsEach(count, run, itself)
}

const parked = (of: 'rss' | 'heapUsed') => async (count: number) => {
  const before = await bytesInUse(of)
  const resolvers: (() => void)[] = []
  const functions: Promise<void>[] = []
  const park = async (): Promise<void> => {
    await new Promise<void>(resolve => resolvers.push(resolve))
  }
  for (let i = 0; i < count; i++) functions.push(park())
  const after = await bytesInUse(of)
  for (const resolve of resolvers) resolve()
  await Promise.all(functions)
  return (after - before) / count
}

export const contestant: Contestant = {
  name: 'floor',
  version: () => `node ${version}, V8 ${versions.v8}`,
  cannot: () => undefined,
  ways: {
    'chan/pair-try': { 'array, push and shift': pairTry },
    'chan/pair-await': { 'two awaits of resolved promises': pairAwait },
    'go/parked-heap': { 'async function that awaits a promise': parked('heapUsed') },
    'go/parked-rss': { 'async function that awaits a promise': parked('rss') },
    'go/fan-out': { 'this thread': limit => fanOut(limit, async (from, to) => countPrimes(from, to)) },
    'go/create': { 'then of a resolved promise': create },
  },
}
