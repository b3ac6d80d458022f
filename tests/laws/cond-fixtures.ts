import { type AtomicBool, type Context, parallel, runtime, type SendChan } from '@millrace/core'
import type { Cond, Mutex } from '@millrace/sync'

// What the laws of Cond start on other threads.

/** Waits, having said so while it held the lock; says its name once it is woken. */
export const awaitSignal = parallel(
  import.meta.url,
  async function awaitSignal(cond: Cond, name: number, started: SendChan<unknown>, woken: SendChan<number>) {
    await cond.locker.lock()
    await started.send(true)
    await cond.wait()
    cond.locker.unlock()
    await woken.send(name)
  },
)

/** Waits, says that it does, and hears of nothing more until told; then ends its thread. */
export const awaitAndDie = parallel(
  import.meta.url,
  async function awaitAndDie(cond: Cond, started: SendChan<unknown>, told: AtomicBool) {
    await cond.locker.lock()
    void cond.wait()
    started.trySend(true)
    while (!told.load());
    ;(globalThis as unknown as { process: { exit(code: number): never } }).process.exit(0)
  },
)

/** Waits until it is woken or `ctx` is cancelled; answers how that was, and whether it had the lock then. */
export const awaitUntil = parallel(
  import.meta.url,
  async function awaitUntil(cond: Cond, started: SendChan<unknown>, ctx: Context) {
    const mutex = cond.locker as Mutex
    await mutex.lock()
    await started.send(true)
    let end: unknown = 'woken'
    try {
      await cond.wait(ctx)
    } catch (error) {
      end = error
    }
    const { locked } = mutex
    mutex.unlock()
    return { end, locked }
  },
)

/** Waits with what is cancelled already; answers whether that rejected, and whether it still had the lock. */
export const awaitUntilCanceled = parallel(
  import.meta.url,
  async function awaitUntilCanceled(cond: Cond, ctx: Context) {
    const mutex = cond.locker as Mutex
    await mutex.lock()
    const rejected = await cond.wait(ctx).then(
      () => false,
      () => true,
    )
    const { locked } = mutex
    mutex.unlock()
    return [rejected, locked]
  },
)

export const signal = parallel(import.meta.url, function signal(cond: Cond, times: number) {
  for (let i = 0; i < times; i++) cond.signal()
})

export const broadcast = parallel(import.meta.url, function broadcast(cond: Cond) {
  cond.broadcast()
})

export const hasLocker = parallel(import.meta.url, function hasLocker(cond: Cond, mutex: Mutex) {
  return cond.locker === mutex
})

/** Waits on a lock that nobody holds. */
export const awaitUnlocked = parallel(import.meta.url, async function awaitUnlocked(cond: Cond) {
  await cond.wait()
})

/** A buffer of few places in shared memory. */
export const PLACES = 4
export const LENGTH = PLACES
/** How many have been taken, and their sum. */
export const TAKEN = PLACES + 1
export const SUM = PLACES + 2
export const BUFFER = PLACES + 3

export const produce = parallel(
  import.meta.url,
  async function produce([notFull, notEmpty]: [Cond, Cond], buffer: Int32Array, from: number, count: number) {
    for (let i = from; i < from + count; i++) {
      await notFull.locker.lock()
      while (buffer[LENGTH] === PLACES) await notFull.wait()
      buffer[buffer[LENGTH]++] = i
      notFull.locker.unlock()
      notEmpty.signal()
      if (i % 7 === 0) await runtime.gosched()
    }
  },
)

export const consume = parallel(
  import.meta.url,
  async function consume([notFull, notEmpty]: [Cond, Cond], buffer: Int32Array, most: number) {
    for (;;) {
      await notEmpty.locker.lock()
      while (buffer[LENGTH] === 0 && buffer[TAKEN] < most) await notEmpty.wait()
      const isOver = buffer[TAKEN] === most
      if (!isOver) {
        buffer[SUM] += buffer[--buffer[LENGTH]]
        buffer[TAKEN]++
      }
      const isLast = buffer[TAKEN] === most
      notEmpty.locker.unlock()
      if (isLast) notEmpty.broadcast()
      else notFull.signal()
      if (isOver) return
    }
  },
)
