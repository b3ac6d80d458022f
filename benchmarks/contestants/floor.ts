// The least that JavaScript can do: not a contestant in earnest, but the control that says how much of a figure is the language.

import { version, versions } from 'node:process'
import type { Contestant } from '../contestant.js'
import { bytesInUse, countPrimes, fanOut, itself, nsEach, sumBelow } from '../measure.js'
import { channelWays, growthWays } from '../programs/channel-ways.js'
import { bareChannel } from './floor/channel.js'
import { ringWays } from './floor/rings.js'
import { waking } from './floor/waking.js'

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

/** Async functions, each of which starts the next in its turn. */
async function create(count: number): Promise<number> {
  const now = Promise.resolve()
  const run = (n: number): Promise<number> =>
    new Promise(resolve => {
      const next = async (left: number): Promise<void> => {
        if (left === 0) resolve(n)
        else void now.then(() => next(left - 1))
      }
      void next(n)
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

/** Sends, locks and the like that need not wait, `awaits` to an operation. */
const awaits = (each: number) => async (count: number) => {
  const done = Promise.resolve()
  const run = async (n: number): Promise<number> => {
    for (let i = 0; i < n; i++) for (let k = 0; k < each; k++) await done
    return n
  }
  return nsEach(count, run, itself)
}

/** A wait that a function ends which begins in its turn. */
async function waitForOne(count: number): Promise<number> {
  const now = Promise.resolve()
  let end: () => void
  const keep = (resolve: () => void): void => {
    end = resolve
  }
  const run = async (n: number): Promise<number> => {
    let ended = 0
    for (let i = 0; i < n; i++) {
      const wait = new Promise<void>(keep)
      const one = end
      void now.then(() => {
        ended++
        one()
      })
      await wait
    }
    return ended
  }
  return nsEach(count, run, itself)
}

/** What common-parent does beside its contexts. */
async function divide(count: number): Promise<number> {
  const run = (n: number): number => {
    let x = 0
    for (let i = 0; i < n; i++) for (let k = 0; k < 200; k++) x = (x / (x + 1)) | 0
    return n + x
  }
  return nsEach(count, run, itself)
}

const queues = channelWays(bareChannel, 'queues and promises')

export const contestant: Contestant = {
  name: 'floor',
  version: () => `node ${version}, V8 ${versions.v8}`,
  cannot: () => undefined,
  ways: {
    ...queues,
    ...growthWays(bareChannel),
    ...ringWays,
    'chan/pair-try': { 'array, push and shift': pairTry },
    'chan/pair-await': { 'two awaits of resolved promises': pairAwait },
    'select/uncontended': { 'two awaits of resolved promises': awaits(2) },
    'sync/mutex': { 'one await of a resolved promise': awaits(1) },
    'sync/wait-group': { 'a promise that another one settles': waitForOne },
    'context/common-parent': { 'its divisions alone': divide },
    'go/parked-heap': { 'async function that awaits a promise': parked('heapUsed') },
    'go/parked-rss': { 'async function that awaits a promise': parked('rss') },
    'go/fan-out': { 'this thread': limit => fanOut(limit, async (from, to) => countPrimes(from, to)) },
    'go/create': { 'an async function in its turn, a promise': create },
    'wake/p50': { 'Atomics.waitAsync': waking(0.5) },
    'wake/p99': { 'Atomics.waitAsync': waking(0.99) },
  },
}
