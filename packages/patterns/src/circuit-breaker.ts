import {
  type Context,
  cause,
  crossesWith,
  DeadlineExceeded,
  go,
  Monitor,
  type State,
  type WaitOptions,
  withTimeoutCause,
} from '@millrace/core'
import { askClock } from './ask-clock.js'
import { checkCrossing } from './check-crossing.js'
import { checkAnswer, checkFunction, checkNumber } from './check-number.js'
import type { CircuitBreakerJSON, CircuitState, CircuitWindow } from './circuit.js'
import * as circuit from './circuit.js'
import { readCircuit } from './circuit-json.js'
import { contextOf } from './context-of.js'
import { CircuitOpenError } from './errors.js'
import { pass } from './passing.js'
import { until } from './until.js'

export interface CircuitBreakerOptions {
  /** How long the circuit stays open, in milliseconds: 0 or more. */
  resetMs: number
  /** So many failures in a row open the circuit: a whole number of at least 1. 5 unless this or `window` is given. */
  threshold?: number | undefined
  /** Opens the circuit also when, of at least `minimum` calls in the last `ms`, a share of `ratio` (0 to 1) has failed. */
  window?: CircuitWindow | undefined
  /** So many successes in a row close a half-open circuit, and so many calls get through at a time. 1 unless given. */
  probes?: number | undefined
  /** A call that takes longer, in milliseconds, is a failure: it rejects with DeadlineExceeded. No limit unless given. */
  timeoutMs?: number | undefined
  /** Whether an error says that what was called is failing, answered at once. What is no failure is a success. Every error is, unless given. */
  isFailure?: ((error: unknown) => boolean) | undefined
  /** Called after each change of the state, on the thread whose call made it. */
  onChange?: ((from: CircuitState, to: CircuitState) => void) | undefined
  /** Milliseconds on any clock that goes forward. The time of day, `Date.now`, unless given: all threads agree on it. */
  now?: (() => number) | undefined
}

/**
 * Stops calling what keeps failing. Closed, it lets all calls through and counts failures; too many open it. Open, it rejects at once.
 * After `resetMs` it is half-open: it lets so many calls through as have to succeed, its probes. If they do it closes; one that fails opens
 * it again.
 *
 * Calls that began before the state changed do not count any more. A probe that has not ended after another `resetMs`, because it
 * hangs or its thread has died, gives its place to the next.
 *
 * It crosses to other threads by reference, if the functions among its options are `parallel`: one state, and one count, for all.
 *
 * @example
 * const breaker = new CircuitBreaker({ threshold: 2, resetMs: 1000 })
 * const fail = () => { throw new Error('down') }
 * await breaker.call(fail).catch(error => error.message) // => 'down'
 * await breaker.call(fail).catch(error => error.message) // => 'down'
 * await breaker.call(fail).catch(error => error.code) // => 'ERR_CIRCUIT_OPEN'
 * breaker.state // => 'open'
 */
export class CircuitBreaker {
  #monitor = new Monitor(circuit.rules)
  readonly #settings: circuit.CircuitSettings
  readonly #timeoutMs: number | undefined
  readonly #isFailure: CircuitBreakerOptions['isFailure']
  readonly #onChange: CircuitBreakerOptions['onChange']
  readonly #clock: CircuitBreakerOptions['now']

  static {
    crossesWith(
      CircuitBreaker,
      'patterns/circuit-breaker',
      breaker => [breaker.#monitor, checkCrossing(breaker.#options(), 'circuit breaker')],
      (monitor, options) => {
        const breaker = new CircuitBreaker(options as CircuitBreakerOptions)
        breaker.#monitor = monitor
        return breaker
      },
    )
  }

  /** @throws {RangeError} An option is out of range. @throws {TypeError} One is of a wrong type, or `resetMs` is missing. */
  constructor(options: CircuitBreakerOptions) {
    this.#settings = settingsOf(options)
    const { timeoutMs, isFailure, onChange, now } = options
    this.#timeoutMs =
      timeoutMs === undefined ? undefined : checkNumber(timeoutMs, 'circuit breaker: timeoutMs')
    this.#isFailure = checkFunction(isFailure, 'circuit breaker: isFailure')
    this.#onChange = checkFunction(onChange, 'circuit breaker: onChange')
    this.#clock = checkFunction(now, 'circuit breaker: now')
  }

  /**
   * A breaker that goes on where the one that `json` was made of was; probes that were under way then are not counted.
   *
   * @throws {TypeError} `json` is not what `toJSON` answers. @throws {RangeError} As the constructor, or a number in `json` is out of range.
   */
  static from(json: CircuitBreakerJSON, options: CircuitBreakerOptions): CircuitBreaker {
    const breaker = new CircuitBreaker(options)
    const known = readCircuit(json)
    breaker.#change((state, now) => circuit.restore(state, known, now))
    return breaker
  }

  /** Computed when it is read: an open circuit is half-open once `resetMs` has passed. */
  get state(): CircuitState {
    const now = this.#now()
    return this.#monitor.read(state => circuit.stateOf(state, this.#settings, now))
  }

  /**
   * Calls `fn`, unless the circuit is open, and settles as `fn` does. Each call is a goroutine; of a `parallel` function on the pool.
   *
   * `fn` gets a context that ends with `options`, and when `timeoutMs` have passed. Cancelled, `call` rejects with the signal's
   * reason at once, also while `fn` runs: how that ends is ignored, and does not count.
   *
   * @throws {CircuitOpenError} (as a rejection, at once) The circuit is open, or half-open and its probes are under way.
   * @throws {DeadlineExceeded} (as a rejection) `timeoutMs` have passed. A failure, whatever `isFailure` says.
   */
  async call<R>(fn: (ctx: Context) => R | PromiseLike<R>, options?: WaitOptions): Promise<R> {
    if (typeof fn !== 'function') throw new TypeError(`circuit breaker: call of a ${typeof fn}`)
    const outer = contextOf(options)
    if (outer.err()) throw cause(outer)
    const permit = this.#monitor.read(circuit.admitClosed) ?? this.#admit()
    if (typeof permit === 'number') {
      await pass()
      throw new CircuitOpenError(permit)
    }
    const [ctx, timedOut, release] = this.#within(outer)
    try {
      const result = await until(go(fn, ctx) as Promise<R>, ctx)
      this.#succeed(permit)
      return result
    } catch (error) {
      if (outer.err()) {
        this.#change(state => circuit.abandoned(state, permit))
        throw cause(outer)
      }
      this.#fail(error, error === timedOut, permit)
      throw error
    } finally {
      release()
    }
  }

  /** Opens the circuit, for `resetMs` from now on. */
  trip(): void {
    this.#byHand(circuit.open)
  }

  /** Closes the circuit, and forgets all failures. */
  reset(): void {
    this.#byHand(circuit.close)
  }

  /** The state and the counts as plain data, for `CircuitBreaker.from`. */
  toJSON(): CircuitBreakerJSON {
    const now = this.#now()
    return this.#monitor.read(state => circuit.toJSON(state, this.#settings, now))
  }

  /** A context below `outer` for one call, the error that it ends with when the time is over, and what frees its timer. */
  #within(outer: Context): [ctx: Context, timedOut: Error | undefined, release: () => void] {
    if (this.#timeoutMs === undefined) return [outer, undefined, () => {}]
    const timedOut = new DeadlineExceeded(
      `context deadline exceeded: the call took longer than ${this.#timeoutMs} ms`,
    )
    const [ctx, release] = withTimeoutCause(outer, this.#timeoutMs, timedOut)
    return [ctx, timedOut, release]
  }

  /** Answers the permit, or after how many milliseconds to try again. */
  #admit(): circuit.Permit | number {
    const { permit, change, retryAfterMs } = this.#change((state, now) =>
      circuit.admit(state, this.#settings, now),
    )
    this.#tell(change)
    return permit ?? retryAfterMs
  }

  #succeed(permit: circuit.Permit): void {
    if (this.#monitor.read(state => circuit.isUntroubled(state, this.#settings, permit))) return
    this.#tell(this.#change((state, now) => circuit.succeeded(state, this.#settings, permit, now)))
  }

  #fail(error: unknown, isTimeout: boolean, permit: circuit.Permit): void {
    let isFailure = true // also if asking throws
    try {
      isFailure = isTimeout || this.#isFailureOf(error)
    } finally {
      if (!isFailure) this.#succeed(permit)
      else this.#tell(this.#change((state, now) => circuit.failed(state, this.#settings, permit, now)))
    }
  }

  #isFailureOf(error: unknown): boolean {
    if (!this.#isFailure) return true
    return Boolean(checkAnswer(this.#isFailure(error), 'circuit breaker: isFailure', error))
  }

  /** Tells what a call would have told: an open circuit whose time is over is half-open first. */
  #byHand(fn: (state: State, now: number) => circuit.Change | undefined): void {
    const changes = this.#change((state, now) => [circuit.ripen(state, this.#settings, now), fn(state, now)])
    for (const change of changes) this.#tell(change)
  }

  #change<R>(fn: (state: State, now: number) => R): R {
    const at = askClock(this.#clock, 'circuit breaker')
    return this.#monitor.change(state => fn(state, at ?? Date.now()))
  }

  /** What a listener throws is a panic, but none of the call's business. */
  #tell(change: circuit.Change | undefined): void {
    if (!change || !this.#onChange) return
    try {
      this.#onChange(change.from, change.to)
    } catch (error) {
      void Promise.reject(error)
    }
  }

  #now(): number {
    return askClock(this.#clock, 'circuit breaker') ?? Date.now()
  }

  #options(): CircuitBreakerOptions {
    const { threshold, window, resetMs, probes } = this.#settings
    const functions = { isFailure: this.#isFailure, onChange: this.#onChange, now: this.#clock }
    return { threshold, window, resetMs, probes, timeoutMs: this.#timeoutMs, ...functions }
  }
}

function settingsOf(options: CircuitBreakerOptions): circuit.CircuitSettings {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError('circuit breaker: the options are missing; resetMs at least must be given')
  }
  const { window, resetMs, probes = 1 } = options
  const { threshold = window ? Number.POSITIVE_INFINITY : 5 } = options
  checkNumber(resetMs, 'circuit breaker: resetMs')
  checkNumber(probes, 'circuit breaker: probes', { least: 1, whole: true })
  if (threshold !== Number.POSITIVE_INFINITY) {
    checkNumber(threshold, 'circuit breaker: threshold', { least: 1, whole: true })
  }
  return { threshold, window: window && windowOf(window), resetMs, probes }
}

function windowOf({ ms, minimum, ratio }: CircuitWindow): CircuitWindow {
  checkNumber(ms, 'circuit breaker: window.ms', { least: 1 })
  checkNumber(minimum, 'circuit breaker: window.minimum', { least: 1, whole: true })
  checkNumber(ratio, 'circuit breaker: window.ratio', { least: Number.MIN_VALUE, most: 1 })
  return { ms, minimum, ratio }
}
