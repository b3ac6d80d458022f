import {
  background,
  type Context,
  cause,
  go,
  isParallel,
  stayOnThread,
  type WaitOptions,
  withCancelCause,
} from '@millrace/core'
import { pass } from './passing.js'
import { until } from './until.js'

let resultOf: (future: unknown) => Promise<unknown> | undefined

/**
 * A result that will be there: of a goroutine that starts at once, and can be asked for by many, waited for with a limit, and
 * cancelled. A `parallel` function runs on the pool.
 *
 * A failed future that nobody asks is a panic; one that was cancelled is not.
 *
 * @example
 * const answer = new Future(async () => 42)
 * await answer.get() // => 42
 * answer.settled // => true
 */
export class Future<T> {
  readonly #cancel: (reason?: unknown) => void
  /** Nobody but those who ask handles its rejection. */
  readonly #result: Promise<T>
  #settled = false

  /**
   * Starts `fn` as a goroutine; cancelled before that has begun, it is not called at all. Its context ends when the future is cancelled, or `fn` has ended.
   *
   * @throws {TypeError} `fn` is no function.
   */
  constructor(fn: (ctx: Context) => T | PromiseLike<T>) {
    if (typeof fn !== 'function') throw new TypeError('Future: the first argument must be a function')
    const [ctx, cancel] = withCancelCause(background())
    this.#cancel = cancel
    const isOfPool: boolean = isParallel(fn)
    const unlessCancelled = (): T | PromiseLike<T> => {
      if (ctx.err()) throw cause(ctx)
      return isOfPool ? (go(fn, ctx) as Promise<T>) : fn(ctx)
    }
    this.#result = this.#watch(go(unlessCancelled) as Promise<T>, ctx)
  }

  async #watch(goroutine: Promise<T>, ctx: Context): Promise<T> {
    try {
      return await until(goroutine, ctx)
    } finally {
      this.#settled = true
      this.#cancel()
    }
  }

  /**
   * Starts `fn` with `args`, as `go` does, and answers its future. `fn` gets no context: to tell it of a cancellation, hand it one.
   *
   * @throws {TypeError} `fn` is no function.
   */
  static run<A extends unknown[], R>(fn: (...args: A) => R | PromiseLike<R>, ...args: A): Future<Awaited<R>> {
    if (typeof fn !== 'function') throw new TypeError('Future: the first argument must be a function')
    return new Future(() => go(fn, ...args))
  }

  /**
   * The result; waits for it. Rejects with what the function failed with, or with the reason of `cancel`.
   *
   * @param options End this wait, and nothing else: the future goes on, and others that ask get its result.
   */
  get(options?: WaitOptions): Promise<T> {
    if (options || !this.#settled) return asked(this.#result, options)
    return Promise.all([this.#result, pass()]).then(([result]) => result)
  }

  /**
   * Ends the future with `reason` (Canceled, unless given): whoever asks is told at once, and so is the function, by its context; how that
   * ends is ignored. Does nothing once the future has a result or an error.
   */
  cancel(reason?: unknown): void {
    if (this.#settled) return
    this.#result.catch(() => {}) // who cancels knows
    this.#settled = true
    this.#cancel(reason)
  }

  /** Whether it has a result, has failed or was cancelled. */
  get settled(): boolean {
    return this.#settled
  }

  /** All results, in the order of the futures; rejects with the first error. The others go on. */
  static async all<T extends readonly Future<unknown>[]>(
    futures: readonly [...T],
    options?: WaitOptions,
  ): Promise<Results<T>> {
    return asked(Promise.all(results('all', futures)), options) as Promise<Results<T>>
  }

  /** The first result; rejects with an AggregateError of all errors if there is none. The others go on. */
  static async any<T extends readonly Future<unknown>[]>(
    futures: readonly [...T],
    options?: WaitOptions,
  ): Promise<Results<T>[number]> {
    return asked(Promise.any(results('any', futures)), options) as Promise<Results<T>[number]>
  }

  /** The first result or error, whichever comes first; of no futures, none ever. The others go on. */
  static async race<T extends readonly Future<unknown>[]>(
    futures: readonly [...T],
    options?: WaitOptions,
  ): Promise<Results<T>[number]> {
    return asked(Promise.race(results('race', futures)), options) as Promise<Results<T>[number]>
  }

  /** How each of the futures ended. */
  static async allSettled<T extends readonly Future<unknown>[]>(
    futures: readonly [...T],
    options?: WaitOptions,
  ): Promise<Settled<T>> {
    return asked(Promise.allSettled(results('allSettled', futures)), options) as Promise<Settled<T>>
  }

  static {
    resultOf = future =>
      typeof future === 'object' && future !== null && #result in future ? future.#result : undefined
  }
}

function results(method: string, futures: readonly unknown[]): Promise<unknown>[] {
  return Array.from(futures, (future, i) => {
    const result = resultOf(future)
    if (result) return result
    throw new TypeError(`Future.${method}: [${i}] is no Future (Future.run makes one of a function)`)
  })
}

/** Waits for results; `options` end the wait alone. */
function asked<R>(result: Promise<R>, options: WaitOptions | undefined): Promise<R> {
  return options ? until(result, options) : result
}

type Results<T extends readonly Future<unknown>[]> = {
  -readonly [K in keyof T]: T[K] extends Future<infer R> ? R : never
}
type Settled<T extends readonly Future<unknown>[]> = {
  -readonly [K in keyof T]: T[K] extends Future<infer R> ? PromiseSettledResult<R> : never
}

stayOnThread(Future)
