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

import { monitorRules, type State, WAIT } from '@millrace/core'

const [ORIGIN, LIMIT, BURST, TOKENS, LAST, LAST_EVENT] = [0, 1, 2, 3, 4, 5]

/** Nobody waits in line for tokens: what is spent ahead has its time. */
export const rules = monitorRules({
  name: 'patterns/rate-limiter.monitor',
  size: 6,
  lines: 0,
  attempt: () => WAIT,
})

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

/** A full bucket. */
export const full = (limit: number, burst: number, at: number): number[] => [at, limit, burst, burst, 0, 0]

export const limitOf = (state: State): number => state[LIMIT]
export const burstOf = (state: State): number => state[BURST]

/** What is in the bucket at a moment; less than nothing if it owes. */
export function tokensAt(state: State, at: number): number {
  return tokensThen(state, at - state[ORIGIN])
}

/** Spends `tokens`, for the first moment from `at` on at which they are there; nothing if that is more than `maxWaitMs` away. */
export function reserve(state: State, at: number, tokens: number, maxWaitMs: number): Grant {
  const then = at - state[ORIGIN]
  const [origin, limit, burst] = [state[ORIGIN], state[LIMIT], state[BURST]]
  if (limit === Number.POSITIVE_INFINITY) return { ok: true, tokens, at: then, origin, limit, burst }

  const left = tokensThen(state, then) - tokens
  const waitMs = left < 0 ? msFor(-left, limit) : 0
  if (tokens > burst || waitMs > maxWaitMs) return { ok: false, tokens: 0, at: then, origin, limit, burst }
  state[TOKENS] = left
  state[LAST] = then
  state[LAST_EVENT] = then + waitMs
  return { ok: true, tokens, at: then + waitMs, origin, limit, burst }
}

/** Puts back what `grant` has spent, but for what later grants rely on: they stay where they are. Answers whether anything was. */
export function giveBack(state: State, grant: Grant, at: number): boolean {
  const then = at - state[ORIGIN]
  if (!grant.ok || grant.tokens === 0 || state[LIMIT] === Number.POSITIVE_INFINITY || grant.at < then)
    return false
  const restored = grant.tokens - tokensIn(state[LAST_EVENT] - grant.at, grant.limit)
  if (!(restored > 0)) return false
  state[TOKENS] = Math.min(tokensThen(state, then) + restored, state[BURST])
  state[LAST] = then
  if (grant.at === state[LAST_EVENT]) {
    const before = grant.at - msFor(grant.tokens, grant.limit)
    if (before >= then) state[LAST_EVENT] = before
  }
  return true
}

export function setLimit(state: State, limit: number, at: number): void {
  advance(state, at - state[ORIGIN])
  state[LIMIT] = limit
}

export function setBurst(state: State, burst: number, at: number): void {
  advance(state, at - state[ORIGIN])
  state[BURST] = burst
}

function advance(state: State, then: number): void {
  state[TOKENS] = tokensThen(state, then)
  state[LAST] = then
}

function tokensThen(state: State, then: number): number {
  const passed = Math.max(then - state[LAST], 0)
  return Math.min(state[TOKENS] + tokensIn(passed, state[LIMIT]), state[BURST])
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
