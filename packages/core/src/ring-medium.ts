import {
  type Direction,
  INBOX_WORDS,
  OK,
  OK_SELF,
  type Patience,
  RECEIVE,
  CLOSED as SEALED,
  SEND,
  SHORT_LOOK,
  type Thread,
  WOULD_BLOCK,
} from '@millrace/kernel'
import { hasTime, spendLooks } from './budget.js'
import type { Packed } from './departing-to-memory.js'
import { closeOfClosed, sendOnClosed } from './errors.js'
import type { LocalMedium } from './local-medium.js'
import { CLOSED, EMPTY } from './medium.js'
import { ROOT, SharedMemoryMedium } from './shared-memory-medium.js'
import { type Waiter, WaitQueue } from './wait-queue.js'

/** How often whoever has been woken looks on for its other waiters before it parks them again. */
const MOST_LOOKS = 16

/** Shortly before positions wrap: nothing special, so it may happen at once. */
const FIRST_POSITION = 2 ** 32 - 4096

/**
 * A buffered channel that several threads know: its values are words in a sealed ring of shared memory; its waiters are behind one
 * ticket per thread and direction (see the kernel's parking.ts).
 *
 *   S2  somebody of this thread waits => the thread's ticket is set, or somebody is on the way to look here, or `#serve` is
 *       running
 */
export class RingMedium extends SharedMemoryMedium {
  static readonly kind = 'chan'
  readonly kind = RingMedium.kind
  readonly capacity = this.thread.kernel.ringCapacity(this.address)
  readonly receivers = new WaitQueue(() => this.left())
  readonly senders = new WaitQueue(waiter => this.senderLeft(waiter))

  /** A ring with nothing in it, for what a local channel holds. */
  static empty(thread: Thread, { capacity, element }: LocalMedium): RingMedium {
    const ring = thread.kernel.ringCreate(thread.id, capacity, FIRST_POSITION, element.contents)
    if (ring === 0) throw thread.outOfMemory(8 * capacity)
    return new RingMedium(thread, ring, element)
  }

  moveIn(local: LocalMedium, { words, waiting }: Packed): void {
    const { kernel, id } = this.thread
    for (const word of words) kernel.ringSend(id, this.address, word)
    if (local.closed) kernel.ringClose(id, this.address)
    for (const [waiter, word] of waiting) {
      // Its select may have been served meanwhile by another channel that has moved.
      if (waiter.queue !== local.senders) {
        this.element.drop(this.thread, word)
        continue
      }
      local.senders.unlink(waiter)
      waiter.value = word
      this.enqueue(this.senders, waiter)
    }
    for (let waiter = local.receivers.first; waiter; waiter = local.receivers.first) {
      local.receivers.unlink(waiter)
      this.enqueue(this.receivers, waiter)
    }
    if (this.senders.first) kernel.ringPark(id, this.address, SEND)
    if (this.receivers.first) kernel.ringPark(id, this.address, RECEIVE)
  }

  get length(): number {
    return this.thread.kernel.ringLength(this.address)
  }

  get closed(): boolean {
    return this.thread.kernel.ringClosed(this.address) !== 0
  }

  get moves(): number {
    return this.thread.kernel.ringMoves(this.address)
  }

  trySend(value: unknown): boolean {
    if (this.senders.first !== undefined && !this.#servedBefore(value)) return false
    const { thread } = this
    if (this.isCostly(value) && !thread.kernel.ringCanSend(this.address)) return false
    const word = this.element.toWord(thread, value, ROOT)
    const status = thread.kernel.ringSend(thread.id, this.address, word)
    return status === OK || this.#sent(word, status)
  }

  // What is seldom has a function of its own here, so that the engine may put the rest where it is called.

  /** Whether nobody waits any more who has come before `value`. */
  #servedBefore(value: unknown): boolean {
    this.#serve(SEND)
    if (!this.senders.first) return true
    this.element.accept(value, ROOT) // what does not fit is refused all the same
    if (this.closed) throw sendOnClosed()
    return false
  }

  #sent(word: number, status: number): boolean {
    if (status === WOULD_BLOCK || status === SEALED) return this.notSent(word, status)
    if (status === OK_SELF) this.#serve(RECEIVE)
    return true
  }

  tryReceive(): unknown {
    if (this.receivers.first !== undefined) {
      this.#serve(RECEIVE)
      if (this.receivers.first) return EMPTY
    }
    const { thread } = this
    const status = thread.kernel.ringReceive(thread.id, this.address)
    return status === OK ? this.element.take(thread, thread.answer) : this.#received(status)
  }

  #received(status: number): unknown {
    if (status === WOULD_BLOCK) return EMPTY
    if (status === SEALED) return CLOSED
    const word = this.thread.answer
    if (status === OK_SELF) this.#serve(SEND)
    return this.element.take(this.thread, word)
  }

  takeMany(values: unknown[], max: number): void {
    const thread = this.thread
    while (values.length < max && !this.receivers.first) {
      const wanted = Math.min(max - values.length, INBOX_WORDS)
      const status = thread.kernel.ringReceiveMany(thread.id, this.address, wanted)
      if (status === WOULD_BLOCK || status === SEALED) return
      const count = thread.answer
      try {
        this.element.takeMany(thread, thread.inbox(count), values)
      } finally {
        if (status === OK_SELF) this.#serve(SEND)
      }
      if (count < wanted && status !== OK_SELF) return
    }
  }

  canSend(): boolean {
    return this.senders.first === undefined && this.thread.kernel.ringCanSend(this.address) !== 0
  }

  canReceive(): boolean {
    return this.receivers.first === undefined && this.thread.kernel.ringCanReceive(this.address) !== 0
  }

  patienceIn(queue: WaitQueue): Patience | undefined {
    return queue.first === undefined ? this.patience : undefined
  }

  sendSoon(value: unknown): boolean {
    return this.#comesSoon(SEND, this.senders) && this.trySend(value)
  }

  receiveSoon(): unknown {
    return this.#comesSoon(RECEIVE, this.receivers) ? this.tryReceive() : EMPTY
  }

  /** Whether another thread makes a newcomer to `queue` ready while it looks on. */
  #comesSoon(direction: Direction, queue: WaitQueue): boolean {
    if (!this.isToLook(queue)) return false
    return this.patience.learn(this.#looksOn(direction, this.patience.looks, this.patience.keepsPace))
  }

  parkSender(waiter: Waiter): void {
    const word = this.element.toWord(this.thread, waiter.value, ROOT)
    if (waiter.isOver) return this.element.drop(this.thread, word)
    waiter.value = word
    this.enqueue(this.senders, waiter)
    this.#serve(SEND)
    this.left()
  }

  parkReceiver(waiter: Waiter): void {
    this.enqueue(this.receivers, waiter)
    this.#serve(RECEIVE)
    this.left()
  }

  #looksOn(direction: Direction, looks: number, slips: boolean): boolean {
    const { kernel, id } = this.thread
    const looksLeft = kernel.ringAwait(id, this.address, direction, looks, slips)
    spendLooks(looks - looksLeft)
    return looksLeft > 0
  }

  close(): void {
    const { kernel, id } = this.thread
    if (kernel.ringClose(id, this.address) === SEALED) throw closeOfClosed()
    this.look()
  }

  /** The ring may have changed: lets everybody go on who can. */
  look(): void {
    this.patience.arrived(this.thread.doorbell.arrival)
    this.#serve(RECEIVE, MOST_LOOKS)
    this.#serve(SEND, MOST_LOOKS)
    this.left()
  }

  /**
   * Serves the waiters of one direction in order; then the others, if that made room or gave values for them, and so on.
   * Afterwards each direction either has its ticket again, or has passed on the baton that it may have held.
   *
   * @param looks How often to look on before the ticket is armed again: where the other side moves a value at a time, each waiter would else
   * need a wake-up of its own.
   */
  #serve(direction: Direction, looks = 0): void {
    let next: Direction = direction
    while (next === RECEIVE ? this.#serveReceivers(looks) : this.#serveSenders(looks))
      next = next === RECEIVE ? SEND : RECEIVE
  }

  /** Answers whether senders of this thread may go on now. */
  #serveReceivers(looks: number): boolean {
    const { kernel, id } = this.thread
    let sendersMayGoOn = false
    do {
      while (this.receivers.first) {
        const { post } = this.receivers.first
        if (post !== undefined) {
          if (kernel.ringCanReceive(this.address) === 0) break
          if (!post.hold()) continue
        }
        const status = kernel.ringReceive(id, this.address)
        if (status === WOULD_BLOCK) {
          post?.open()
          break
        }
        const word = this.thread.answer
        const waiter = this.receivers.shift()!
        if (status === SEALED) waiter.received(undefined, false)
        else this.deliver(waiter, word)
        if (status === OK_SELF) sendersMayGoOn = true
      }
    } while (this.#again(this.receivers, RECEIVE, looks--))
    return sendersMayGoOn
  }

  /** Answers whether receivers of this thread may go on now. */
  #serveSenders(looks: number): boolean {
    const { kernel, id } = this.thread
    let receiversMayGoOn = false
    do {
      while (this.senders.first) {
        const { post, value } = this.senders.first
        if (post !== undefined) {
          if (kernel.ringCanSend(this.address) === 0) break
          if (!post.hold()) continue
        }
        const status = kernel.ringSend(id, this.address, value as number)
        if (status === WOULD_BLOCK) {
          post?.open()
          break
        }
        const waiter = this.senders.shift()!
        if (status === SEALED) this.refuse(waiter)
        else waiter.sent()
        if (status === OK_SELF) receiversMayGoOn = true
      }
    } while (this.#again(this.senders, SEND, looks--))
    return receiversMayGoOn
  }

  /** Arms the ticket and looks once more if somebody still waits; else passes the baton on. True: serve again. */
  #again(queue: WaitQueue, direction: Direction, looks: number): boolean {
    const { kernel, id } = this.thread
    if (queue.first) {
      // Nothing is learnt from this look: it is about who waits here, patience about who is about to.
      const isLikely = looks > 0 && this.patience.keepsPace && hasTime()
      if (isLikely && this.#looksOn(direction, SHORT_LOOK, false)) return true
      return kernel.ringPark(id, this.address, direction) !== 0
    }
    // A ticket of our own may be left over from earlier waiters: it is not where the baton should go.
    while (kernel.ringPassBaton(id, this.address, direction) === OK_SELF) {}
    return false
  }

  protected override nobodyWaits(): void {
    const { kernel, id } = this.thread
    kernel.ringUnpark(id, this.address, RECEIVE)
    kernel.ringUnpark(id, this.address, SEND)
  }
}
