import {
  type CancelCauseFunc,
  type Context,
  go,
  isParallel,
  ParkingLot,
  stayOnThread,
  type WaitOptions,
  withCancelCause,
} from '@millrace/core'
import { SyncMisuseError, WaitGroup } from '@millrace/sync'

/**
 * Goroutines that work on parts of one task: `wait` waits for all of them, and gives the first error. Go's
 * `golang.org/x/sync/errgroup`.
 *
 * A group that is made with `new` has no limit and no context: its goroutines do not hear of each other's errors. It stays on the
 * thread where it was made, any thread, and runs `parallel` functions on the pool from there.
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
  //   G1  who has a place, or waits for one, is unfinished: `wait` waits for it
  //   G2  a limit of 0 or more  =>  at most so many have a place
  //   G3  somebody waits for a place  =>  there is none, and the context has not ended
  readonly #unfinished = new WaitGroup()
  #active = 0 // those who have a place
  #limit = -1
  readonly #places = new ParkingLot(() => {
    if (this.#isFull) return false
    this.#active++
    return true
  })
  #failure: { readonly error: unknown } | undefined
  #ctx: Context | undefined
  #cancel: CancelCauseFunc | undefined

  /**
   * Makes a group, and a context for its goroutines: a child of `parent` that is cancelled by the first error, which is its
   * cause, or else when `wait` has waited, with Canceled. Go's `errgroup.WithContext`.
   *
   * The context tells goroutines to end; nothing ends those that do not look at it. It ends waiting for a place, too: see `go`. So
   * such a group is for one task.
   *
   * @throws {TypeError} "cannot create context from nil parent"
   */
  static withContext(parent: Context): [group: Group, ctx: Context] {
    const group = new Group()
    const [ctx, cancel] = withCancelCause(parent)
    group.#ctx = ctx
    group.#cancel = cancel
    return [group, ctx]
  }

  /**
   * Starts `fn` as a goroutine of the group, as core's `go` does: here, or on the pool if it is `parallel`. Resolves when it has
   * been started. From this call on, `wait` waits for it.
   *
   * Waits while the group has as many as its limit allows; those who wait are served in the order they came. Once the group's
   * context has ended, nobody waits for a place any more, whether it was by an error, the parent, or the end of `wait`: this
   * rejects at once with the context's cause, `fn` is never started, and it counts as if it had failed with that cause, so a
   * task of which a part was left out never looks done. Where there is a place `fn` is started even then, as in Go, and
   * can ask the context. (In Go, waiting for a place cannot be cancelled.) Without a context nothing ends this wait but a place.
   *
   * Rejects for no other reason: what `fn` throws is for `wait`, and so is a `fn` that could not be started, for its
   * arguments, say. The rejection need not be handled, as `wait` tells of it.
   *
   * In a goroutine of the group that holds the last place, awaiting this waits for ever.
   */
  go<A extends unknown[]>(fn: (...args: A) => unknown, ...args: A): Promise<void> {
    this.#unfinished.add(1)
    if (!this.#isFull && this.#places.length === 0) {
      const placed = this.#places.wait()
      void this.#run(fn, args)
      return placed
    }
    // It is started from `then`, not from the attempt: in the async context of this call, not of the goroutine that made room.
    const started = this.#places.wait(undefined, this.#ctx).then(
      () => void this.#run(fn, args),
      reason => {
        this.#fail(reason)
        this.#unfinished.done()
        throw reason
      },
    )
    started.catch(() => {}) // for `wait` to tell, if nobody asks here
    return started
  }

  /**
   * Starts `fn` as `go` does if there is a place for it, and nobody waits for one; answers whether it did. Never waits. What `fn`
   * throws is for `wait`. Go's `TryGo`.
   */
  tryGo<A extends unknown[]>(fn: (...args: A) => unknown, ...args: A): boolean {
    if (this.#isFull || this.#places.length > 0) return false
    void this.go(fn, ...args)
    return true
  }

  /**
   * Sets how many goroutines of the group may be active at a time. A negative number is no limit, as at first; 0 keeps any from
   * starting, until another limit is set. Set it before the first `go`, or when all have ended. Go's `SetLimit`.
   *
   * @throws {SyncMisuseError} "errgroup: modify limit while N goroutines in the group are still active". The limit is as it was.
   * @throws {RangeError} `n` is not a whole number.
   */
  setLimit(n: number): void {
    if (!Number.isInteger(n)) {
      throw new RangeError(
        `errgroup: a limit is a whole number (negative for none, 0 for nobody), got ${String(n)}`,
      )
    }
    if (this.#active > 0) {
      throw new SyncMisuseError(
        `errgroup: modify limit while ${this.#active} goroutines in the group are still active (set it before the first go, or after wait)`,
      )
    }
    this.#limit = n
    this.#places.wake()
  }

  /**
   * Waits until all goroutines of the group have ended, and then cancels its context. Rejects with the first error that one of them
   * threw, the very value: first in time, as this thread got to know of them. A goroutine whose thread died has thrown
   * ThreadLostError. Go's `Wait`.
   *
   * May be called by several, and again: the first error stays. While a goroutine does not end, neither does this, whatever the
   * others threw.
   *
   * @param options End this wait, and nothing else: it rejects with the signal's reason, and the group goes on. Not the group's own
   *   context, which ends with the first error, while the others still run.
   */
  async wait(options?: WaitOptions): Promise<void> {
    await this.#unfinished.wait(options)
    this.#cancel?.(this.#failure?.error)
    if (this.#failure) throw this.#failure.error
  }

  get #isFull(): boolean {
    return this.#limit >= 0 && this.#active >= this.#limit
  }

  async #run<A extends unknown[]>(fn: (...args: A) => unknown, args: A): Promise<void> {
    // Errors on this thread are noted where they happen, since `go` tells of a throw some microtasks sooner than of a rejection.
    const noting = async (...args: A) => {
      try {
        await attempt(fn, args)
      } catch (error) {
        this.#fail(error)
      }
    }
    try {
      await go(typeof fn !== 'function' || isParallel(fn) ? fn : noting, ...args)
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

/** A throw as a rejection: both are as far from whoever awaits them, so they arrive in the order in which they happened. */
function attempt<A extends unknown[]>(fn: (...args: A) => unknown, args: A): unknown {
  try {
    return fn(...args)
  } catch (error) {
    return Promise.reject(error)
  }
}
