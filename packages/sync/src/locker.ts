import type { WaitOptions } from '@millrace/core'

/** What can be locked: a Mutex, an RWMutex (for writing), the `rlocker()` of one (for reading). Go's `sync.Locker`. */
export interface Locker {
  lock(options?: WaitOptions): Promise<void>
  unlock(): void
}
