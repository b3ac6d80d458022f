import { go, ParkingLot, stayOnThread, type WaitOptions } from '@millrace/core'
import { SyncMisuseError } from './errors.js'

/**
 * Counts what is still to be done, and lets others wait until nothing is. Go's `sync.WaitGroup`.
 *
 * `add` before what is counted starts, not inside it. It may be used again and again: who waits when the count gets to 0 is
 * released in that moment, whatever is added before it runs again.
 *
 * @example
 * const group = new WaitGroup()
 * const squares: number[] = []
 * for (const n of [1, 2, 3]) group.go(async () => { squares.push(n * n) })
 * await group.wait()
 * squares // => [1, 4, 9]
 */
export class WaitGroup {
  #count = 0
  readonly #waiters = new ParkingLot(() => this.#count === 0)

  /** What is still to be done. */
  get count(): number {
    return this.#count
  }

  /**
   * Adds `delta`, which may be negative, to the count. At 0, all who wait go on.
   *
   * @throws {SyncMisuseError} sync: negative WaitGroup counter. The count is as it was.
   * @throws {RangeError} `delta` is not a whole number.
   */
  add(delta: number): void {
    if (!Number.isSafeInteger(delta)) {
      throw new RangeError(`sync: WaitGroup.add needs a whole number, got ${String(delta)}`)
    }
    const count = this.#count + delta
    if (count < 0) throw new SyncMisuseError(`sync: negative WaitGroup counter (${count})`)
    this.#count = count
    if (count === 0) this.#waiters.wake()
  }

  /** Takes one from the count. @throws {SyncMisuseError} sync: negative WaitGroup counter (-1) */
  done(): void {
    this.add(-1)
  }

  /** Waits until the count is 0. Cancelled, it rejects with the signal's reason; the count is untouched. */
  wait(options?: WaitOptions): Promise<void> {
    return this.#waiters.wait(undefined, options)
  }

  /**
   * Starts a goroutine that counts as long as it runs; a `parallel` function runs on the pool.
   *
   * An error of `fn` is nobody's to handle, and ends the process as a panic does; the count goes down all the same. To get
   * errors back, use an errgroup.
   */
  go<A extends unknown[]>(fn: (...args: A) => unknown, ...args: A): void {
    this.add(1)
    void go(fn, ...args).finally(() => this.done())
  }
}

stayOnThread(WaitGroup)
