import { type Chan, chan, type ElementType, f64, go, i32 } from '@millrace/core'
import { range } from './expect.js'
import { asyncLocalStorage } from './go.laws.js'
import type { Need, World } from './law.js'
import { makeChannels, nop } from './parallel-fixtures.js'
import { makeThing, meet } from './sync-fixtures.js'

const host: Partial<Record<Need, string>> = {}
if (!asyncLocalStorage()) host.AsyncLocalStorage = 'this host has no AsyncLocalStorage'
if (!('process' in globalThis)) host['process.exit'] = 'this host has no process.exit'
if ('document' in globalThis) host.blocking = 'a page’s main thread must not block'
else host['a page'] = 'this is no page'

type MakeChannels = <T>(count: number, capacity?: number) => Promise<Chan<T>[]>

const makeHere: World['make'] = async (Class, ...args) => new Class(...args)

const world = (name: string, lacks: World['lacks'], chans: MakeChannels, make = makeHere): World => ({
  name,
  lacks: { ...host, ...lacks },
  chans,
  make,
  chan: async capacity => (await chans<never>(1, capacity))[0]! as Chan<never>,
})

/** Channels, locks, … that only this thread knows. */
export const local = world(
  'local',
  { 'by copy': 'values on one thread pass by reference' },
  async (count, capacity) => range(count).map(() => chan(capacity)),
)

/** Channels, locks, … made here that another thread has got to know. */
export const shared = world(
  'shared',
  { 'by reference': 'values between threads are copies' },
  async <T>(count: number, capacity?: number) => {
    const channels = range(count).map(() => chan<T>(capacity))
    await go(nop, channels)
    return channels
  },
  async (Class, ...args) => {
    const thing = new Class(...args)
    await go(meet, thing)
    return thing
  },
)

/** Channels, locks, … that another thread has made and sent here. */
export const arrived = world(
  'arrived',
  { 'by reference': 'values between threads are copies' },
  async <T>(count: number, capacity = 0) => (await go(makeChannels, count, capacity)) as Chan<T>[],
  async (Class, ...args) => (await go(makeThing, Class.name, args)) as never,
)

const ONLY_NUMBERS = { 'any value': 'the channels of this world are of numbers' }

/** Channels of numbers that only this thread knows. */
export const typedLocal = world(
  'local i32',
  { ...local.lacks, ...ONLY_NUMBERS },
  async <T>(count: number, capacity?: number) =>
    range(count).map(() => chan(capacity, i32 as ElementType<unknown> as ElementType<T>)),
)

/** Channels of numbers that another thread has got to know. */
export const typedShared = world(
  'shared f64',
  { ...shared.lacks, ...ONLY_NUMBERS },
  async <T>(count: number, capacity?: number) => {
    const channels = range(count).map(() => chan(capacity, f64 as ElementType<unknown> as ElementType<T>))
    await go(nop, channels)
    return channels
  },
)

/** For laws that make their own channels, or need none. */
export const program = world('program', {}, local.chans)

/** The same world where there is one thread only, which nobody can end. */
export function onOneThread({ lacks, ...rest }: World): World {
  const ONE_THREAD = 'there is one thread only'
  return {
    ...rest,
    lacks: { ...lacks, threads: ONE_THREAD, 'process.exit': ONE_THREAD },
  }
}
