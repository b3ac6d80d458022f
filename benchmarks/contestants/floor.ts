// The least that JavaScript can do: not a contestant in earnest, but the control that says how much of a figure is the language.

import { version, versions } from 'node:process'
import type { Contestant } from '../contestant.js'
import { bytesInUse, countPrimes, fanOut, itself, nsEach, sumBelow } from '../measure.js'
import { channelWays } from '../programs/channel-ways.js'
import { bareChannel } from './floor/channel.js'
import { awaiting, looking, waking } from './floor/threads.js'

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

/** Sends, locks and the like that need not wait, `awaits` to an operation. */
const awaits = (each: number) => async (count: number) => {
  const done = Promise.resolve()
  const run = async (n: number): Promise<number> => {
    for (let i = 0; i < n; i++) for (let k = 0; k < each; k++) await done
    return n
  }
  return nsEach(count, run, itself)
}

/** A function that begins in its turn, and the wait for its end. */
async function waitForOne(count: number): Promise<number> {
  let ended = 0
  const run = async (n: number): Promise<number> => {
    ended = 0
    for (let i = 0; i < n; i++) {
      await Promise.resolve().then(() => {
        ended++
      })
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
    'chan/pair-try': { 'array, push and shift': pairTry },
    'chan/pair-await': { 'two awaits of resolved promises': pairAwait },
    'chan/stream': {
      'a ring for two, an await each': awaiting(1024),
      'a ring for two': looking(1024),
    },
    'crossbeam-threads/spsc-0': { 'a ring for two, an await each': awaiting(0) },
    'crossbeam-threads/spsc-1': { 'a ring for two, an await each': awaiting(1) },
    'crossbeam-threads/spsc-N': { 'a ring for two, an await each': awaiting(1024) },
    'select/uncontended': { 'two awaits of resolved promises': awaits(2) },
    'sync/mutex': { 'one await of a resolved promise': awaits(1) },
    'sync/wait-group': { 'a promise, and then another': waitForOne },
    'context/common-parent': { 'its divisions alone': divide },
    'go/parked-heap': { 'async function that awaits a promise': parked('heapUsed') },
    'go/parked-rss': { 'async function that awaits a promise': parked('rss') },
    'go/fan-out': { 'this thread': limit => fanOut(limit, async (from, to) => countPrimes(from, to)) },
    'go/create': { 'then of a resolved promise': create },
    'wake/p50': { 'Atomics.waitAsync': waking(0.5) },
    'wake/p99': { 'Atomics.waitAsync': waking(0.99) },
  },
}
