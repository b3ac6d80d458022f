import { type Context, go, ParkingLot, stayOnThread, type WaitOptions, withCancelCause } from '@millrace/core'
import { SyncMisuseError, WaitGroup } from '@millrace/sync'

/**
 * Goroutines that work on parts of one task: `wait` waits for all of them, and gives the first error. Go's
 * `golang.org/x/sync/errgroup`.
 *
 * @example
 * const group = new Group()
 * const lengths: number[] = []
 * for (const word of ['mill', 'race']) {
 *   await group.go(() => { lengths.push(word.length) })
 * }
 * await group.wait()
 * lengths // => [4, 4]
 */
export class Group {
  // All that `wait` waits for: also those that have no place yet.
  readonly #unfinished = new WaitGroup()
  // Started and not ended; at most so many as the limit, if that is not negative.
  #active = 0
  #limit = -1
  readonly #places = new ParkingLot<() => void>(start => {
    if (!this.#hasPlace) return false
    this.#active++
    start()
    return true
  })
  #failure: { readonly error: unknown } | undefined
  #cancel: ((cause?: unknown) => void) | undefined

  /**
   * Makes a group, and a context for its goroutines: a child of `parent` that is cancelled by the first error, which is its
   * cause, or else when `wait` has waited.
   */
  static withContext(parent: Context): [group: Group, ctx: Context] {
    const [ctx, cancel] = withCancelCause(parent)
    const group = new Group()
    group.#cancel = cause => cancel(cause)
    return [group, ctx]
  }

  /**
   * Starts `fn` as a goroutine of the group; a `parallel` function on the pool. Waits while the group has as many as its limit
   * allows; those who wait are served in the order they came. Resolves when it has been started.
   *
   * Never rejects: what `fn` throws is for `wait`, which waits for it from this call on. After an error the others go on, and
   * more may be started; the group's context tells them.
   */
  go<A extends unknown[]>(fn: (...args: A) => unknown, ...args: A): Promise<void> {
    this.#unfinished.add(1)
    return this.#places.wait(() => void this.#run(fn, args))
  }

  /** Starts `fn` as `go` does if there is a place for it, and nobody waits for one; answers whether it did. Never waits. */
  tryGo<A extends unknown[]>(fn: (...args: A) => unknown, ...args: A): boolean {
    if (!this.#hasPlace || this.#places.length > 0) return false
    void this.go(fn, ...args)
    return true
  }

  /**
   * Sets how many goroutines of the group may be active at a time. A negative number is no limit; 0 keeps any from starting.
   *
   * @throws {SyncMisuseError} errgroup: modify limit while N goroutines in the group are still active
   * @throws {RangeError} `n` is not a whole number.
   */
  setLimit(n: number): void {
    if (!Number.isInteger(n)) throw new RangeError(`errgroup: a limit is a whole number, got ${String(n)}`)
    if (this.#active > 0) {
      throw new SyncMisuseError(
        `errgroup: modify limit while ${this.#active} goroutines in the group are still active`,
      )
    }
    this.#limit = n
    this.#places.wake()
  }

  /**
   * Waits until all goroutines of the group have ended, and then cancels its context. Rejects with the first error, first in
   * time, that one of them threw.
   *
   * @param options End this wait, and nothing else: it rejects with the signal's reason, and the group goes on.
   */
  async wait(options?: WaitOptions): Promise<void> {
    await this.#unfinished.wait(options)
    this.#cancel?.(this.#failure?.error)
    if (this.#failure) throw this.#failure.error
  }

  get #hasPlace(): boolean {
    return this.#limit < 0 || this.#active < this.#limit
  }

  async #run<A extends unknown[]>(fn: (...args: A) => unknown, args: A): Promise<void> {
    try {
      await go(fn, ...args)
    } catch (error) {
      this.#fail(error)
    }
    this.#active--
    this.#places.wake()
    this.#unfinished.done()
  }

  #fail(error: unknown): void {
    if (this.#failure) return
    this.#failure = { error }
    this.#cancel?.(error)
  }
}

stayOnThread(Group)
