import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { go, parallel, runtime } from '@millrace/core'
import { CircuitBreaker, RateLimiter } from '@millrace/patterns'
import type { Topic } from './situation.js'

const THREADS = 4
const LIMIT = 10

export const takeAll = parallel(import.meta.url, function takeAll(limiter: RateLimiter): number {
  let count = 0
  for (let i = 0; i < 2 * LIMIT; i++) if (limiter.allow()) count++
  return count
})

export const callTwice = parallel(
  import.meta.url,
  async function callTwice(breaker: CircuitBreaker): Promise<number> {
    let count = 0
    for (let i = 0; i < 2; i++) {
      await breaker
        .call(() => {
          count++
          return Promise.reject(new Error('down'))
        })
        .catch(() => {})
    }
    return count
  },
)

const sum = (counts: number[]): number => counts.reduce((a, b) => a + b, 0)

/** One after the other, so that what one thread knows the next could. */
async function onThreads(count: () => Promise<number>): Promise<number> {
  const counts: number[] = []
  for (let i = 0; i < THREADS; i++) counts.push(await count())
  return sum(counts)
}

const ofWorkers = (kind: 'allowed' | 'reached', library: string) => async (): Promise<string> =>
  String(
    await onThreads(async () => {
      const worker = new Worker(new URL('thread.js', import.meta.url), { workerData: { kind, library } })
      const [count] = (await once(worker, 'message')) as [number]
      await worker.terminate()
      return count
    }),
  )

export const threadTopic: Topic = {
  title: 'Several threads',
  about: `${THREADS} threads of one process share a limit, or what they call. Across processes and machines rate-limiter-flexible and bottleneck share their state by way of Redis; that is not tried here, and Millrace has nothing of the kind.`,
  reports: [],
  contestants: ['millrace', 'p-queue', 'bottleneck', 'rate-limiter-flexible', 'cockatiel', 'opossum'],
  situations: [
    {
      name: `The limit is ${LIMIT} a minute, and each thread asks for ${2 * LIMIT}: how many are allowed?`,
      tries: {
        async millrace() {
          runtime.gomaxprocs(THREADS)
          const limiter = new RateLimiter(0, LIMIT)
          const counts = await Promise.all(Array.from({ length: THREADS }, () => go(takeAll, limiter)))
          return String(sum(counts))
        },
        'p-queue': ofWorkers('allowed', 'p-queue'),
        bottleneck: ofWorkers('allowed', 'bottleneck'),
        'rate-limiter-flexible': ofWorkers('allowed', 'rate-limiter-flexible'),
      },
    },
    {
      name: 'A service is down, the first failure opens the circuit, and each thread calls twice: how many calls reach it?',
      tries: {
        async millrace() {
          const breaker = new CircuitBreaker({ threshold: 1, resetMs: 60_000 })
          return String(await onThreads(() => go(callTwice, breaker)))
        },
        cockatiel: ofWorkers('reached', 'cockatiel'),
        opossum: ofWorkers('reached', 'opossum'),
      },
    },
  ],
}
