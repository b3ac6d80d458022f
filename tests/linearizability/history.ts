// What goroutines did to one channel, and when: every operation with the moments of its call and its return, on a clock that
// all threads share.

export type Operation = 'send' | 'trySend' | 'receive' | 'tryReceive' | 'select' | 'close'

/** How an operation ended. */
export type Outcome =
  | { did: 'sent'; value: number }
  | { did: 'received'; value: number }
  /** It would have had to wait. */
  | { did: 'nothing'; side: 'send' | 'receive' }
  /** A send, or a second close, that failed as the channel was closed. */
  | { did: 'failed' }
  /** A receive that found the end. */
  | { did: 'ended' }
  | { did: 'closed' }

export interface Event {
  readonly operation: Operation
  readonly outcome: Outcome
  readonly called: number
  readonly returned: number
}

export interface History {
  readonly capacity: number
  readonly events: readonly Event[]
}
