import { anyValue, type Element } from '@millrace/kernel'
import { closeOfClosed, sendOnClosed } from './errors.js'
import { CLOSED, EMPTY, type Medium, type SharedMedium, takeEach } from './medium.js'
import { RendezvousMedium } from './rendezvous-medium.js'
import { RingMedium } from './ring-medium.js'
import { type Waiter, WaitQueue } from './wait-queue.js'

const FIRST_SIZE = 4
const ROOT = 'value'

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
  length = 0
  // A circular buffer that grows up to the capacity: its size is a power of two, `#head` the oldest value.
  #slots: unknown[] = []
  #head = 0

  constructor(capacity: number, element: Element = anyValue) {
    this.capacity = capacity
    this.element = element
  }

  get moves(): number {
    return 0
  }

  trySend(value: unknown): boolean {
    const kept = this.element === anyValue ? value : this.element.accept(value, ROOT)
    if (this.closed) throw sendOnClosed()
    const receiver = this.receivers.shift()
    if (receiver) receiver.received(kept, true)
    else if (this.length < this.capacity) this.#append(kept)
    else return false
    return true
  }

  tryReceive(): unknown {
    if (this.length > 0) {
      const value = this.#take()
      // A sender can only be waiting because the buffer was full: its value takes the place that is free now.
      const sender = this.senders.shift()
      if (sender) {
        this.#append(sender.value)
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
    return this.closed || this.receivers.first !== undefined || this.length < this.capacity
  }

  canReceive(): boolean {
    return this.length > 0 || this.closed || this.senders.first !== undefined
  }

  parkSender(waiter: Waiter): void {
    if (this.element !== anyValue) waiter.value = this.element.accept(waiter.value, ROOT)
    this.senders.push(waiter)
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

  share(): SharedMedium {
    return this.capacity === 0 ? RendezvousMedium.fromLocal(this) : RingMedium.fromLocal(this)
  }

  /** The buffered values, the oldest first. */
  *buffered(): Iterable<unknown> {
    for (let i = 0; i < this.length; i++) yield this.#slots[(this.#head + i) & (this.#slots.length - 1)]
  }

  #append(value: unknown): void {
    if (this.length === this.#slots.length) this.#grow()
    this.#slots[(this.#head + this.length) & (this.#slots.length - 1)] = value
    this.length++
  }

  #take(): unknown {
    const value = this.#slots[this.#head]
    this.#slots[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#slots.length - 1)
    this.length--
    return value
  }

  #grow(): void {
    const slots = [...this.buffered()]
    slots.length = Math.max(slots.length * 2, FIRST_SIZE)
    this.#slots = slots.fill(undefined, this.length)
    this.#head = 0
  }
}

/** A waiter that leaves a local channel leaves nothing behind. */
function forget(): void {}
