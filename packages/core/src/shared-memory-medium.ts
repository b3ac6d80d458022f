import {
  arriveReference,
  type Crossing,
  crossReference,
  currentThread,
  type Description,
  type Element,
  elementOf,
  keepReference,
  type Parked,
  Patience,
  registerKind,
  CLOSED as SEALED,
  type Thread,
} from '@millrace/kernel'
import { hasTime } from './budget.js'
import type { Packed } from './departing-to-memory.js'
import { sendOnClosed } from './errors.js'
import type { LocalMedium } from './local-medium.js'
import type { SharedMedium } from './medium.js'
import type { Waiter, WaitQueue } from './wait-queue.js'

/** Begins the path of a culprit. */
export const ROOT = 'value'

/** A channel on its way: its record, and what its values are. */
type Sent = [address: number, description: Description]

/**
 * A channel that several threads know: its record is in shared memory; its waiters stay in plain queues, each in its own thread.
 *
 *   S1  somebody of this thread waits => this medium is parked in the thread, which looks at it when it is poked
 *   S2  and other threads can see that somebody waits: each kind of medium says how
 *   S3  a waiting sender's value is a word that it owns; whoever commits the send takes the word
 */
export abstract class SharedMemoryMedium implements SharedMedium, Parked {
  readonly address: number
  readonly element: Element
  // Private, so that printing or comparing a channel does not go through all of memory.
  readonly #thread: Thread
  /** The channel it carries: kept so that the memory is not let go while somebody waits. */
  owner: object | undefined
  #isParked = false
  // The first wait parks: on a channel for one answer a look would mostly be in vain.
  readonly patience = new Patience(1, () => this.#thread.doorbell.lookOn())

  constructor(thread: Thread, address: number, element: Element) {
    this.#thread = thread
    this.address = address
    this.element = element
  }

  protected get thread(): Thread {
    return this.#thread
  }

  /** What its channels cross as. */
  abstract readonly kind: string
  abstract readonly capacity: number
  abstract readonly length: number
  abstract readonly closed: boolean
  abstract readonly moves: number
  abstract readonly receivers: WaitQueue
  abstract readonly senders: WaitQueue
  abstract trySend(value: unknown): boolean
  abstract tryReceive(): unknown
  abstract takeMany(values: unknown[], max: number): void
  abstract canSend(): boolean
  abstract canReceive(): boolean
  abstract parkSender(waiter: Waiter): void
  abstract parkReceiver(waiter: Waiter): void
  abstract close(): void
  abstract look(): void
  abstract sendSoon(value: unknown): boolean
  abstract receiveSoon(): unknown
  abstract patienceIn(queue: WaitQueue): Patience | undefined
  /** Lets what a local channel held be in this one, which nobody else knows yet. */
  abstract moveIn(local: LocalMedium, packed: Packed): void

  share(): SharedMedium {
    return this
  }

  keep(owner: object): void {
    this.owner = owner
    keepReference(this.address, owner)
  }

  cross(): Crossing {
    const sent: Sent = [this.address, this.element.description]
    return crossReference(this.thread, this.kind, this.address, sent)
  }

  /** Whether one looks for room before making a word of `value`. No number costs that much: the element is not asked for those. */
  protected isCostly(value: unknown): boolean {
    return typeof value !== 'number' && this.element.isCostly(value)
  }

  /** Whether a newcomer to `queue` is to look on before it parks there, and to tell `patience` how that ended. */
  protected isToLook(queue: WaitQueue): boolean {
    return this.patienceIn(queue) !== undefined && hasTime() && this.patience.ask()
  }

  /** Gives a receiver the value of a word. */
  deliver(waiter: Waiter, word: number): void {
    let value: unknown
    try {
      value = this.element.take(this.thread, word)
    } catch (error) {
      waiter.failed(error)
      return
    }
    waiter.received(value, true)
  }

  /** Frees a word that could not be sent. Answers false if there was no room for it. @throws {ChanClosedError} */
  protected notSent(word: number, status: number): false {
    this.element.drop(this.thread, word)
    if (status === SEALED) throw sendOnClosed()
    return false
  }

  /** Tells a sender that is out of its queue, and held, that the channel is closed. */
  protected refuse(waiter: Waiter): void {
    waiter.post?.free()
    this.element.drop(this.thread, waiter.value as number)
    waiter.failed(sendOnClosed())
  }

  protected enqueue(queue: WaitQueue, waiter: Waiter): void {
    queue.push(waiter)
    if (this.#isParked) return
    this.#isParked = true
    this.thread.park(this)
  }

  /** A sender gives up. */
  protected senderLeft(waiter: Waiter): void {
    this.element.drop(this.thread, waiter.value as number)
    this.left()
  }

  /** Somebody has stopped waiting. When nobody is left, the thread need not look here any more. */
  protected left(): void {
    if (!this.#isParked || this.receivers.first || this.senders.first) return
    this.#isParked = false
    this.nobodyWaits()
    this.thread.unpark(this)
  }

  /** Takes back what tells other threads that somebody waits here, if it does not go with those who waited. */
  protected nobodyWaits(): void {}
}

/** Says how channels that arrive from other threads are made, by the medium that they have here. */
export function onArrival(
  Medium: {
    readonly kind: string
    new (thread: Thread, address: number, element: Element): SharedMemoryMedium
  },
  make: (medium: SharedMemoryMedium) => object,
): void {
  registerKind(Medium.kind, ([address, description]: Sent) => {
    const thread = currentThread()
    return arriveReference(thread, address, () => {
      const medium = new Medium(thread, address, elementOf(description))
      medium.owner = make(medium)
      return medium.owner
    })
  })
}
