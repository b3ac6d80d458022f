import { ParkingLot, stayOnThread, type WaitOptions } from '@millrace/core'
import type { Locker } from './locker.js'

/** Void: of somebody who should not have come, and does not wait. */
interface Ticket {
  isVoid: boolean
}

/**
 * Where goroutines wait for a change to what a lock protects. Go's `sync.Cond`.
 *
 * Always wait in a loop that asks whether the change has come: others may have the lock in between. A channel is often the
 * simpler choice.
 *
 * @example
 * const cond = new Cond(new Mutex())
 * const queue: string[] = []
 * const first = go(async () => {
 *   await cond.locker.lock()
 *   while (queue.length === 0) await cond.wait()
 *   cond.locker.unlock()
 *   return queue[0]
 * })
 * await cond.locker.lock()
 * queue.push('job')
 * cond.locker.unlock()
 * cond.signal()
 * await first // => 'job'
 */
export class Cond {
  /** The lock that `wait` gives back while it waits. */
  readonly locker: Locker
  // Waiters that the running signal or broadcast may still wake.
  #wakes = 0
  readonly #waiters = new ParkingLot<Ticket>(ticket => {
    if (ticket.isVoid) return true
    if (this.#wakes === 0) return false
    this.#wakes--
    return true
  })

  constructor(locker: Locker) {
    this.locker = locker
  }

  /**
   * Gives the lock back, waits for a `signal` or `broadcast` that comes from now on, and takes the lock again. The caller holds
   * the lock, and holds it again however the wait ends: cancelled, it first takes the lock, then rejects with the signal's
   * reason. Already aborted, it rejects with the lock untouched.
   *
   * @throws {SyncMisuseError} (as a rejection) The lock is not locked.
   */
  async wait(options?: WaitOptions): Promise<void> {
    const ticket = { isVoid: false }
    const { length } = this.#waiters
    const woken = this.#waiters.wait(ticket, options)
    if (this.#waiters.length <= length) return woken // already aborted
    try {
      this.locker.unlock()
    } catch (error) {
      ticket.isVoid = true
      this.#waiters.wake()
      woken.catch(() => {}) // it may stand behind others until it is cancelled
      throw error
    }
    try {
      await woken
    } finally {
      await this.locker.lock()
    }
  }

  /** Wakes whoever has waited longest, if anybody waits. The caller need not hold the lock. */
  signal(): void {
    this.#wake(1)
  }

  /** Wakes all who wait now. The caller need not hold the lock. */
  broadcast(): void {
    this.#wake(this.#waiters.length)
  }

  #wake(count: number): void {
    this.#wakes = count
    this.#waiters.wake()
    this.#wakes = 0
  }
}

stayOnThread(Cond)
