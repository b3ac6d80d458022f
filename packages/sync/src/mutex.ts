import { ParkingLot, stayOnThread, type WaitOptions } from '@millrace/core'
import { SyncMisuseError } from './errors.js'
import { Guard } from './guard.js'
import type { Locker } from './locker.js'

/**
 * A mutual exclusion lock: whoever holds it is the only one. Go's `sync.Mutex`.
 *
 * First come, first served: `unlock` hands the lock to whoever has waited longest, and no newcomer comes in between. It has no
 * owner: any goroutine may unlock it, and one that holds it and locks it again waits for ever.
 *
 * On one thread only code with an `await` inside needs it: nothing else runs between two awaits.
 */
export class Mutex implements Locker {
  #locked = false
  readonly #waiters = new ParkingLot(() => this.tryLock())

  /** Whether somebody holds it. */
  get locked(): boolean {
    return this.#locked
  }

  /**
   * Takes the lock; waits while somebody holds it. Cancelled, it rejects with the signal's reason and does not hold the lock.
   *
   * Costs no more than an `await` if the lock is free.
   */
  lock(options?: WaitOptions): Promise<void> {
    return this.#waiters.wait(undefined, options)
  }

  /** Takes the lock if it is free; answers whether it did. Never waits. */
  tryLock(): boolean {
    if (this.#locked) return false
    this.#locked = true
    return true
  }

  /**
   * Gives the lock back: whoever has waited longest holds it from this moment on.
   *
   * @throws {SyncMisuseError} sync: unlock of unlocked mutex
   */
  unlock(): void {
    if (!this.#locked) throw new SyncMisuseError('sync: unlock of unlocked mutex')
    this.#locked = false
    this.#waiters.wake()
  }

  /** Takes the lock as `lock` does, and answers a guard that gives it back, for `using`. */
  async acquire(options?: WaitOptions): Promise<Guard> {
    await this.lock(options)
    return new Guard(() => this.unlock())
  }

  /**
   * Calls `fn` while it holds the lock, and settles as `fn` does. The lock is given back also if `fn` throws.
   *
   * @param options End the wait for the lock, not `fn`.
   */
  async withLock<R>(fn: () => R | PromiseLike<R>, options?: WaitOptions): Promise<R> {
    await this.lock(options)
    try {
      return await fn()
    } finally {
      this.unlock()
    }
  }
}

stayOnThread(Mutex)
