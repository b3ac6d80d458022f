import { createRequire } from 'node:module'
import { hrtime } from 'node:process'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import * as comlink from 'comlink'
import type { Contestant } from '../contestant.js'
import { countPrimes, microseconds, nsEach, WARM_MS_OF_THREADS, wakeUps } from '../measure.js'
import { type Payload, payloads } from '../programs/payloads.js'
import { bundleWays, importWay, startWay } from '../programs/starting.js'
import { taskWays } from '../programs/tasks.js'
import { versionOf } from '../programs/version.js'
import { isOwn } from '../programs/why.js'

// The adaptor for Node is not among what the package says it exports, so types do not find it.
const nodeEndpoint = createRequire(import.meta.url)('comlink/dist/umd/node-adapter.js') as (
  port: unknown,
) => comlink.Endpoint

const served = {
  empty: (): void => {},
  primes: countPrimes,
  when: (base: bigint): number => microseconds(base),
  take: (payload: Payload): number => payloads.weigh(payload),
}

if (!isMainThread && workerData?.comlinkBenchmark) comlink.expose(served, nodeEndpoint(parentPort))

function thread(): { api: comlink.Remote<typeof served>; worker: Worker } {
  const worker = new Worker(new URL(import.meta.url), { workerData: { comlinkBenchmark: true } })
  return { api: comlink.wrap<typeof served>(nodeEndpoint(worker)), worker }
}

/** Calls that carry a payload, 64 in flight: what comes nearest to a channel. */
const carry = (make: () => Payload) => async (count: number) => {
  const { api, worker } = thread()
  const weight = payloads.weigh(make())
  const run = async (n: number): Promise<number> => {
    let left = n
    let sum = 0
    const line = async (): Promise<void> => {
      while (left-- > 0) {
        const weight = await api.take(make())
        sum += weight
      }
    }
    await Promise.all(Array.from({ length: payloads.window }, line))
    return sum
  }
  const took = await nsEach(count, run, n => n * weight, WARM_MS_OF_THREADS)
  await worker.terminate()
  return took
}

const wake = (p: number) => async (count: number) => {
  const { api, worker } = thread()
  const base = hrtime.bigint()
  const took = await wakeUps(count, p, async () => {
    const sent = microseconds(base)
    return (await api.when(base)) - sent
  })
  await worker.terminate()
  return took
}

const way = 'a call each, 64 in flight'

export const contestant: Contestant = {
  name: 'comlink',
  version: () => versionOf('comlink'),
  cannot: name => (isOwn(name) ? undefined : 'calls only'),
  ways: {
    ...taskWays(count => {
      const threads = Array.from({ length: count }, thread)
      let turn = 0
      const next = (): comlink.Remote<typeof served> => threads[turn++ % count].api
      return {
        empty: () => next().empty(),
        primes: (from, to) => next().primes(from, to),
        end: () => Promise.all(threads.map(({ worker }) => worker.terminate())),
      }
    }),
    'chan/stream': { [way]: carry(payloads.number) },
    'payload/object-100': { [way]: carry(payloads.object) },
    'payload/string-1k': { [way]: carry(payloads.string) },
    'payload/bytes-64k': { [way]: carry(payloads.bytes64k) },
    'payload/bytes-1m': { [way]: carry(payloads.bytes1m) },
    'wake/p50': { '': wake(0.5) },
    'wake/p99': { '': wake(0.99) },
    'start/import': importWay('comlink'),
    'start/goroutine': startWay('comlink'),
    'start/bundle': bundleWays({ '': 'comlink' }),
  },
}
