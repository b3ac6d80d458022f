import type { Crossing, Direction, Element, Message, Patience } from '@millrace/kernel'
import type { Carried } from './departure.js'
import type { Waiter, WaitQueue } from './wait-queue.js'

/** There is nothing to receive now. */
export const EMPTY = Symbol('empty')
/** There is nothing to receive any more. */
export const CLOSED = Symbol('closed')

/**
 * What carries a channel's values: this thread's memory, a ring of shared memory, a clock. One contract, so that `Chan` and
 * `select` are written once; nothing here waits.
 */
export interface Medium {
  /** What the values are. */
  readonly element: Element
  readonly capacity: number
  readonly length: number
  readonly closed: boolean
  /** The receivers of this thread that are parked here, and the senders. */
  readonly receivers: WaitQueue
  readonly senders: WaitQueue
  /** Hands `value` over, or answers false if that would have to wait. @throws {ChanClosedError} */
  trySend(value: unknown): boolean
  /** The next value, EMPTY if it would have to wait, or CLOSED. */
  tryReceive(): unknown
  /** Adds what is there to `values`, until they are `max`. */
  takeMany(values: unknown[], max: number): void
  /** Whether trySend would not answer false: there is room, a receiver is parked, or the channel is closed. */
  canSend(): boolean
  /** Whether tryReceive would not answer EMPTY. */
  canReceive(): boolean
  /**
   * As trySend, which has just answered false, with another thread that makes room or comes for it while it is looked at for a while, if that
   * has not been in vain lately; undefined where only this thread can. Nothing is made for it that is settled later.
   */
  sendSoon?(value: unknown): boolean
  /** As tryReceive, likewise. */
  receiveSoon?(): unknown
  /**
   * Whether it is worth while for a newcomer to `queue` to look on before it parks: undefined where only this thread can make it ready, or
   * others of this thread go first. A select looks itself, as it waits for others as well.
   */
  patienceIn?(queue: WaitQueue): Patience | undefined
  /**
   * As trySend, with another thread that comes for it while it is looked at so many times, or until a counterpart is offered at one of the
   * `places` that have been listed; undefined where none does.
   */
  offerSend?(value: unknown, looks: number, places: number): boolean
  /** As tryReceive, likewise. */
  offerReceive?(looks: number, places: number): unknown
  /** Lists, as the `index`-th of a select's cases, where it can be offered. */
  listPlace?(index: number, direction: Direction): void
  /** Goes up with every value that anybody moves; undefined where only this thread can. */
  readonly moves: number | undefined
  /**
   * Parks a sender, whose value trySend has just refused. It may be served before this returns. @throws if the value cannot
   * be sent at all; it is not parked then.
   */
  parkSender(waiter: Waiter): void
  parkReceiver(waiter: Waiter): void
  /** @throws {ChanClosedError} */
  close(): void
  /** Makes the channel one that other threads can hold too; answers the medium it has from then on, or will have very soon. */
  share(channel: Carried, message?: Message): SharedMedium
}

/** A medium whose channel can be named in a message to another thread. */
export interface SharedMedium extends Medium {
  cross(): Crossing
}

/** `takeMany` where values come one by one. */
export function takeEach(medium: Medium, values: unknown[], max: number): void {
  while (values.length < max) {
    const value = medium.tryReceive()
    if (value === EMPTY || value === CLOSED) return
    values.push(value)
  }
}
