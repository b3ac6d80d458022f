import { ParkingLot, stayOnThread, type WaitOptions } from '@millrace/core'
import { SyncMisuseError } from './errors.js'

/**
 * So many permits, to be acquired and released in any number. Go's `golang.org/x/sync/semaphore`.
 *
 * First come, first served, strictly: while somebody waits for many permits, those who came later wait too, even for few. So
 * nobody starves.
 */
export class Semaphore {
  readonly #size: number
  #available: number
  readonly #waiters = new ParkingLot<number>(n => this.#take(n))

  /** @throws {RangeError} `permits` is not a whole number of at least 0. */
  constructor(permits: number) {
    this.#size = this.#available = whole(permits)
  }

  /** Permits that are free. Who waits may be waiting for more than these. */
  get available(): number {
    return this.#available
  }

  /**
   * Acquires `n` permits, all at once; waits until they are free and all who came earlier have theirs. Cancelled, it rejects
   * with the signal's reason and has acquired nothing; those behind go on.
   *
   * @throws {RangeError} (as a rejection) `n` is more than the semaphore has in all, or not a whole number of at least 0.
   */
  acquire(n = 1, options?: WaitOptions): Promise<void> {
    try {
      if (whole(n) > this.#size) {
        throw new RangeError(`semaphore: cannot acquire ${n} permits of ${this.#size}`)
      }
    } catch (error) {
      return Promise.reject(error)
    }
    return this.#waiters.wait(n, options)
  }

  /**
   * Acquires `n` permits if they are free and nobody waits; answers whether it did. Never waits.
   *
   * @throws {RangeError} `n` is not a whole number of at least 0.
   */
  tryAcquire(n = 1): boolean {
    whole(n)
    return this.#waiters.length === 0 && this.#take(n)
  }

  /**
   * Gives `n` permits back. Who has waited longest goes on, and the next, as far as the permits go.
   *
   * @throws {SyncMisuseError} semaphore: released more than held. Nothing is released then.
   * @throws {RangeError} `n` is not a whole number of at least 0.
   */
  release(n = 1): void {
    if (this.#available + whole(n) > this.#size) {
      throw new SyncMisuseError('semaphore: released more than held')
    }
    this.#available += n
    this.#waiters.wake()
  }

  /**
   * Calls `fn` while it holds `n` permits, and settles as `fn` does. They are released also if `fn` throws.
   *
   * @param options End the wait for the permits, not `fn`.
   */
  async withPermits<R>(n: number, fn: () => R | PromiseLike<R>, options?: WaitOptions): Promise<R> {
    await this.acquire(n, options)
    try {
      return await fn()
    } finally {
      this.release(n)
    }
  }

  #take(n: number): boolean {
    if (n > this.#available) return false
    this.#available -= n
    return true
  }
}

function whole(n: number): number {
  if (Number.isSafeInteger(n) && n >= 0) return n
  throw new RangeError(`semaphore: a number of permits is a whole number of at least 0, got ${String(n)}`)
}

stayOnThread(Semaphore)
