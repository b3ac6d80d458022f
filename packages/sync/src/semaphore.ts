import { crossesWith, Monitor, monitorRules, PASS, type State, WAIT, type WaitOptions } from '@millrace/core'
import { checkFunction } from './check-function.js'
import { SyncMisuseError } from './errors.js'

/** Permits that are free, and permits in all. */
const AVAILABLE = 0
const SIZE = 1

const rules = monitorRules({
  name: 'sync/semaphore.monitor',
  size: 2,
  lines: 1,
  attempt(state, _line, n) {
    if (n > state[AVAILABLE]) return WAIT
    state[AVAILABLE] -= n
    return PASS
  },
  held: (_line, n) => n,
  heldInAll: state => state[SIZE] - state[AVAILABLE],
  ownerLost(state, held) {
    state[AVAILABLE] += held
  },
})

function giveBack(state: State, n: number): void {
  if (state[AVAILABLE] + n > state[SIZE]) throw new SyncMisuseError('semaphore: released more than held')
  state[AVAILABLE] += n
}

/**
 * So many permits, to be acquired and released in any number. Go's `golang.org/x/sync/semaphore`.
 *
 * First come, first served, strictly: while somebody waits for many permits, those who came later wait too, even for few. So
 * nobody starves.
 *
 * It crosses to other threads by reference. Between threads those who wait take turns. The permits of goroutines whose thread has died
 * are free again.
 */
export class Semaphore {
  #monitor: Monitor
  readonly #size: number

  static {
    crossesWith(
      Semaphore,
      'sync/semaphore',
      semaphore => [semaphore.#monitor, semaphore.#size],
      (monitor, size) => {
        const semaphore = new Semaphore(size as number)
        semaphore.#monitor = monitor
        return semaphore
      },
    )
  }

  /** @throws {RangeError} `permits` is not a whole number of at least 0. */
  constructor(permits: number) {
    this.#size = whole(permits)
    this.#monitor = new Monitor(rules, permits, permits)
  }

  /** Permits that are free. Who waits may be waiting for more than these. */
  get available(): number {
    return this.#monitor.read(state => state[AVAILABLE])
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
    return this.#monitor.wait(0, n, options)
  }

  /**
   * Acquires `n` permits if they are free and nobody waits; answers whether it did. Never waits.
   *
   * @throws {RangeError} `n` is not a whole number of at least 0.
   */
  tryAcquire(n = 1): boolean {
    return this.#monitor.try(0, whole(n))
  }

  /**
   * Gives `n` permits back. Who has waited longest goes on, and the next, as far as the permits go.
   *
   * @throws {SyncMisuseError} semaphore: released more than held. Nothing is released then.
   * @throws {RangeError} `n` is not a whole number of at least 0.
   */
  release(n = 1): void {
    this.#monitor.change(giveBack, whole(n))
  }

  /**
   * Calls `fn` while it holds `n` permits, and settles as `fn` does. They are released also if `fn` throws.
   *
   * @param options End the wait for the permits, not `fn`.
   */
  async withPermits<R>(n: number, fn: () => R | PromiseLike<R>, options?: WaitOptions): Promise<R> {
    checkFunction(fn, 'withPermits')
    await this.acquire(n, options)
    try {
      return await fn()
    } finally {
      this.release(n)
    }
  }
}

function whole(n: number): number {
  if (Number.isSafeInteger(n) && n >= 0) return n
  const got = typeof n === 'number' ? n : `${typeof n} (the number comes first: acquire(1, { signal }))`
  throw new RangeError(`semaphore: a number of permits is a whole number of at least 0, got ${got}`)
}
