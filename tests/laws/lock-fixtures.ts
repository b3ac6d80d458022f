import {
  type Context,
  parallel,
  type ReceiveChan,
  runtime,
  type SendChan,
  type WaitOptions,
} from '@millrace/core'
import { Mutex, RWMutex, Semaphore } from '@millrace/sync'
import { randomFrom } from './expect.js'

// What the laws of locks start on other threads, whichever lock it is.

export type Lock = Mutex | RWMutex | Semaphore

/** How a lock is held by one at a time. */
export interface Way {
  readonly Class: new (permits: number) => Lock
  lock(lock: Lock, options?: WaitOptions): Promise<void>
  tryLock(lock: Lock): boolean
  unlock(lock: Lock): void
  /** Whether a holder that dies is reported, and not just given back. */
  readonly tells: boolean
  /** What it says when it is unlocked and not locked. */
  readonly misuse: string
}

const way = <T extends Lock>(
  Class: new (permits: number) => T,
  tells: boolean,
  misuse: string,
  lock: (lock: T, options?: WaitOptions) => Promise<void>,
  tryLock: (lock: T) => boolean,
  unlock: (lock: T) => void,
): Way => ({ Class, tells, misuse, lock, tryLock, unlock }) as unknown as Way

export const ways = {
  'a Mutex': way(
    Mutex as new () => Mutex,
    true,
    'sync: unlock of unlocked mutex',
    (mutex, options) => mutex.lock(options),
    mutex => mutex.tryLock(),
    mutex => mutex.unlock(),
  ),
  'an RWMutex': way(
    RWMutex as new () => RWMutex,
    true,
    'sync: Unlock of unlocked RWMutex',
    (mutex, options) => mutex.lock(options),
    mutex => mutex.tryLock(),
    mutex => mutex.unlock(),
  ),
  'a Semaphore': way(
    Semaphore,
    false,
    'semaphore: released more than held',
    (semaphore, options) => semaphore.acquire(1, options),
    semaphore => semaphore.tryAcquire(),
    semaphore => semaphore.release(),
  ),
}

export type WayName = keyof typeof ways

/** Stands still until told, so that no other goroutine begins on this thread, and ends it. */
export function endWhen(told: ReceiveChan<unknown>): never {
  told.receiveSync()
  return (globalThis as unknown as { process: { exit(code: number): never } }).process.exit(0)
}

/** Adds 1 to `cell[0]` so many times while it holds the lock, in two steps with others in between. Go's HammerMutex. */
export const hammer = parallel(
  import.meta.url,
  async function hammer(lock: Lock, name: WayName, cell: Int32Array, times: number, seed: number) {
    const way = ways[name]
    const random = randomFrom(seed)
    for (let i = 0; i < times; i++) {
      if (random(3) > 0) await way.lock(lock)
      else while (!way.tryLock(lock)) await runtime.gosched()
      const seen = cell[0]!
      if (random(4) === 0) await runtime.gosched()
      else if (random(2) === 0) await undefined
      cell[0] = seen + 1
      way.unlock(lock)
    }
  },
)

/** Once all have come, takes the lock again and again until each has had it `least` times; counts in `shares[me]`. */
export const share = parallel(
  import.meta.url,
  async function share(lock: Lock, name: WayName, shares: Int32Array, me: number, least: number) {
    const way = ways[name]
    const all = shares.length - 1
    Atomics.add(shares, all, 1)
    // On a thread each: nobody else begins here while this one stands.
    while (Atomics.load(shares, all) < all) if (me === 0) await runtime.gosched()
    for (;;) {
      await way.lock(lock)
      shares[me]!++
      const isOver = shares.subarray(0, all).every(share => share >= least)
      // So long that whoever waits is to be next: of shorter ones whoever runs may have many until another has even woken up.
      const end = performance.now() + 1.5
      while (performance.now() < end);
      way.unlock(lock)
      if (isOver) return
    }
  },
)

/** Takes the lock, says so, and when told gives it back, or ends its thread. */
export const hold = parallel(
  import.meta.url,
  async function hold(
    lock: Lock,
    name: WayName,
    started: SendChan<unknown>,
    told: ReceiveChan<unknown>,
    dies: boolean,
  ) {
    await ways[name].lock(lock)
    await started.send(true)
    if (dies) endWhen(told)
    await told.receive()
    ways[name].unlock(lock)
  },
)

/** Waits for the lock, says that it does; has it and gives it back, or is told meanwhile to end its thread. */
export const queue = parallel(
  import.meta.url,
  async function queue(
    lock: Lock,
    name: WayName,
    started: SendChan<unknown>,
    told?: ReceiveChan<unknown>,
    ctx?: Context,
  ) {
    const waiting = ways[name].lock(lock, ctx)
    await started.send(true)
    if (told) endWhen(told)
    try {
      await waiting
    } catch (error) {
      const { code = 'none', message } = error as Error & { code?: string }
      return { code, message }
    }
    ways[name].unlock(lock)
    return 'had it'
  },
)

export const unlock = parallel(import.meta.url, function unlock(lock: Lock, name: WayName) {
  ways[name].unlock(lock)
})

export const tryLock = parallel(import.meta.url, function tryLock(lock: Lock, name: WayName) {
  return ways[name].tryLock(lock)
})
