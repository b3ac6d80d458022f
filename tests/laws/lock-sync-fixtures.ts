import { type DeadlockError, parallel, type SendChan } from '@millrace/core'
import { Mutex, RWMutex } from '@millrace/sync'

// Goroutines that block their thread for a lock, whichever it is.

export type Lock = Mutex | RWMutex

export const locks: Record<string, new () => Lock> = { 'a Mutex': Mutex, 'an RWMutex': RWMutex }

/** Waits for the lock in one goroutine, and for the same lock in another that blocks the thread of both, `times` times without an await. */
export const waitAndBlock = parallel(
  import.meta.url,
  async function waitAndBlock(lock: Lock, times: number, cell: Int32Array, blocks: SendChan<unknown>) {
    const waiting = lock.lock().then(() => {
      cell[0]!++
      lock.unlock()
    })
    blocks.trySend(true)
    for (let i = 0; i < times; i++) {
      lock.lockSync()
      cell[0]!++
      lock.unlock()
    }
    await waiting
  },
)

/** Takes the lock again and again, and blocks its thread each time. */
export const hammerSync = parallel(
  import.meta.url,
  function hammerSync(lock: Lock, cell: Int32Array, times: number) {
    for (let i = 0; i < times; i++) {
      lock.lockSync()
      cell[0]!++
      lock.unlock()
    }
  },
)

/** The same, and lets others of its thread run meanwhile. */
export async function hammer(lock: Lock, cell: Int32Array, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await lock.lock()
    cell[0]!++
    lock.unlock()
  }
}

/** Holds the lock, and blocks its thread for it; answers the code of what that throws. */
export const blockOnOneself = parallel(import.meta.url, async function blockOnOneself(lock: Lock) {
  await lock.lock()
  try {
    lock.lockSync()
    return 'nothing'
  } catch (error) {
    return (error as DeadlockError).code
  } finally {
    lock.unlock()
  }
})
