import { type Context, cause, go, sleep, type WaitOptions, withCancel } from '@millrace/core'
import { contextOf } from './context-of.js'
import { RetryError } from './errors.js'
import { until } from './until.js'

export interface RetryOptions extends WaitOptions {
  /** How often to try again after the first attempt. 3 unless given. */
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
  /** Whether to try again after this error; a number is how many milliseconds to wait before. Always, unless given. */
  retryIf?: (error: unknown) => boolean | number
  /** Gives up rather than begin an attempt later than this, in milliseconds from the call. No limit unless given. */
  maxElapsedMs?: number
  /** Called before each wait. */
  onRetry?: (error: unknown, attempt: number, waitMs: number) => void
}

/**
 * Calls `fn` until it succeeds, and answers its result. Waits between the attempts, longer each time. Each attempt is a goroutine;
 * of a `parallel` function on the pool.
 *
 * `fn` gets the number of the attempt, from 1 on, and a context that ends when `retry` does. Cancelled, it rejects with the
 * signal's reason at once, also while `fn` runs; how that ends is ignored then.
 *
 * @throws {RetryError} (as a rejection) It has given up; `cause` is the last error. An error that `retryIf` answers false to is
 *   thrown as it is.
 * @throws {RangeError} (as a rejection) An option is out of range.
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
  const { retries = 3, maxElapsedMs = Number.POSITIVE_INFINITY, retryIf, onRetry } = options
  const waits = new Waits(options)
  atLeast(0, { retries, maxElapsedMs })
  const began = performance.now()
  const [ctx, cancel] = withCancel(contextOf(options))
  try {
    for (let attempt = 1; ; attempt++) {
      if (ctx.err()) throw cause(ctx)
      try {
        return await until(go(fn, attempt, ctx) as Promise<R>, ctx)
      } catch (error) {
        if (ctx.err()) throw cause(ctx)
        const verdict = retryIf?.(error) ?? true
        if (verdict === false) throw error
        const waitMs = typeof verdict === 'number' ? verdict : waits.next()
        const elapsedMs = performance.now() - began
        if (attempt > retries || elapsedMs + waitMs > maxElapsedMs) throw new RetryError(attempt, error)
        onRetry?.(error, attempt, waitMs)
        await sleep(waitMs, ctx)
      }
    }
  } finally {
    cancel()
  }
}

/** How long to wait each time. */
class Waits {
  readonly #initialMs: number
  readonly #maxMs: number
  readonly #factor: number
  readonly #jitter: 'none' | 'full' | 'decorrelated'
  #count = 0
  #lastMs: number

  constructor({ initialMs = 100, maxMs = 30_000, factor = 2, jitter = 'full' }: RetryOptions) {
    atLeast(0, { initialMs, maxMs, factor })
    this.#initialMs = this.#lastMs = initialMs
    this.#maxMs = maxMs
    this.#factor = factor
    this.#jitter = jitter
  }

  next(): number {
    if (this.#jitter === 'decorrelated') {
      this.#lastMs = this.#limit(between(this.#initialMs, this.#lastMs * 3))
      return this.#lastMs
    }
    const ms = this.#limit(this.#initialMs * this.#factor ** this.#count++)
    return this.#jitter === 'none' ? ms : between(0, ms)
  }

  #limit(ms: number): number {
    return Math.min(ms, this.#maxMs)
  }
}

const between = (low: number, high: number): number => low + Math.random() * (high - low)

function atLeast(least: number, values: { [name: string]: number }): void {
  for (const [name, value] of Object.entries(values)) {
    if (!(value >= least))
      throw new RangeError(`retry: ${name} must be at least ${least}, got ${String(value)}`)
  }
}
