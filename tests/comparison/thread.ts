// One of several threads that each make a limiter, or a breaker, as a program of several threads would, and use it.

import { parentPort, workerData } from 'node:worker_threads'
import Bottleneck from 'bottleneck'
import { ConsecutiveBreaker, circuitBreaker, handleAll } from 'cockatiel'
import Opossum from 'opossum'
import PQueue from 'p-queue'
import { RateLimiterMemory } from 'rate-limiter-flexible'

const LIMIT = 10

/** The count, once jobs have started and no more do. */
async function whenQuiet(count: () => number): Promise<number> {
  for (let before = -1; count() === 0 || count() !== before; ) {
    before = count()
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  return count()
}

/** How many of 20 events are allowed at once. */
const allowed: { [name: string]: () => Promise<number> } = {
  async bottleneck() {
    const limiter = new Bottleneck({ reservoir: LIMIT })
    let count = 0
    for (let i = 0; i < 2 * LIMIT; i++) void limiter.schedule(async () => count++)
    return whenQuiet(() => count)
  },
  async 'rate-limiter-flexible'() {
    const limiter = new RateLimiterMemory({ points: LIMIT, duration: 60 })
    let count = 0
    for (let i = 0; i < 2 * LIMIT; i++) {
      await limiter.consume('all').then(
        () => count++,
        () => {},
      )
    }
    return count
  },
  async 'p-queue'() {
    const queue = new PQueue({ intervalCap: LIMIT, interval: 60_000 })
    let count = 0
    for (let i = 0; i < 2 * LIMIT; i++) void queue.add(async () => count++)
    return whenQuiet(() => count)
  },
}

const failing = () => Promise.reject(new Error('down'))

/** How many of two calls that fail reach what they call. */
const reached: { [name: string]: () => Promise<number> } = {
  async cockatiel() {
    const breaker = circuitBreaker(handleAll, { halfOpenAfter: 60_000, breaker: new ConsecutiveBreaker(1) })
    return countCalls(fn => breaker.execute(fn))
  },
  async opossum() {
    const breaker = new Opossum((fn: () => Promise<unknown>) => fn(), {
      timeout: false,
      resetTimeout: 60_000,
    })
    return countCalls(fn => breaker.fire(fn))
  },
}

async function countCalls(call: (fn: () => Promise<unknown>) => Promise<unknown>): Promise<number> {
  let count = 0
  for (let i = 0; i < 2; i++) {
    await call(() => {
      count++
      return failing()
    }).catch(() => {})
  }
  return count
}

const { kind, library } = workerData as { kind: 'allowed' | 'reached'; library: string }
void (kind === 'allowed' ? allowed : reached)[library]!().then(count => {
  parentPort!.postMessage(count)
  process.exit()
})
