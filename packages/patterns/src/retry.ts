import { type Context, cause, go, sleep, type WaitOptions, withCancel } from '@millrace/core'
import { checkAnswer, checkFunction } from './check-number.js'
import { contextOf } from './context-of.js'
import { RetryError } from './errors.js'
import { until } from './until.js'

export interface RetryOptions extends WaitOptions {
  /** How often to try again after the first attempt: a whole number from 0 on, or Infinity. 3 unless given. */
  retries?: number
  /** Milliseconds before the first retry. 100 unless given. */
  initialMs?: number
  /** The longest wait between two attempts, in milliseconds. 30 000 unless given. */
  maxMs?: number
  /** By what each wait is longer than the one before. 2 unless given. */
  factor?: number
  /**
   * 'none' waits as computed; 'full', the default, any time up to that; 'decorrelated' any time from `initialMs` to three times
   * the wait before.
   */
  jitter?: 'none' | 'full' | 'decorrelated'
  /**
   * Whether to try again after this error, answered at once; a number is how many milliseconds to wait before, as a server may have asked for: at
   * least so long, whatever `maxMs` is. A negative number is 0: that moment has passed. Always, unless given.
   */
  retryIf?: (error: unknown) => boolean | number
  /** Gives up rather than begin an attempt later than this, in milliseconds from the call. No limit unless given. */
  maxElapsedMs?: number
  /** Called before each wait. What it throws ends everything. */
  onRetry?: (error: unknown, attempt: number, waitMs: number) => void
  /** Milliseconds since some moment, for `maxElapsedMs`. The host's clock unless given. */
  now?: () => number
  /** A number from 0 up to 1, 1 excluded, for the jitter. `Math.random` unless given. */
  random?: () => number
}

/**
 * Calls `fn` until it succeeds, and answers its result. Waits between the attempts, longer each time. Each attempt is a goroutine;
 * of a `parallel` function on the pool.
 *
 * `fn` gets the number of the attempt, from 1 on, and a context that ends when `retry` does. Cancelled, it rejects with the
 * signal's reason at once, also while `fn` runs; how that ends is ignored then.
 *
 * @throws {RetryError} (as a rejection) It has given up; `cause` is the last error. An error that `retryIf` answers false to, or nothing, is
 *   thrown as it is.
 * @throws {RangeError} (as a rejection) An option is out of range, or `retryIf` has answered NaN: then `cause` is the error that it
 *   was asked about.
 * @throws {TypeError} (as a rejection) `fn`, or an option that should be one, is no function: before `fn` is called. Or `retryIf` has
 *   answered a promise: then `cause` is the error.
 *
 * @example
 * let calls = 0
 * const answer = await retry(attempt => {
 *   calls++
 *   if (attempt < 3) throw new Error('not yet')
 *   return 'now'
 * }, { initialMs: 1 })
 * answer // => 'now'
 * calls // => 3
 */
export async function retry<R>(
  fn: (attempt: number, ctx: Context) => R | PromiseLike<R>,
  options: RetryOptions = {},
): Promise<R> {
  if (typeof fn !== 'function') throw new TypeError('retry: the first argument must be a function')
  const { retries = 3, maxElapsedMs = Infinity } = options
  const retryIf = checkFunction(options.retryIf, 'retry: retryIf')
  const onRetry = checkFunction(options.onRetry, 'retry: onRetry')
  const now = checkFunction(options.now, 'retry: now') ?? (() => performance.now())
  if (!(retries === Infinity || (Number.isSafeInteger(retries) && retries >= 0))) {
    throw new RangeError(`retry: retries must be a whole number of at least 0, got ${String(retries)}`)
  }
  atLeast(0, { maxElapsedMs })
  const waits = new Waits(options)
  const began = now()
  const [ctx, cancel] = withCancel(contextOf(options))
  try {
    for (let attempt = 1; ; attempt++) {
      if (ctx.err()) throw cause(ctx)
      try {
        return await until(go(fn, attempt, ctx) as Promise<R>, ctx)
      } catch (error) {
        if (ctx.err()) throw cause(ctx)
        const verdict = retryIf ? checkAnswer(retryIf(error), 'retry: retryIf', error) : true
        if (typeof verdict !== 'number' && !verdict) throw error
        const waitMs = typeof verdict === 'number' ? asked(verdict, error) : waits.next()
        const elapsedMs = now() - began
        if (attempt > retries || elapsedMs + waitMs > maxElapsedMs) throw new RetryError(attempt, error)
        onRetry?.(error, attempt, waitMs)
        await sleep(waitMs, ctx)
      }
    }
  } finally {
    cancel()
  }
}

const JITTERS = ['none', 'full', 'decorrelated']

/** Longer than anybody waits, and short enough to be calculated with. */
const MOST_MS = 1e15

/** How long to wait each time. */
class Waits {
  readonly #initialMs: number
  readonly #maxMs: number
  readonly #factor: number
  readonly #jitter: 'none' | 'full' | 'decorrelated'
  readonly #random: () => number
  #count = 0
  #lastMs: number

  constructor(options: RetryOptions) {
    const { initialMs = 100, maxMs = 30_000, factor = 2, jitter = 'full', random = Math.random } = options
    atLeast(0, { initialMs, maxMs, factor })
    if (!JITTERS.includes(jitter)) {
      throw new RangeError(`retry: jitter must be one of ${JITTERS.join(', ')}, got ${String(jitter)}`)
    }
    this.#initialMs = this.#lastMs = initialMs
    this.#maxMs = maxMs
    this.#factor = factor
    this.#jitter = jitter
    this.#random = checkFunction(random, 'retry: random')
  }

  next(): number {
    if (this.#jitter === 'decorrelated') {
      this.#lastMs = this.#limit(this.#between(this.#initialMs, Math.min(this.#lastMs * 3, MOST_MS)))
      return this.#lastMs
    }
    const ms = this.#limit(this.#initialMs * this.#factor ** this.#count++)
    return this.#jitter === 'none' ? ms : this.#between(0, ms)
  }

  #between(low: number, high: number): number {
    return low + this.#random() * (high - low)
  }

  #limit(ms: number): number {
    return Math.min(ms, this.#maxMs, MOST_MS)
  }
}

/** What `retryIf` asks for; a moment that has passed is now. */
function asked(ms: number, error: unknown): number {
  if (Number.isNaN(ms)) {
    throw new RangeError('retry: retryIf must answer a boolean or milliseconds, got NaN', { cause: error })
  }
  return Math.max(ms, 0)
}

function atLeast(least: number, values: { [name: string]: number }): void {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== 'number' || !(value >= least)) {
      throw new RangeError(`retry: ${name} must be at least ${least}, got ${String(value)}`)
    }
  }
}
