import type { ReceiveChan } from '@millrace/core'
import type { Policy } from './subscriber.js'

export const DEFAULT_BUFFER = 64

export interface SubscribeOptions {
  /** Values that may wait to be received: a whole number from 0 on. 64 unless given. */
  buffer?: number
  /**
   * What happens to a value when the buffer is full. 'drop-newest', unless given: the subscriber does not get it. 'drop-oldest': it
   * gets it, and the oldest in the buffer is gone; needs a buffer of at least 1. 'block': `publish` waits for room, for this subscriber
   * only. 'evict': the subscriber is unsubscribed.
   */
  policy?: Policy
}

/** What a subscriber receives. A channel as any other, in `select` too; one that crosses to another thread is a channel only. */
export interface Subscription<T> extends ReceiveChan<T>, Disposable {
  /** Ends the subscription: what is in the buffer can still be received, and then the channel is closed. May be called again. */
  unsubscribe(): void
  /** How many values it did not get. */
  readonly dropped: number
}

/** What a PubSub has done, on all threads. */
export interface PubSubStats {
  /** Subscriptions there are, as far as this thread knows. */
  readonly subscriptions: number
  /** Values published. */
  readonly published: number
  /** Values that got into a subscriber's buffer, counted once for each subscriber. */
  readonly delivered: number
  /** Values that a subscriber did not get, counted once for each. */
  readonly dropped: number
  /** Subscribers that were evicted. */
  readonly evicted: number
}
