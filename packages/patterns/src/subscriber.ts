import { type Chan, ChanClosedError, type Counter } from '@millrace/core'
import type { ThreadLife } from './owner.js'

/** What happens to a value when a subscriber's buffer is full. */
export type Policy = 'drop-newest' | 'drop-oldest' | 'block' | 'evict'

export const POLICIES: readonly Policy[] = ['drop-newest', 'drop-oldest', 'block', 'evict']

/** Someone who has subscribed, as all threads know it; told apart by its channel, which is the same one on all. */
export interface Subscriber<T> {
  readonly pattern: string
  readonly policy: Policy
  readonly channel: Chan<T>
  readonly dropped: Counter
  /** Where it lives, once other threads know it. */
  thread?: ThreadLife
}

/** What came of a value: `full` must wait for room, and `gone` has unsubscribed. */
export type Outcome = 'delivered' | 'dropped' | 'evicted' | 'full' | 'gone'

/** So many other publishers may be quicker, each time, before this one gives way. */
const MOST_TRIES = 100

/**
 * Gives a subscriber a value if that need not wait.
 *
 * @param drop Called for every value that it does not get because of that, old or new.
 * @throws {DataCloneError} @throws {OutOfSharedMemoryError} The value cannot cross to the subscriber's thread; it counts as dropped.
 */
export function offer<T>({ channel, policy }: Subscriber<T>, value: T, drop: () => void): Outcome {
  try {
    for (let tries = 0; ; tries++) {
      if (channel.trySend(value)) return 'delivered'
      if (policy === 'block') return 'full'
      if (policy === 'drop-oldest' && tries < MOST_TRIES) {
        // Its receiver, or another publisher, may have been quicker; then there is room too.
        if (channel.tryReceiveOk()?.ok) drop()
        continue
      }
      drop()
      if (policy !== 'evict') return 'dropped'
      close(channel)
      return 'evicted'
    }
  } catch (error) {
    if (error instanceof ChanClosedError) return 'gone'
    drop()
    throw error
  }
}

/** Closes a channel, unless somebody was quicker. */
export function close(channel: { close(): void }): void {
  try {
    channel.close()
  } catch (error) {
    if (!(error instanceof ChanClosedError)) throw error
  }
}
