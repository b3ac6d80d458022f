import {
  crossesWith,
  debugging,
  FAILED,
  LOST,
  Monitor,
  monitorRules,
  PASS,
  type State,
  type SyncOptions,
  WAIT,
  type WaitOptions,
} from '@millrace/core'
import { checkFunction } from './check-function.js'
import { OwnerLostError, SyncMisuseError } from './errors.js'
import { Guard } from './guard.js'
import { asks, asksSync, callsHolding, givesBack, made, takes } from './lock-order.js'
import type { Locker } from './locker.js'

/** 1 + the number of the thread whose goroutine holds it; 0: nobody. */
const HOLDER = 0
/** Of those who wait, somebody is to be next: see Rules.gated. */
const NEXT = 1

const rules = monitorRules({
  name: 'sync/mutex.monitor',
  size: 2,
  lines: 1,
  gated: true,
  attempt(state, _line, _ticket, { thread }) {
    if (state[HOLDER] === LOST) {
      state[HOLDER] = 0
      return FAILED
    }
    if (state[HOLDER] !== 0) return WAIT
    state[HOLDER] = 1 + thread
    state[NEXT] = 0
    return PASS
  },
  failure: () => new OwnerLostError('the thread that held this mutex has ended'),
})

function unlock(state: State): void {
  if (state[HOLDER] === 0) throw new SyncMisuseError('sync: unlock of unlocked mutex')
  state[HOLDER] = state[NEXT] = 0
}

/**
 * A mutual exclusion lock: whoever holds it is the only one. Go's `sync.Mutex`.
 *
 * First come, first served: `unlock` hands the lock to whoever has waited longest, and no newcomer comes in between. It has no
 * owner: any goroutine may unlock it, and one that holds it and locks it again waits for ever.
 *
 * On one thread only code with an `await` inside needs it: nothing else runs between two awaits.
 *
 * It crosses to other threads by reference. Between threads they who wait take turns, and whoever runs may take a free lock before one
 * that is only being woken does, for up to about a millisecond, as in Go. If a thread dies whose goroutine holds it, the next who asks
 * is told with an OwnerLostError, and does not hold it; after that it is free.
 */
export class Mutex implements Locker {
  #monitor = new Monitor(rules)

  constructor() {
    if (debugging) made(this.#monitor)
  }

  static {
    crossesWith(
      Mutex,
      'sync/mutex',
      mutex => [mutex.#monitor],
      monitor => {
        const mutex = new Mutex()
        mutex.#monitor = monitor
        return mutex
      },
    )
  }

  /** Whether somebody holds it. */
  get locked(): boolean {
    return this.#monitor.read(state => state[HOLDER] !== 0)
  }

  /**
   * Takes the lock; waits while somebody holds it. Cancelled, it rejects with the signal's reason and does not hold the lock.
   *
   * Costs no more than an `await` if the lock is free.
   */
  lock(options?: WaitOptions): Promise<void> {
    const locked = this.#monitor.wait(0, 0, options)
    return debugging ? asks(this.#monitor, locked) : locked
  }

  /** Takes the lock if it is free; answers whether it did. Never waits. @throws {OwnerLostError} */
  tryLock(): boolean {
    const locked = this.#monitor.try(0, 0)
    if (debugging && locked) takes(this.#monitor)
    return locked
  }

  /**
   * Gives the lock back: whoever has waited longest holds it from this moment on.
   *
   * @throws {SyncMisuseError} sync: unlock of unlocked mutex
   */
  unlock(): void {
    this.#monitor.release(unlock)
    if (debugging) givesBack(this.#monitor)
  }

  /**
   * Takes the lock as `lock` does, and blocks the thread until it has it: its other goroutines stand still meanwhile, and if they wait
   * for the lock too, get it later.
   *
   * @throws {DeadlockError} It is held by a goroutine of this thread, which could not give it back: await `lock` there.
   * @throws {MainThreadBlockedError} This is a page's main thread.
   */
  lockSync(options?: SyncOptions): void {
    if (debugging) asksSync(this.#monitor)
    this.#monitor.waitSync('lockSync', 0, options)
    if (debugging) takes(this.#monitor)
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
    checkFunction(fn, 'withLock')
    if (debugging) return callsHolding(this, fn, options)
    await this.lock(options)
    try {
      return await fn()
    } finally {
      this.unlock()
    }
  }
}
