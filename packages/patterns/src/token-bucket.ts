// A bucket of tokens, as golang.org/x/time/rate keeps it: at most `burst` of them, `limit` more each second. Pure functions over a
// Monitor's state; the clock is read by whoever calls them.
//
// Tokens may be spent before they are there: the bucket then owes them, `tokens` is negative, and whoever spent them waits
// until the debt is paid.
//
//   B1  tokens <= burst, but for a burst that was set lower and not looked at since
//   B2  between any two moments the tokens granted for then are at most burst + limit * seconds, as long as `at` does not go
//       backwards: an earlier moment counts as no time passed, and as passed again when it comes a second time
//
// Moments are kept as milliseconds since ORIGIN, the first of them: so near to zero, doubles are exact to a nanosecond for months.

import type { MonitorState } from './monitor.js'

const [ORIGIN, LIMIT, BURST, TOKENS, LAST, LAST_EVENT] = [0, 1, 2, 3, 4, 5]
export const BUCKET_BYTES = 6 * 8

/** What a reservation has got, or that it got nothing. */
export interface Grant {
  readonly ok: boolean
  readonly tokens: number
  /** When it may be acted upon. */
  readonly at: number
  /** Those of the bucket when it was made. */
  readonly origin: number
  readonly limit: number
  readonly burst: number
}

export function fill({ f64 }: MonitorState, limit: number, burst: number, at: number): void {
  f64[ORIGIN] = at
  f64[LIMIT] = limit
  f64[BURST] = f64[TOKENS] = burst
}

export const limitOf = ({ f64 }: MonitorState): number => f64[LIMIT]
export const burstOf = ({ f64 }: MonitorState): number => f64[BURST]

/** What is in the bucket at a moment; less than nothing if it owes. */
export function tokensAt({ f64 }: MonitorState, at: number): number {
  return tokensThen(f64, at - f64[ORIGIN])
}

/** Spends `tokens`, for the first moment from `at` on at which they are there; nothing if that is more than `maxWaitMs` away. */
export function reserve({ f64 }: MonitorState, at: number, tokens: number, maxWaitMs: number): Grant {
  const then = at - f64[ORIGIN]
  const [origin, limit, burst] = [f64[ORIGIN], f64[LIMIT], f64[BURST]]
  if (limit === Number.POSITIVE_INFINITY) return { ok: true, tokens, at: then, origin, limit, burst }

  const left = tokensThen(f64, then) - tokens
  const waitMs = left < 0 ? msFor(-left, limit) : 0
  if (tokens > burst || waitMs > maxWaitMs) return { ok: false, tokens: 0, at: then, origin, limit, burst }
  f64[TOKENS] = left
  f64[LAST] = then
  f64[LAST_EVENT] = then + waitMs
  return { ok: true, tokens, at: then + waitMs, origin, limit, burst }
}

/** Puts back what `grant` has spent, but for what later grants rely on: they stay where they are. Answers whether anything was. */
export function giveBack({ f64 }: MonitorState, grant: Grant, at: number): boolean {
  const then = at - f64[ORIGIN]
  if (!grant.ok || grant.tokens === 0 || f64[LIMIT] === Number.POSITIVE_INFINITY || grant.at < then)
    return false
  const restored = grant.tokens - tokensIn(f64[LAST_EVENT] - grant.at, grant.limit)
  if (!(restored > 0)) return false
  f64[TOKENS] = Math.min(tokensThen(f64, then) + restored, f64[BURST])
  f64[LAST] = then
  if (grant.at === f64[LAST_EVENT]) {
    const before = grant.at - msFor(grant.tokens, grant.limit)
    if (before >= then) f64[LAST_EVENT] = before
  }
  return true
}

export function setLimit({ f64 }: MonitorState, limit: number, at: number): void {
  advance(f64, at - f64[ORIGIN])
  f64[LIMIT] = limit
}

export function setBurst({ f64 }: MonitorState, burst: number, at: number): void {
  advance(f64, at - f64[ORIGIN])
  f64[BURST] = burst
}

function advance(f64: Float64Array, then: number): void {
  f64[TOKENS] = tokensThen(f64, then)
  f64[LAST] = then
}

function tokensThen(f64: Float64Array, then: number): number {
  const passed = Math.max(then - f64[LAST], 0)
  return Math.min(f64[TOKENS] + tokensIn(passed, f64[LIMIT]), f64[BURST])
}

/** How many tokens flow in so much time. */
function tokensIn(ms: number, limit: number): number {
  // No tokens are none for ever, and without a limit there are enough at once: not NaN, as 0 times Infinity would be.
  if (limit === 0) return 0
  return limit === Number.POSITIVE_INFINITY ? limit : (ms * limit) / 1000
}

/** How long so many tokens take, in whole nanoseconds: a debt that is only a rounding error is none. */
function msFor(tokens: number, limit: number): number {
  return limit === 0 ? Number.POSITIVE_INFINITY : Math.trunc((tokens / limit) * 1e9) / 1e6
}
