import { debugging, ParkingLot, stayOnThread, type WaitOptions } from '@millrace/core'
import { SyncMisuseError } from './errors.js'
import { Guard } from './guard.js'
import { asks, callsHolding, givesBack, made, takes } from './lock-order.js'
import type { Locker } from './locker.js'

/**
 * A lock that many readers or one writer hold. Go's `sync.RWMutex`.
 *
 *   R1  a writer holds it  =>  no reader does
 *   R2  a writer waits     =>  somebody holds it; a reader that comes now waits
 *   R3  a reader waits     =>  a writer holds it, or waits
 *
 * So a stream of readers cannot keep a writer out, nor writers the readers: a writer that leaves lets in all readers that
 * came meanwhile before the next writer. Writers are served in the order they came.
 *
 * A goroutine that holds it for reading must not ask for it again, nor for writing: with a writer in between both wait for ever.
 */
export class RWMutex implements Locker {
  #writing = false
  #reading = 0
  // A writer is leaving, and lets in the readers that came meanwhile, whoever else waits.
  #admitting = false
  readonly #readers = new ParkingLot(() => this.#enter())
  readonly #writers = new ParkingLot(
    () => this.#hold(),
    () => {
      // The last writer that kept the readers out has given up.
      if (this.#writers.length === 0) this.#readers.wake()
    },
  )

  constructor() {
    if (debugging) made(this)
  }

  /**
   * Takes the lock for writing; waits while anybody holds it. Cancelled, it rejects with the signal's reason and does not
   * hold the lock; readers that only this writer kept out go on.
   */
  lock(options?: WaitOptions): Promise<void> {
    const locked = this.#writers.wait(undefined, options)
    return debugging ? asks(this, locked) : locked
  }

  /** Takes the lock for writing if nobody holds it; answers whether it did. Never waits. */
  tryLock(): boolean {
    const locked = this.#hold()
    if (debugging && locked) takes(this)
    return locked
  }

  /**
   * Gives back the lock for writing: to all readers that wait, else to the writer that has waited longest.
   *
   * @throws {SyncMisuseError} sync: Unlock of unlocked RWMutex
   */
  unlock(): void {
    if (!this.#writing) throw new SyncMisuseError('sync: Unlock of unlocked RWMutex')
    this.#writing = false
    this.#admitting = true
    this.#readers.wake()
    this.#admitting = false
    this.#writers.wake()
    if (debugging) givesBack(this)
  }

  /**
   * Takes the lock for reading, beside other readers; waits while a writer holds it or waits for it. Cancelled, it rejects
   * with the signal's reason and does not hold the lock.
   */
  rlock(options?: WaitOptions): Promise<void> {
    const locked = this.#readers.wait(undefined, options)
    return debugging ? asks(this, locked, false) : locked
  }

  /** Takes the lock for reading if no writer holds it or waits for it; answers whether it did. Never waits. */
  tryRLock(): boolean {
    const locked = this.#enter()
    if (debugging && locked) takes(this, false)
    return locked
  }

  /**
   * Gives back one lock for reading. The last reader lets a waiting writer in.
   *
   * @throws {SyncMisuseError} sync: RUnlock of unlocked RWMutex
   */
  runlock(): void {
    if (this.#reading === 0) throw new SyncMisuseError('sync: RUnlock of unlocked RWMutex')
    this.#reading--
    if (this.#reading === 0) this.#writers.wake()
    if (debugging) givesBack(this, false)
  }

  /** Takes the lock for writing as `lock` does, and answers a guard that gives it back, for `using`. */
  async acquire(options?: WaitOptions): Promise<Guard> {
    await this.lock(options)
    return new Guard(() => this.unlock())
  }

  /** Takes the lock for reading as `rlock` does, and answers a guard that gives it back, for `using`. */
  async acquireRead(options?: WaitOptions): Promise<Guard> {
    await this.rlock(options)
    return new Guard(() => this.runlock())
  }

  /**
   * Calls `fn` while it holds the lock for writing, and settles as `fn` does. The lock is given back also if `fn` throws.
   *
   * @param options End the wait for the lock, not `fn`.
   */
  async withLock<R>(fn: () => R | PromiseLike<R>, options?: WaitOptions): Promise<R> {
    if (debugging) return callsHolding(this, fn, options)
    await this.lock(options)
    try {
      return await fn()
    } finally {
      this.unlock()
    }
  }

  /** As `withLock`, for reading. */
  async withReadLock<R>(fn: () => R | PromiseLike<R>, options?: WaitOptions): Promise<R> {
    if (debugging) return callsHolding(this.rlocker(), fn, options)
    await this.rlock(options)
    try {
      return await fn()
    } finally {
      this.runlock()
    }
  }

  /** The reading side as a Locker, for a `Cond`. Go's `RLocker`. */
  rlocker(): Locker {
    return { lock: options => this.rlock(options), unlock: () => this.runlock() }
  }

  #hold(): boolean {
    if (this.#writing || this.#reading > 0) return false
    this.#writing = true
    return true
  }

  #enter(): boolean {
    if (this.#writing || (this.#writers.length > 0 && !this.#admitting)) return false
    this.#reading++
    return true
  }
}

stayOnThread(RWMutex)
