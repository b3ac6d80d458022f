// The state of a circuit breaker: pure functions over a Monitor's state; the clock is read by whoever calls them.
//
//                     too many failures, or trip
//     CLOSED ────────────────────────────────────────► OPEN, since SINCE
//       ▲  ▲                                            │  ▲
//       │  └───────────────── reset ────────────────────┤  │
//       │                                     resetMs   │  │ a probe fails, or trip
//       │   `probes` successes                          ▼  │
//       └────────────────────────────────────────── HALF_OPEN, last probe begun at SINCE
//
// Nothing happens by itself: an open circuit whose time is over becomes half-open with the first call that gets through.
//
//   K1  what a call reports counts only in the era that it began in: one that began before the circuit opened, or closed, says
//       nothing of how things are now
//   K2  HALF_OPEN  =>  SUCCESSES + FLYING <= probes: no more calls get through than closing could still need
//   K3  a probe that reports nothing within resetMs (it hangs, or its thread has died) gives its place up; if it reports
//       after all, that counts, by K1
//   K4  a moment before the last one known is the clock being set back: time is counted from there on
//
// The window is a ring of buckets. A bucket begins with the first call that finds no current one, lasts a tenth of the
// window, and is forgotten one window after it began: so what is forgotten early is so by a tenth at most.

import type { MonitorState } from './monitor.js'

export type CircuitState = 'closed' | 'open' | 'half-open'

export interface CircuitSettings {
  /** Consecutive failures that open the circuit; Infinity if they do not. */
  readonly threshold: number
  readonly window: CircuitWindow | undefined
  readonly resetMs: number
  readonly probes: number
}

export interface CircuitWindow {
  /** How far back it goes. */
  readonly ms: number
  /** Fewer calls than these say nothing. */
  readonly minimum: number
  /** What share of failures opens the circuit: more than 0, up to 1. */
  readonly ratio: number
}

/** A call that may be made: what it is to report with. */
export interface Permit {
  readonly era: number
  /** Of probes: 0 if it is none. */
  readonly round: number
}

export interface Change {
  readonly from: CircuitState
  readonly to: CircuitState
}

/** The circuit as plain data. */
export interface CircuitBreakerJSON {
  state: CircuitState
  /** Consecutive failures. */
  failures: number
  /** Consecutive successes of probes. */
  successes: number
  /** When it opened, or its last probe began: milliseconds, by the breaker's clock. */
  since: number
  /** What has happened lately, the oldest first. */
  window: { since: number; calls: number; failures: number }[]
}

const BUCKETS = 10
const [SINCE, BEGAN] = [0, 1]
const WORDS = 2 * (BEGAN + BUCKETS)
const [STATE, ERA, ROUND, FAILURES, SUCCESSES, FLYING, CURRENT] = [0, 1, 2, 3, 4, 5, 6].map(i => WORDS + i)
const CALLS = CURRENT + 1
const FAILED = CALLS + BUCKETS
export const CIRCUIT_BYTES = 8 * Math.ceil((4 * (FAILED + BUCKETS)) / 8)

const [CLOSED, OPEN, HALF_OPEN] = [0, 1, 2]
const NAMES: readonly CircuitState[] = ['closed', 'open', 'half-open']

/** Whether calls get through at `now`; half-open also when none has been tried yet. */
export function stateOf({ i32, f64 }: MonitorState, { resetMs }: CircuitSettings, now: number): CircuitState {
  return i32[STATE] === OPEN && now - f64[SINCE] >= resetMs ? 'half-open' : NAMES[i32[STATE]]
}

export interface Admission {
  /** Undefined: the call is refused. */
  readonly permit: Permit | undefined
  readonly change: Change | undefined
  /** Of a refused call: after how long one gets through at the latest. */
  readonly retryAfterMs: number
}

/** Lets a call through, or refuses it. */
export function admit(state: MonitorState, { resetMs, probes }: CircuitSettings, now: number): Admission {
  const { i32, f64 } = state
  if (i32[STATE] === CLOSED)
    return { permit: { era: i32[ERA], round: 0 }, change: undefined, retryAfterMs: 0 }

  if (now < f64[SINCE]) f64[SINCE] = now // K4
  // Probes may take their time also where the circuit need not stay open.
  const leftMs = f64[SINCE] + (i32[STATE] === OPEN ? resetMs : Math.max(resetMs, 1)) - now
  let change: Change | undefined
  if (leftMs <= 0) {
    if (i32[STATE] === OPEN) change = enter(state, HALF_OPEN, now)
    i32[FLYING] = 0 // K3
    i32[ROUND]++
  }
  if (i32[STATE] === OPEN || i32[SUCCESSES] + i32[FLYING] >= probes) {
    return { permit: undefined, change, retryAfterMs: leftMs }
  }
  i32[FLYING]++
  f64[SINCE] = now
  return { permit: { era: i32[ERA], round: i32[ROUND] }, change, retryAfterMs: 0 }
}

/** A call has ended well. */
export function succeeded(
  state: MonitorState,
  settings: CircuitSettings,
  permit: Permit,
  now: number,
): Change | undefined {
  const { i32 } = state
  if (permit.era !== i32[ERA]) return undefined
  if (i32[STATE] === CLOSED) {
    i32[FAILURES] = 0
    count(state, settings, now, 0)
    return undefined
  }
  land(i32, permit)
  if (++i32[SUCCESSES] < settings.probes) return undefined
  return close(state, now)
}

/** A call has failed. */
export function failed(
  state: MonitorState,
  settings: CircuitSettings,
  permit: Permit,
  now: number,
): Change | undefined {
  const { i32 } = state
  if (permit.era !== i32[ERA]) return undefined
  if (i32[STATE] === CLOSED) {
    i32[FAILURES]++
    count(state, settings, now, 1)
    const isTooMuch = i32[FAILURES] >= settings.threshold || isWindowBad(state, settings, now)
    return isTooMuch ? open(state, now) : undefined
  }
  return open(state, now)
}

/** A call has ended without saying anything about what it called. */
export function abandoned({ i32 }: MonitorState, permit: Permit): void {
  if (permit.era === i32[ERA]) land(i32, permit)
}

/** Refuses calls from now on. */
export function open(state: MonitorState, now: number): Change | undefined {
  return enter(state, OPEN, now)
}

/** Lets calls through from now on, and forgets all that has happened. */
export function close(state: MonitorState, now: number): Change | undefined {
  const { i32 } = state
  i32[FAILURES] = 0
  i32.fill(0, CALLS, FAILED + BUCKETS)
  return enter(state, CLOSED, now)
}

function enter({ i32, f64 }: MonitorState, next: number, now: number): Change | undefined {
  const before = i32[STATE]
  i32[STATE] = next
  i32[ERA]++
  i32[SUCCESSES] = i32[FLYING] = 0
  f64[SINCE] = now
  return before === next ? undefined : { from: NAMES[before], to: NAMES[next] }
}

/** A probe is over. Its place may have been given up before. */
function land(i32: Int32Array, permit: Permit): void {
  if (i32[STATE] === HALF_OPEN && permit.round === i32[ROUND]) i32[FLYING]--
}

function count({ i32, f64 }: MonitorState, { window }: CircuitSettings, now: number, failures: number): void {
  if (!window) return
  const began = f64[BEGAN + i32[CURRENT]]
  if (now < began)
    f64[BEGAN + i32[CURRENT]] = now // K4
  else if (i32[CALLS + i32[CURRENT]] === 0 || now - began >= window.ms / BUCKETS) {
    const next = (i32[CURRENT] + 1) % BUCKETS
    i32[CURRENT] = next
    i32[CALLS + next] = i32[FAILED + next] = 0
    f64[BEGAN + next] = now
  }
  i32[CALLS + i32[CURRENT]]++
  i32[FAILED + i32[CURRENT]] += failures
}

function isWindowBad({ i32, f64 }: MonitorState, { window }: CircuitSettings, now: number): boolean {
  if (!window) return false
  let calls = 0
  let failures = 0
  for (let i = 0; i < BUCKETS; i++) {
    if (now - f64[BEGAN + i] >= window.ms) continue
    calls += i32[CALLS + i]
    failures += i32[FAILED + i]
  }
  return calls >= window.minimum && failures / calls >= window.ratio
}

export function toJSON(state: MonitorState, settings: CircuitSettings, now: number): CircuitBreakerJSON {
  const { i32, f64 } = state
  const window = []
  for (let step = 1; step <= BUCKETS; step++) {
    const i = (i32[CURRENT] + step) % BUCKETS
    const [since, calls, failures] = [f64[BEGAN + i], i32[CALLS + i], i32[FAILED + i]]
    if (calls > 0 && settings.window && now - since < settings.window.ms)
      window.push({ since, calls, failures })
  }
  return {
    state: stateOf(state, settings, now),
    failures: i32[FAILURES],
    successes: i32[SUCCESSES],
    since: f64[SINCE],
    window,
  }
}

/** The state that `toJSON` has told of. Probes that were under way then are not any more. */
export function restore({ i32, f64 }: MonitorState, json: CircuitBreakerJSON, now: number): void {
  i32[STATE] = NAMES.indexOf(json.state)
  i32[FAILURES] = json.failures
  i32[SUCCESSES] = json.successes
  f64[SINCE] = json.state === 'half-open' ? now : json.since
  for (const { since, calls, failures } of json.window.slice(-BUCKETS)) {
    i32[CURRENT] = (i32[CURRENT] + 1) % BUCKETS
    f64[BEGAN + i32[CURRENT]] = since
    i32[CALLS + i32[CURRENT]] = calls
    i32[FAILED + i32[CURRENT]] = failures
  }
}
