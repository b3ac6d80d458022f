import {
  anyValue,
  arriveReference,
  type Crossing,
  crossReference,
  currentThread,
  type Description,
  type Direction,
  type Element,
  elementOf,
  INBOX_WORDS,
  keepReference,
  NUMBERS,
  OK_SELF,
  type Parked,
  RECEIVE,
  registerKind,
  CLOSED as SEALED,
  SEND,
  type Thread,
  WOULD_BLOCK,
} from '@millrace/kernel'
import { closeOfClosed, sendOnClosed } from './errors.js'
import type { LocalMedium } from './local-medium.js'
import { CLOSED, EMPTY, type SharedMedium } from './medium.js'
import { type Waiter, WaitQueue } from './wait-queue.js'

const KIND = 'chan'
const ROOT = 'value'

/** Shortly before positions wrap: nothing special, so it may happen at once. */
const FIRST_POSITION = 2 ** 32 - 4096

/** A channel on its way: its ring, and what its values are. */
type Sent = [address: number, description: Description]

/**
 * A channel that several threads know: its values are words in a sealed ring of shared memory; its waiters stay in plain
 * queues, each in its own thread, behind one ticket per thread and direction (see the kernel's parking.ts).
 *
 *   S1  somebody of this thread waits => this medium is parked in the thread, which looks at it when it is poked
 *   S2  and the thread's ticket is set, or somebody is on the way to look here, or `#serve` is running
 *   S3  a waiting sender's value is a word that it owns; whoever takes the sender out of the queue takes the word
 */
export class RingMedium implements SharedMedium, Parked {
  readonly address: number
  readonly element: Element
  readonly capacity: number
  readonly receivers = new WaitQueue(() => this.#left())
  readonly senders = new WaitQueue(waiter => {
    this.element.drop(this.#thread, waiter.value as number)
    this.#left()
  })
  readonly #thread: Thread
  /** The channel it carries: kept so that the memory is not let go while somebody waits. */
  owner: object | undefined
  #parked = false

  private constructor(thread: Thread, address: number, element: Element) {
    this.#thread = thread
    this.address = address
    this.element = element
    this.capacity = thread.kernel.ringCapacity(address)
  }

  /** Moves a local channel's values and waiters to a new ring. On an error the channel is as it was. */
  static fromLocal(local: LocalMedium): RingMedium {
    const thread = currentThread()
    const { element } = local
    const words: number[] = []
    const waiting: [Waiter, number][] = []
    let address = 0
    try {
      let i = 0
      for (const value of local.buffered()) words.push(element.toWord(thread, value, `.buffer[${i++}]`))
      for (let waiter = local.senders.first; waiter; waiter = waiter.next) {
        waiting.push([waiter, element.toWord(thread, waiter.value, `.senders[${waiting.length}]`)])
      }
      address = thread.kernel.ringCreate(thread.id, local.capacity, FIRST_POSITION, element.contents)
      if (address === 0) throw thread.outOfMemory(8 * local.capacity)
    } catch (error) {
      for (const word of words) element.drop(thread, word)
      for (const [, word] of waiting) element.drop(thread, word)
      throw error
    }
    // Nobody else knows the ring yet.
    const medium = new RingMedium(thread, address, element)
    for (const word of words) thread.kernel.ringSend(thread.id, address, word)
    if (local.closed) thread.kernel.ringClose(thread.id, address)
    for (const [waiter, word] of waiting) {
      local.senders.unlink(waiter)
      waiter.value = word
      medium.#enqueue(medium.senders, waiter)
    }
    for (let waiter = local.receivers.first; waiter; waiter = local.receivers.first) {
      local.receivers.unlink(waiter)
      medium.#enqueue(medium.receivers, waiter)
    }
    if (medium.senders.first) thread.kernel.ringPark(thread.id, address, SEND)
    if (medium.receivers.first) thread.kernel.ringPark(thread.id, address, RECEIVE)
    return medium
  }

  get length(): number {
    return this.#thread.kernel.ringLength(this.address)
  }

  get closed(): boolean {
    return this.#thread.kernel.ringClosed(this.address) !== 0
  }

  get moves(): number {
    return this.#thread.kernel.ringMoves(this.address)
  }

  trySend(value: unknown): boolean {
    if (this.senders.first) {
      // Those who wait come first.
      this.#serve(SEND)
      if (this.senders.first) {
        if (this.element !== anyValue) this.element.accept(value, ROOT)
        if (this.closed) throw sendOnClosed()
        return false
      }
    }
    const { element } = this
    const { kernel, id } = this.#thread
    if (element.isCostly(value) && !kernel.ringCanSend(this.address)) return false
    return this.#offer(element.toWord(this.#thread, value, ROOT), id)
  }

  #offer(word: number, id: number): boolean {
    const status = this.#thread.kernel.ringSend(id, this.address, word)
    if (status === WOULD_BLOCK || status === SEALED) {
      this.element.drop(this.#thread, word)
      if (status === SEALED) throw sendOnClosed()
      return false
    }
    if (status === OK_SELF) this.#serve(RECEIVE)
    return true
  }

  tryReceive(): unknown {
    if (this.receivers.first) {
      this.#serve(RECEIVE)
      if (this.receivers.first) return EMPTY
    }
    const { kernel, id } = this.#thread
    const status = kernel.ringReceive(id, this.address)
    if (status === WOULD_BLOCK) return EMPTY
    if (status === SEALED) return CLOSED
    const word = this.#thread.answer
    if (status === OK_SELF) this.#serve(SEND)
    return this.element.take(this.#thread, word)
  }

  takeMany(values: unknown[], max: number): void {
    const thread = this.#thread
    while (values.length < max && !this.receivers.first) {
      const wanted = Math.min(max - values.length, INBOX_WORDS)
      const status = thread.kernel.ringReceiveMany(thread.id, this.address, wanted)
      if (status === WOULD_BLOCK || status === SEALED) return
      const count = thread.answer
      const inbox = thread.inbox(count)
      // A copy of words that may own something: taking such a value runs code of others.
      const words = this.element.contents === NUMBERS || inbox.every(isInline) ? inbox : inbox.slice()
      if (status === OK_SELF) this.#serve(SEND)
      this.#takeWords(words, values)
      if (count < wanted && status !== OK_SELF) return
    }
  }

  canSend(): boolean {
    return this.senders.first === undefined && this.#thread.kernel.ringCanSend(this.address) !== 0
  }

  canReceive(): boolean {
    return this.receivers.first === undefined && this.#thread.kernel.ringCanReceive(this.address) !== 0
  }

  parkSender(waiter: Waiter): void {
    waiter.value = this.element.toWord(this.#thread, waiter.value, ROOT)
    this.#enqueue(this.senders, waiter)
    this.#serve(SEND)
    this.#left()
  }

  parkReceiver(waiter: Waiter): void {
    this.#enqueue(this.receivers, waiter)
    this.#serve(RECEIVE)
    this.#left()
  }

  close(): void {
    const { kernel, id } = this.#thread
    if (kernel.ringClose(id, this.address) === SEALED) throw closeOfClosed()
    this.look()
  }

  share(): SharedMedium {
    return this
  }

  cross(): Crossing {
    const sent: Sent = [this.address, this.element.description]
    return crossReference(this.#thread, KIND, this.address, sent)
  }

  /** The ring may have changed: lets everybody go on who can. */
  look(): void {
    this.#serve(RECEIVE)
    this.#serve(SEND)
    this.#left()
  }

  #enqueue(queue: WaitQueue, waiter: Waiter): void {
    queue.push(waiter)
    if (this.#parked) return
    this.#parked = true
    this.#thread.park(this)
  }

  /**
   * Serves the waiters of one direction in order; then the others, if that made room or gave values for them, and so on.
   * Afterwards each direction either has its ticket again, or has passed on the baton that it may have held.
   */
  #serve(direction: Direction): void {
    let next: Direction = direction
    while (next === RECEIVE ? this.#serveReceivers() : this.#serveSenders())
      next = next === RECEIVE ? SEND : RECEIVE
  }

  /** Answers whether senders of this thread may go on now. */
  #serveReceivers(): boolean {
    const { kernel, id } = this.#thread
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
        const word = this.#thread.answer
        const waiter = this.receivers.shift()!
        if (status === SEALED) waiter.received(undefined, false)
        else deliver(this.#thread, waiter, this.element, word)
        if (status === OK_SELF) sendersMayGoOn = true
      }
    } while (this.#again(this.receivers, RECEIVE))
    return sendersMayGoOn
  }

  /** Answers whether receivers of this thread may go on now. */
  #serveSenders(): boolean {
    const { kernel, id } = this.#thread
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
        if (status === SEALED) {
          waiter.post?.free()
          this.element.drop(this.#thread, waiter.value as number)
          waiter.failed(sendOnClosed())
        } else waiter.sent()
        if (status === OK_SELF) receiversMayGoOn = true
      }
    } while (this.#again(this.senders, SEND))
    return receiversMayGoOn
  }

  /** Arms the ticket and looks once more if somebody still waits; else passes the baton on. True: serve again. */
  #again(queue: WaitQueue, direction: Direction): boolean {
    const { kernel, id } = this.#thread
    if (queue.first) return kernel.ringPark(id, this.address, direction) !== 0
    // A ticket of our own may be left over from earlier waiters: it is not where the baton should go.
    while (kernel.ringPassBaton(id, this.address, direction) === OK_SELF) {}
    return false
  }

  /** Somebody has stopped waiting. When nobody is left, the thread need not look here any more. */
  #left(): void {
    if (!this.#parked || this.receivers.first || this.senders.first) return
    this.#parked = false
    const { kernel, id } = this.#thread
    kernel.ringUnpark(id, this.address, RECEIVE)
    kernel.ringUnpark(id, this.address, SEND)
    this.#thread.unpark(this)
  }

  #takeWords(words: Int32Array, values: unknown[]): void {
    const thread = this.#thread
    const { element } = this
    let i = 0
    try {
      while (i < words.length) values.push(element.take(thread, words[i++]))
    } finally {
      // Only if one could not be read: nobody gets those after it.
      while (i < words.length) element.drop(thread, words[i++])
    }
  }

  static arrive([address, description]: Sent, make: (medium: RingMedium) => object): object {
    const thread = currentThread()
    return arriveReference(thread, address, () => {
      const medium = new RingMedium(thread, address, elementOf(description))
      medium.owner = make(medium)
      return medium.owner
    })
  }

  /** Makes `owner` what this thread knows the ring by. */
  keep(owner: object): void {
    this.owner = owner
    keepReference(this.address, owner)
  }
}

const isInline = (word: number): boolean => (word & 1) === 1

/** Gives a receiver the value of a word. */
export function deliver(thread: Thread, waiter: Waiter, element: Element, word: number): void {
  let value: unknown
  try {
    value = element.take(thread, word)
  } catch (error) {
    waiter.failed(error)
    return
  }
  waiter.received(value, true)
}

/** Says how channels that arrive from other threads are made. */
export function onChannelArrival(make: (medium: RingMedium) => object): void {
  registerKind(KIND, (sent: Sent) => RingMedium.arrive(sent, make))
}
