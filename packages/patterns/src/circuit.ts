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
// Nothing happens by itself: an open circuit whose time is over becomes half-open with the first call that gets through, or
// on its way to what trip and reset make of it.
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

import { monitorRules, type State, WAIT } from '@millrace/core'

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
const [STATE, ERA, ROUND, FAILURES, SUCCESSES, FLYING, SINCE, CURRENT] = [0, 1, 2, 3, 4, 5, 6, 7]
/** Of the buckets: when each began, how many calls have ended in it, and how many of them had failed. */
const BEGAN = CURRENT + 1
const CALLS = BEGAN + BUCKETS
const FAILED = CALLS + BUCKETS

/** Nobody waits in line for a circuit: who is refused is told so. */
export const rules = monitorRules({
  name: 'patterns/circuit-breaker.monitor',
  size: FAILED + BUCKETS,
  lines: 0,
  attempt: () => WAIT,
})

const [CLOSED, OPEN, HALF_OPEN] = [0, 1, 2]
const NAMES: readonly CircuitState[] = ['closed', 'open', 'half-open']

/** Whether calls get through at `now`; half-open also when none has been tried yet. */
export function stateOf(state: State, { resetMs }: CircuitSettings, now: number): CircuitState {
  return state[STATE] === OPEN && now - state[SINCE] >= resetMs ? 'half-open' : NAMES[state[STATE]]
}

export interface Admission {
  /** Undefined: the call is refused. */
  readonly permit: Permit | undefined
  readonly change: Change | undefined
  /** Of a refused call: after how long one gets through at the latest. */
  readonly retryAfterMs: number
}

/** Lets a call through if the circuit is closed: the usual case, which changes nothing. */
export function admitClosed(state: State): Permit | undefined {
  return state[STATE] === CLOSED ? { era: state[ERA], round: 0 } : undefined
}

/** Lets a call through, or refuses it. */
export function admit(state: State, { resetMs, probes }: CircuitSettings, now: number): Admission {
  const permit = admitClosed(state)
  if (permit) return { permit, change: undefined, retryAfterMs: 0 }

  if (now < state[SINCE]) state[SINCE] = now // K4
  // Probes may take their time also where the circuit need not stay open.
  const leftMs = state[SINCE] + (state[STATE] === OPEN ? resetMs : Math.max(resetMs, 1)) - now
  let change: Change | undefined
  if (leftMs <= 0) {
    if (state[STATE] === OPEN) change = enter(state, HALF_OPEN, now)
    state[FLYING] = 0 // K3
    state[ROUND]++
  }
  if (state[STATE] === OPEN || state[SUCCESSES] + state[FLYING] >= probes) {
    return { permit: undefined, change, retryAfterMs: leftMs }
  }
  state[FLYING]++
  state[SINCE] = now
  return { permit: { era: state[ERA], round: state[ROUND] }, change, retryAfterMs: 0 }
}

/** Whether there is nothing to note of a call that has ended well: the other half of the usual case. */
export function isUntroubled(state: State, { window }: CircuitSettings, permit: Permit): boolean {
  return permit.era !== state[ERA] || (state[STATE] === CLOSED && state[FAILURES] === 0 && !window)
}

/** A call has ended well. */
export function succeeded(
  state: State,
  settings: CircuitSettings,
  permit: Permit,
  now: number,
): Change | undefined {
  if (permit.era !== state[ERA]) return undefined
  if (state[STATE] === CLOSED) {
    state[FAILURES] = 0
    count(state, settings, now, 0)
    // It may be the one that makes the calls enough to say something.
    return isWindowBad(state, settings, now) ? open(state, now) : undefined
  }
  land(state, permit)
  if (++state[SUCCESSES] < settings.probes) return undefined
  return close(state, now)
}

/** A call has failed. */
export function failed(
  state: State,
  settings: CircuitSettings,
  permit: Permit,
  now: number,
): Change | undefined {
  if (permit.era !== state[ERA]) return undefined
  if (state[STATE] === CLOSED) {
    state[FAILURES]++
    count(state, settings, now, 1)
    const isTooMuch = state[FAILURES] >= settings.threshold || isWindowBad(state, settings, now)
    return isTooMuch ? open(state, now) : undefined
  }
  return open(state, now)
}

/** A call has ended without saying anything about what it called. */
export function abandoned(state: State, permit: Permit): void {
  if (permit.era === state[ERA]) land(state, permit)
}

/** Half-open from now on, if that is what `stateOf` says of an open circuit: for what changes the state without a call. */
export function ripen(state: State, settings: CircuitSettings, now: number): Change | undefined {
  const isRipe = state[STATE] === OPEN && stateOf(state, settings, now) === 'half-open'
  return isRipe ? enter(state, HALF_OPEN, now) : undefined
}

/** Refuses calls from now on. */
export function open(state: State, now: number): Change | undefined {
  return enter(state, OPEN, now)
}

/** Lets calls through from now on, and forgets all that has happened. */
export function close(state: State, now: number): Change | undefined {
  state[FAILURES] = 0
  for (let i = 0; i < BUCKETS; i++) state[CALLS + i] = state[FAILED + i] = 0
  return enter(state, CLOSED, now)
}

function enter(state: State, next: number, now: number): Change | undefined {
  const before = state[STATE]
  state[STATE] = next
  state[ERA]++
  state[SUCCESSES] = state[FLYING] = 0
  state[SINCE] = now
  return before === next ? undefined : { from: NAMES[before], to: NAMES[next] }
}

/** A probe is over. Its place may have been given up before. */
function land(state: State, permit: Permit): void {
  if (state[STATE] === HALF_OPEN && permit.round === state[ROUND]) state[FLYING]--
}

function count(state: State, { window }: CircuitSettings, now: number, failures: number): void {
  if (!window) return
  const began = state[BEGAN + state[CURRENT]]
  if (now < began)
    state[BEGAN + state[CURRENT]] = now // K4
  else if (state[CALLS + state[CURRENT]] === 0 || now - began >= window.ms / BUCKETS) {
    const next = (state[CURRENT] + 1) % BUCKETS
    state[CURRENT] = next
    state[CALLS + next] = state[FAILED + next] = 0
    state[BEGAN + next] = now
  }
  state[CALLS + state[CURRENT]]++
  state[FAILED + state[CURRENT]] += failures
}

function isWindowBad(state: State, { window }: CircuitSettings, now: number): boolean {
  if (!window) return false
  let calls = 0
  let failures = 0
  for (let i = 0; i < BUCKETS; i++) {
    if (now - state[BEGAN + i] >= window.ms) continue
    calls += state[CALLS + i]
    failures += state[FAILED + i]
  }
  return calls >= window.minimum && failures / calls >= window.ratio
}

export function toJSON(state: State, settings: CircuitSettings, now: number): CircuitBreakerJSON {
  const window = []
  for (let step = 1; step <= BUCKETS; step++) {
    const i = (state[CURRENT] + step) % BUCKETS
    const [since, calls, failures] = [state[BEGAN + i], state[CALLS + i], state[FAILED + i]]
    if (calls > 0 && settings.window && now - since < settings.window.ms)
      window.push({ since, calls, failures })
  }
  return {
    state: stateOf(state, settings, now),
    failures: state[FAILURES],
    successes: state[SUCCESSES],
    since: state[SINCE],
    window,
  }
}

/** The state that `toJSON` has told of. Probes that were under way then are not any more. */
export function restore(state: State, json: CircuitBreakerJSON, now: number): void {
  state[STATE] = NAMES.indexOf(json.state)
  state[FAILURES] = json.failures
  state[SUCCESSES] = json.successes
  state[SINCE] = json.state === 'half-open' ? now : json.since
  for (const { since, calls, failures } of json.window.slice(-BUCKETS)) {
    state[CURRENT] = (state[CURRENT] + 1) % BUCKETS
    state[BEGAN + state[CURRENT]] = since
    state[CALLS + state[CURRENT]] = calls
    state[FAILED + state[CURRENT]] = failures
  }
}
