import type * as Library from 'multithreading'
import type { Contestant } from '../contestant.js'
import { itself, nsEach, sumBelow, WARM_MS_OF_THREADS } from '../measure.js'
import { type Payload, payloads } from '../programs/payloads.js'
import { bundleWays, importWay, startWay } from '../programs/starting.js'
import { taskWays } from '../programs/tasks.js'
import { versionOf } from '../programs/version.js'
import { isOwn } from '../programs/why.js'

// Imported only where it is measured: it changes globals.
const CAPACITY = 1024
/** Of a channel: by default it has 64 KB for all that it holds. */
const MEMORY = 2 ** 22
const MEASURE = new URL('../measure.js', import.meta.url).href

let library: typeof Library | undefined

const load = async (threads: number): Promise<typeof Library> => {
  library ??= await import('multithreading')
  library.shutdown()
  library.initRuntime({ maxWorkers: threads })
  return library
}

const joined = async <T>(handle: { join(): Promise<Library.Result<T, unknown>> }): Promise<T> => {
  const result = await handle.join()
  if (!result.ok) throw result.error
  return result.value
}

/** From a thread to another, over its channel. What is spawned is text: it knows nothing of this file. */
const stream =
  (kind: 'number' | 'object' | 'string', capacity = CAPACITY) =>
  async (count: number) => {
    const { channel, move, shutdown, spawn } = await load(2)
    const payload: Payload = payloads[kind]()
    const isNumber = kind === 'number'
    const run = async (n: number): Promise<number> => {
      const [tx, rx] = channel<Payload>(capacity, { size: MEMORY })
      const receiver = spawn(move(rx, n, isNumber), async (rx, n, isNumber) => {
        let sum = 0
        for (let i = 0; i < n; i++) {
          const result = await rx.recv()
          if (!result.ok) throw result.error
          sum += isNumber ? (result.value as number) : 1
        }
        return sum
      })
      const sender = spawn(move(tx, n, payload, isNumber), async (tx, n, payload, isNumber) => {
        for (let i = 0; i < n; i++) await tx.send(isNumber ? i : payload)
      })
      await joined(sender)
      return joined(receiver)
    }
    const took = await nsEach(count, run, isNumber ? sumBelow : itself, WARM_MS_OF_THREADS)
    shutdown()
    return took
  }

const pool = (threads: number) => {
  const loading = load(threads)
  return {
    empty: async () => joined((await loading).spawn(() => {})),
    primes: async (from: number, to: number) => {
      const { move, spawn } = await loading
      return joined(
        spawn(move(from, to, MEASURE), async (from, to, measure) => {
          const { countPrimes } = (await import(measure)) as typeof import('../measure.js')
          return countPrimes(from, to)
        }),
      )
    },
    end: async () => (await loading).shutdown(),
  }
}

const lock = async (count: number): Promise<number> => {
  const { Mutex } = await load(1)
  const mutex = new Mutex()
  const run = async (n: number): Promise<number> => {
    for (let i = 0; i < n; i++) (await mutex.lock()).dispose()
    return n
  }
  return nsEach(count, run, itself)
}

export const contestant: Contestant = {
  name: 'multithreading',
  version: () => versionOf('multithreading'),
  cannot: name => {
    if (isOwn(name)) return undefined
    if (name.startsWith('payload/bytes')) return 'sends JSON only'
    return name.includes('select') ? 'no select' : 'for threads only'
  },
  ways: {
    ...taskWays(pool),
    'chan/stream': { '': stream('number') },
    'crossbeam-threads/spsc-1': { '': stream('number', 1) },
    'crossbeam-threads/spsc-N': { '': stream('number') },
    'payload/object-100': { '': stream('object') },
    'payload/string-1k': { '': stream('string') },
    'sync/mutex': { '': lock },
    'start/import': importWay('multithreading'),
    'start/goroutine': startWay('multithreading'),
    'start/bundle': bundleWays({ '': 'multithreading' }),
  },
}
