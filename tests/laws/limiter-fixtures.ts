import { parallel } from '@millrace/core'
import { RateLimiter, type RateLimiterOptions, type Sometimes } from '@millrace/patterns'

/** A moment that an event happened in: not before the first, not after the second. */
export type Event = [from: number, to: number]

/** Asks until it has been allowed so many times. */
export const draw = parallel(import.meta.url, function draw(limiter: RateLimiter, times: number): Event[] {
  const events: Event[] = []
  while (events.length < times) {
    const from = Date.now()
    if (limiter.allow()) events.push([from, Date.now()])
  }
  return events
})

/** Asks so often, whatever the answer; answers how often it was yes. */
export const ask = parallel(import.meta.url, function ask(limiter: RateLimiter, times: number): number {
  let allowed = 0
  for (let i = 0; i < times; i++) if (limiter.allow()) allowed++
  return allowed
})

/** Waits so many times; answers when the last was over. */
export const waitFor = parallel(
  import.meta.url,
  async function waitFor(limiter: RateLimiter, times: number): Promise<number> {
    for (let i = 0; i < times; i++) await limiter.wait()
    return Date.now()
  },
)

export const look = parallel(import.meta.url, function look(limiter: RateLimiter, atMs: number) {
  return [limiter.limit, limiter.burst, limiter.tokensAt(atMs)]
})

/** Reserves, cancels every other reservation, and changes the limits; answers what is left. */
export const play = parallel(import.meta.url, function play(limiter: RateLimiter, atMs: number): number {
  limiter.setLimit(10, atMs)
  limiter.setBurst(5, atMs)
  limiter.reserveN(atMs, 2)
  limiter.reserveN(atMs, 2).cancelAt(atMs)
  return limiter.tokensAt(atMs)
})

export const makeLimiter = parallel(
  import.meta.url,
  function makeLimiter(limit: number, burst: number, options: RateLimiterOptions): RateLimiter {
    return new RateLimiter(limit, burst, options)
  },
)

/** A clock that stands still. */
export const noon = parallel(import.meta.url, function noon(): number {
  return 43_200_000
})

export const identity = parallel(import.meta.url, function identity<T>(value: T): T {
  return value
})

/** Answers how often it was done. */
export const doSometimes = parallel(
  import.meta.url,
  function doSometimes(sometimes: Sometimes, times: number): number {
    let done = 0
    for (let i = 0; i < times; i++) sometimes.do(() => done++)
    return done
  },
)
