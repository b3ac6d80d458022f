import {
  crossesAs,
  crossesWith,
  debugging,
  FAILED,
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

/** 1: a writer holds it. LOST: one held it, and its thread has died. */
const WRITER = 0
/** How many readers hold it. */
const READERS = 1
/** 1 while a writer leaves, and lets in the readers that came meanwhile, whoever else waits. */
const ADMITTING = 2

const LOST = 2

/** The lines. */
const READ = 0
const WRITE = 1

const rules = monitorRules({
  name: 'sync/rw-mutex.monitor',
  size: 3,
  lines: 2,
  counted: line => line === READ,
  attempt(state, line, _ticket, standing) {
    if (state[WRITER] === LOST) {
      state[WRITER] = 0
      return FAILED
    }
    if (state[WRITER] !== 0) return WAIT
    if (line === READ) {
      if (standing.waits(WRITE) && state[ADMITTING] === 0) return WAIT
      state[READERS]++
    } else {
      if (state[READERS] > 0) return WAIT
      state[WRITER] = 1
    }
    return PASS
  },
  settled(state) {
    state[ADMITTING] = 0
  },
  failure: () => new OwnerLostError('the thread that held this RWMutex for writing has ended'),
  held: () => 1,
  heldInAll: state => state[WRITER] + state[READERS],
  ownerLost(state, held, knew) {
    if (state[WRITER] === 0) state[READERS] -= held
    else {
      state[WRITER] = knew ? LOST : 0
      state[ADMITTING] = 1
    }
  },
})

function unlock(state: State): void {
  if (state[WRITER] === 0) throw new SyncMisuseError('sync: Unlock of unlocked RWMutex')
  state[WRITER] = 0
  state[ADMITTING] = 1
}

function runlock(state: State): void {
  if (state[READERS] === 0) throw new SyncMisuseError('sync: RUnlock of unlocked RWMutex')
  state[READERS]--
}

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
 *
 * It crosses to other threads by reference. Between threads the writers take turns. If a thread dies whose goroutine holds it for
 * writing, the next who asks, reader or writer, is told with an OwnerLostError, and does not hold it; after that it is free. What
 * readers of a dead thread held is given back silently.
 */
export class RWMutex implements Locker {
  #monitor = new Monitor(rules)
  #rlocker: RLocker | undefined

  constructor() {
    if (debugging) made(this.#monitor)
  }

  static {
    crossesWith(
      RWMutex,
      'sync/rw-mutex',
      mutex => [mutex.#monitor],
      monitor => {
        const mutex = new RWMutex()
        mutex.#monitor = monitor
        return mutex
      },
    )
  }

  /**
   * Takes the lock for writing; waits while anybody holds it. Cancelled, it rejects with the signal's reason and does not
   * hold the lock; readers that only this writer kept out go on.
   */
  lock(options?: WaitOptions): Promise<void> {
    const locked = this.#monitor.wait(WRITE, 0, options)
    return debugging ? asks(this.#monitor, locked) : locked
  }

  /** Takes the lock for writing if nobody holds it; answers whether it did. Never waits. @throws {OwnerLostError} */
  tryLock(): boolean {
    const locked = this.#monitor.try(WRITE, 0)
    if (debugging && locked) takes(this.#monitor)
    return locked
  }

  /**
   * Takes the lock for writing as `lock` does, and blocks the thread until it has it: its other goroutines stand still meanwhile, and if
   * they wait to write too, get it later.
   *
   * @throws {DeadlockError} It is held by a goroutine of this thread, for writing or reading, which could not give it back: await `lock`.
   * @throws {MainThreadBlockedError} This is a page's main thread.
   */
  lockSync(options?: SyncOptions): void {
    if (debugging) asksSync(this.#monitor)
    this.#monitor.waitSync('lockSync', WRITE, options)
    if (debugging) takes(this.#monitor)
  }

  /**
   * Gives back the lock for writing: to all readers that wait, else to the writer that has waited longest.
   *
   * @throws {SyncMisuseError} sync: Unlock of unlocked RWMutex
   */
  unlock(): void {
    this.#monitor.change(unlock, 1)
    if (debugging) givesBack(this.#monitor)
  }

  /**
   * Takes the lock for reading, beside other readers; waits while a writer holds it or waits for it. Cancelled, it rejects
   * with the signal's reason and does not hold the lock.
   */
  rlock(options?: WaitOptions): Promise<void> {
    const locked = this.#monitor.wait(READ, 0, options)
    return debugging ? asks(this.#monitor, locked, false) : locked
  }

  /**
   * Takes the lock for reading if no writer holds it or waits for it; answers whether it did. Never waits.
   *
   * @throws {OwnerLostError}
   */
  tryRLock(): boolean {
    const locked = this.#monitor.try(READ, 0)
    if (debugging && locked) takes(this.#monitor, false)
    return locked
  }

  /**
   * Takes the lock for reading as `rlock` does, and blocks the thread until it has it.
   *
   * @throws {DeadlockError} It must wait, and a goroutine of this thread holds the lock, for writing or reading: await `rlock`.
   * @throws {MainThreadBlockedError} This is a page's main thread.
   */
  rlockSync(options?: SyncOptions): void {
    if (debugging) asksSync(this.#monitor, false)
    this.#monitor.waitSync('rlockSync', READ, options)
    if (debugging) takes(this.#monitor, false)
  }

  /**
   * Gives back one lock for reading. The last reader lets a waiting writer in.
   *
   * @throws {SyncMisuseError} sync: RUnlock of unlocked RWMutex
   */
  runlock(): void {
    this.#monitor.change(runlock, 1)
    if (debugging) givesBack(this.#monitor, false)
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
    checkFunction(fn, 'withLock')
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
    checkFunction(fn, 'withReadLock')
    if (debugging) return callsHolding(this.rlocker(), fn, options)
    await this.rlock(options)
    try {
      return await fn()
    } finally {
      this.runlock()
    }
  }

  /** The reading side as a Locker, for a `Cond`: the same each time. Crosses to other threads as the RWMutex does. Go's `RLocker`. */
  rlocker(): Locker {
    this.#rlocker ??= new RLocker(this)
    return this.#rlocker
  }
}

/** The reading side of an RWMutex. */
class RLocker implements Locker {
  readonly #mutex: RWMutex

  static {
    crossesAs(
      RLocker,
      'sync/rlocker',
      locker => locker.#mutex,
      mutex => mutex.rlocker() as RLocker,
    )
  }

  constructor(mutex: RWMutex) {
    this.#mutex = mutex
  }

  lock(options?: WaitOptions): Promise<void> {
    return this.#mutex.rlock(options)
  }

  unlock(): void {
    this.#mutex.runlock()
  }
}
