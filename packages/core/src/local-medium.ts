import { anyValue, type Element, type Message } from '@millrace/kernel'
import { DepartingToMemory } from './departing-to-memory.js'
import { type Carried, depart } from './departure.js'
import { closeOfClosed, sendOnClosed } from './errors.js'
import { CLOSED, EMPTY, type Medium, type SharedMedium, takeEach } from './medium.js'
import { RendezvousMedium } from './rendezvous-medium.js'
import { RingMedium } from './ring-medium.js'
import { ValueQueue } from './value-queue.js'
import { SingleWaiter, type Waiter, WaitQueue } from './wait-queue.js'

const ROOT = 'value'
/** Of all unbuffered channels. */
const NO_BUFFER = new ValueQueue()

/**
 * A channel that only this thread knows: a buffer and two wait queues, as in Go's runtime (chan.go) without its lock.
 *
 *   C1  a receiver waits  => the buffer is empty and the channel is open
 *   C2  a sender waits    => the buffer is full and the channel is open
 *   C3  a sender waits    => no receiver waits, except where one select has a case on each side
 *   C4  closed            => it stays closed, and nobody waits
 */
export class LocalMedium implements Medium {
  readonly capacity: number
  readonly element: Element
  readonly receivers = new WaitQueue(forget)
  readonly senders = new WaitQueue(forget)
  closed = false
  /** What carries the channel's values since it has crossed. */
  successor: Medium | undefined
  readonly #buffer: ValueQueue

  constructor(capacity: number, element: Element = anyValue) {
    this.capacity = capacity
    this.element = element
    this.#buffer = capacity === 0 ? NO_BUFFER : new ValueQueue()
  }

  get length(): number {
    return this.#buffer.length
  }

  get moves(): undefined {
    return undefined
  }

  trySend(value: unknown): boolean {
    let kept = value
    if (this.element !== anyValue) {
      kept = this.element.accept(value, ROOT)
      if (this.successor) return this.successor.trySend(kept) // reading a struct may run code that lets the channel cross
    }
    return this.put(kept)
  }

  /** Hands over what the channel keeps of a value. */
  protected put(kept: unknown): boolean {
    if (this.closed) throw sendOnClosed()
    const receiver = this.receivers.shift()
    if (receiver) receiver.received(kept, true)
    else if (this.#buffer.length < this.capacity) this.#buffer.add(kept)
    else return false
    return true
  }

  tryReceive(): unknown {
    if (this.#buffer.length > 0) {
      const value = this.#buffer.take()
      // A sender can only be waiting because the buffer was full: its value takes the place that is free now.
      const sender = this.senders.shift()
      if (sender) {
        this.#buffer.add(sender.value)
        sender.sent()
      }
      return value
    }
    const sender = this.senders.shift()
    if (!sender) return this.closed ? CLOSED : EMPTY
    sender.sent()
    return sender.value
  }

  takeMany(values: unknown[], max: number): void {
    takeEach(this, values, max)
  }

  canSend(): boolean {
    return this.closed || this.receivers.first !== undefined || this.#buffer.length < this.capacity
  }

  canReceive(): boolean {
    return this.#buffer.length > 0 || this.closed || this.senders.first !== undefined
  }

  parkSender(waiter: Waiter): void {
    if (this.element !== anyValue) this.parkRead(waiter, this.element.accept(waiter.value, ROOT))
    else if (waiter instanceof SingleWaiter) this.senders.push(waiter)
    else this.parkRead(waiter, waiter.value)
  }

  /**
   * Parks a sender whose value has been read. That, or to read that of another case of its select, may have run code of others, after which
   * it need not wait any more, or must not.
   */
  protected parkRead(waiter: Waiter, kept: unknown): void {
    waiter.value = kept
    if (this.successor) return this.successor.parkSender(waiter)
    if (waiter.isOver) return
    if (this.closed) throw sendOnClosed()
    const receiver = this.#receiverFor(waiter)
    const hasRoom = this.#buffer.length < this.capacity
    if (!receiver && !hasRoom) return this.senders.push(waiter)
    waiter.sent() // first, as a promise that is resolved asks the value for a `then`, which may be a getter too
    if (receiver) receiver.received(kept, true)
    else this.#buffer.add(kept)
  }

  /** Takes out the first receiver that can have what `sender` sends: none of the same select. */
  #receiverFor(sender: Waiter): Waiter | undefined {
    let receiver = this.receivers.first
    while (receiver && (receiver.isSiblingOf(sender) || receiver.post?.hold() === false)) {
      // Who could not be held is gone.
      receiver = receiver.queue ? this.receivers.after(receiver) : this.receivers.first
    }
    if (receiver) this.receivers.unlink(receiver)
    return receiver
  }

  parkReceiver(waiter: Waiter): void {
    this.receivers.push(waiter)
  }

  close(): void {
    if (this.closed) throw closeOfClosed()
    this.closed = true
    for (let waiter = this.receivers.shift(); waiter; waiter = this.receivers.shift())
      waiter.received(undefined, false)
    for (let waiter = this.senders.shift(); waiter; waiter = this.senders.shift())
      waiter.failed(sendOnClosed())
  }

  share(channel: Carried, message?: Message): SharedMedium {
    const Shared = this.capacity === 0 ? RendezvousMedium : RingMedium
    const make = () => new DepartingToMemory(channel, this, thread => Shared.empty(thread, this))
    return depart(this, make, message).medium
  }

  /** The buffered values, the oldest first. */
  buffered(): Iterable<unknown> {
    return this.#buffer
  }
}

/** A waiter that leaves a local channel leaves nothing behind. */
function forget(): void {}
