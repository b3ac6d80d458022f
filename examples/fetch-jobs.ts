// Patterns together: jobs are fetched from a server that fails on purpose, on several threads that share one rate limit and one
// circuit breaker, with retries, and what comes of two lists of jobs is one channel.
//
//   books ─┐                     each job, on a thread of the pool:
//          ├─► worker pool ──►   retry ( limiter ─► breaker ─► fetch )   ──► fan-in ─► main
//   films ─┘
//
// From its 11th to its 16th request the server is down. The circuit opens then, so that most of those who try meanwhile never reach
// it, and they come back when it may be up again: when the breaker's error says so.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Context, main, parallel } from '@millrace/core'
import { CircuitBreaker, CircuitOpenError, fanIn, RateLimiter, retry, WorkerPool } from '@millrace/patterns'

interface Job {
  url: string
  limiter: RateLimiter
  breaker: CircuitBreaker
}

interface Page {
  title: string | undefined
  refusals: number
}

class StatusError extends Error {
  readonly status: number

  constructor(status: number) {
    super(`status ${status}`)
    this.status = status
  }
}

const isMissing = (error: unknown): boolean => error instanceof StatusError && error.status === 404

// The breaker is used on all threads, so what it is to ask there is parallel: a server that says "not found" is up.
export const isFailure = parallel(import.meta.url, function isFailure(error: unknown): boolean {
  return !isMissing(error)
})

async function fetchTitle(url: string, ctx: Context): Promise<string> {
  const response = await fetch(url, { signal: ctx.signal })
  const text = await response.text()
  if (!response.ok) throw new StatusError(response.status)
  return text
}

export const doJob = parallel(
  import.meta.url,
  async function doJob({ url, limiter, breaker }: Job, ctx: Context): Promise<Page> {
    let refusals = 0
    const attempt = async (_: number, ctx: Context): Promise<string> => {
      await limiter.wait(ctx)
      return breaker.call(ctx => fetchTitle(url, ctx), ctx)
    }
    const retryIf = (error: unknown): boolean | number => {
      if (!(error instanceof CircuitOpenError)) return !isMissing(error)
      refusals++
      return error.retryAfterMs
    }
    try {
      return {
        title: await retry(attempt, { retries: 100, initialMs: 5, retryIf, signal: ctx.signal }),
        refusals,
      }
    } catch (error) {
      if (!isMissing(error)) throw error
      return { title: undefined, refusals }
    }
  },
)

main(async () => {
  let asked = 0
  const server = createServer((request, response) => {
    asked++
    const isDown = asked > 10 && asked <= 16
    response.statusCode = isDown ? 503 : request.url === '/films/13' ? 404 : 200
    response.setHeader('connection', 'close') // so that nothing is left open at the end
    response.end(`title of ${request.url}`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  const limiter = new RateLimiter(200, 10)
  const breaker = new CircuitBreaker({ threshold: 3, resetMs: 50, timeoutMs: 10_000, isFailure })
  const jobs = (list: string): Job[] =>
    Array.from({ length: 15 }, (_, i) => ({ url: `http://127.0.0.1:${port}/${list}/${i}`, limiter, breaker }))

  const began = performance.now()
  const pool = new WorkerPool({ workers: 4, run: doJob })
  let [pages, missing, refusals] = [0, 0, 0]
  for await (const page of fanIn(pool.map(jobs('books')), pool.map(jobs('films')))) {
    if (page.title === undefined) missing++
    else pages++
    refusals += page.refusals
  }
  await pool.close()
  server.close()

  console.log(`30 jobs: ${pages} pages, and ${missing} that is not there`)
  console.log(`the server was asked ${asked} times: once for each job, and 6 times while it was down`)
  console.log(`the breaker kept ${refusals} calls from it meanwhile, and is ${breaker.state} now`)
  const isKept = performance.now() - began >= ((asked - 10) / 200) * 1000 - 1
  console.log(isKept ? 'no more than 200 requests a second, 10 at once' : 'more than the limit')
})
