import {
  crossesByReference,
  crossesWith,
  DataCloneError,
  Monitor,
  monitorRules,
  PASS,
  type State,
  WAIT,
  type WaitOptions,
} from '@millrace/core'
import type { OwnerLostError } from './errors.js'
import type { Locker } from './locker.js'

/** How many of those who wait now may go on: 0 except while a signal or broadcast is being carried out. */
const SIGNALS = 0

const rules = monitorRules({
  name: 'sync/cond.monitor',
  size: 1,
  lines: 1,
  counted: () => true,
  attempt(state) {
    if (state[SIGNALS] === 0) return WAIT
    state[SIGNALS]--
    return PASS
  },
  settled(state) {
    state[SIGNALS] = 0 // nobody who comes later has anything of it
  },
  passLost(state, _line, count) {
    state[SIGNALS] += count // for those who still wait
  },
})

const join = (): number => 0

/**
 * Where goroutines wait for a change to what a lock protects. Go's `sync.Cond`.
 *
 * Always wait in a loop that asks whether the change has come: others may have the lock in between. A channel is often the
 * simpler choice.
 *
 * It crosses to other threads by reference, with its lock, which must be something that crosses: a Mutex, an RWMutex or the `rlocker()`
 * of one. Between threads those who wait take turns. If a thread dies after one of its goroutines was woken and before that knew, the
 * signal goes to whoever waits next.
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
  #monitor = new Monitor(rules)

  static {
    crossesWith(
      Cond,
      'sync/cond',
      cond => {
        if (crossesByReference(cond.locker)) return [cond.#monitor, cond.locker]
        throw new DataCloneError(
          'it is a lock that stays on its thread (a Mutex or RWMutex would cross)',
          '.locker',
        )
      },
      (monitor, locker) => {
        const cond = new Cond(locker as Locker)
        cond.#monitor = monitor
        return cond
      },
    )
  }

  /** @throws {TypeError} `locker` is none. */
  constructor(locker: Locker) {
    if (typeof locker?.lock !== 'function' || typeof locker.unlock !== 'function') {
      throw new TypeError('sync: Cond needs a lock: a Mutex, an RWMutex, or the rlocker() of one')
    }
    this.locker = locker
  }

  /**
   * Gives the lock back, waits for a `signal` or `broadcast` that comes from now on, and takes the lock again. The caller holds
   * the lock, and holds it again however the wait ends: cancelled, it first takes the lock, then rejects with the signal's
   * reason. Already aborted, it rejects with the lock untouched.
   *
   * If the thread of whoever holds the lock dies meanwhile, and this is the first to ask for it, it rejects with the OwnerLostError that
   * `lock` rejects with, but holds the lock as well: so `finally { locker.unlock() }` is always right. Cancelled too, it tells that.
   *
   * @throws {SyncMisuseError} (as a rejection) The lock is not locked.
   * @throws {OwnerLostError} (as a rejection) What the lock protects may be half done.
   */
  async wait(options?: WaitOptions): Promise<void> {
    const misuse: unknown[] = []
    let isUnlocked = false
    try {
      // It stands in line before the lock is free: a signal by whoever takes it next comes here.
      await this.#monitor.wait(0, join, options, () => {
        try {
          this.locker.unlock()
          isUnlocked = true
        } catch (error) {
          misuse.push(error)
          throw error
        }
      })
    } finally {
      if (isUnlocked) await this.#lockAgain()
    }
    if (isUnlocked) return
    // Woken before it could leave, by another thread: that was meant for somebody else.
    this.signal()
    throw misuse[0]
  }

  async #lockAgain(): Promise<void> {
    try {
      await this.locker.lock()
    } catch (error) {
      if ((error as Partial<OwnerLostError> | undefined)?.code !== OWNER_LOST) throw error
      await this.#lockAgain()
      throw error
    }
  }

  /** Wakes whoever has waited longest, if anybody waits. The caller need not hold the lock. */
  signal(): void {
    this.#monitor.change(wakeOne)
  }

  /** Wakes all who wait now. The caller need not hold the lock. */
  broadcast(): void {
    this.#monitor.change(wakeAll)
  }
}

const OWNER_LOST: OwnerLostError['code'] = 'ERR_OWNER_LOST'

function wakeOne(state: State): void {
  state[SIGNALS] = 1
}

function wakeAll(state: State): void {
  state[SIGNALS] = Infinity
}
