import {
  arriveReference,
  type Crossing,
  crossReference,
  currentThread,
  type Description,
  type Element,
  elementOf,
  keepReference,
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
import { CLOSED, EMPTY, type SharedMedium, takeEach } from './medium.js'
import { BoardQueue, Posting } from './posting.js'
import { deliver } from './ring-medium.js'
import type { Waiter } from './wait-queue.js'

const KIND = 'chan/unbuffered'
const ROOT = 'value'

/** A channel on its way: its record, and what its values are. */
type Sent = [address: number, description: Description]

/**
 * An unbuffered channel that several threads know: a value goes straight from one parked operation to another (the kernel's
 * rendezvous.ts). Its waiters stay in plain queues, each in its own thread; their tokens on the channel's boards are what other
 * threads see of them.
 *
 *   S1  somebody of this thread waits => this medium is parked in the thread, which looks at it when it is poked
 *   S2  and its operation has a token with a case for it (or gets one before the operation that parks it returns)
 *   S3  a waiting sender's value is a word that it owns; whoever commits the send takes the word
 */
export class RendezvousMedium implements SharedMedium, Parked {
  readonly address: number
  readonly element: Element
  readonly capacity = 0
  readonly length = 0
  readonly receivers: BoardQueue
  readonly senders: BoardQueue
  readonly #thread: Thread
  /** The channel it carries: kept so that the memory is not let go while somebody waits. */
  owner: object | undefined
  #parked = false

  private constructor(thread: Thread, address: number, element: Element) {
    this.#thread = thread
    this.address = address
    this.element = element
    this.receivers = new BoardQueue(this, RECEIVE, () => this.#left())
    this.senders = new BoardQueue(this, SEND, waiter => {
      element.drop(thread, waiter.value as number)
      this.#left()
    })
  }

  /** Moves a local channel's waiters to a new shared one. On an error the channel is as it was. */
  static fromLocal(local: LocalMedium): RendezvousMedium {
    const thread = currentThread()
    const { element } = local
    const words: [Waiter, number][] = []
    let address = 0
    try {
      for (let waiter = local.senders.first; waiter; waiter = waiter.next) {
        words.push([waiter, element.toWord(thread, waiter.value, `.senders[${words.length}]`)])
      }
      address = thread.kernel.rendezvousCreate(thread.id, element.contents)
      if (address === 0) throw thread.outOfMemory(512)
    } catch (error) {
      for (const [, word] of words) element.drop(thread, word)
      throw error
    }
    thread.memory.reach(thread.kernel.heapUsed())
    const medium = new RendezvousMedium(thread, address, element)
    if (local.closed) thread.kernel.rendezvousClose(thread.id, address)
    for (const [waiter, word] of words) {
      // Its operation may have other cases, by which another thread has committed it already.
      if (waiter.queue !== local.senders || (waiter.post && !waiter.post.hold())) {
        element.drop(thread, word)
        continue
      }
      local.senders.unlink(waiter)
      waiter.value = word
      medium.#enqueue(medium.senders, waiter)
    }
    for (let waiter = local.receivers.shift(); waiter; waiter = local.receivers.shift()) {
      medium.#enqueue(medium.receivers, waiter)
    }
    return medium
  }

  get closed(): boolean {
    return this.#thread.kernel.rendezvousClosed(this.address) !== 0
  }

  get moves(): number {
    return this.#thread.kernel.rendezvousPosts(this.address)
  }

  trySend(value: unknown): boolean {
    const thread = this.#thread
    if (this.senders.first) this.look() // those who wait come first
    const { element } = this
    if (element.isCostly(value) && !thread.kernel.rendezvousReady(this.address, SEND)) return false
    const word = element.toWord(thread, value, ROOT)
    const status = thread.kernel.rendezvousSend(thread.id, this.address, word)
    if (status === WOULD_BLOCK || status === SEALED) {
      element.drop(thread, word)
      if (status === SEALED) throw sendOnClosed()
      return false
    }
    if (status === OK_SELF) thread.lookAt(thread.claimed)
    return true
  }

  tryReceive(): unknown {
    const thread = this.#thread
    if (this.receivers.first) this.look()
    const status = thread.kernel.rendezvousReceive(thread.id, this.address)
    if (status === WOULD_BLOCK) return EMPTY
    if (status === SEALED) return CLOSED
    const word = thread.answer
    if (status === OK_SELF) thread.lookAt(thread.claimed)
    return this.element.take(thread, word)
  }

  takeMany(values: unknown[], max: number): void {
    takeEach(this, values, max)
  }

  canSend(): boolean {
    return this.#thread.kernel.rendezvousReady(this.address, SEND) !== 0
  }

  canReceive(): boolean {
    return this.#thread.kernel.rendezvousReady(this.address, RECEIVE) !== 0
  }

  parkSender(waiter: Waiter): void {
    waiter.value = this.element.toWord(this.#thread, waiter.value, ROOT)
    this.#enqueue(this.senders, waiter)
  }

  parkReceiver(waiter: Waiter): void {
    this.#enqueue(this.receivers, waiter)
  }

  close(): void {
    const { kernel, id } = this.#thread
    if (kernel.rendezvousClose(id, this.address) === SEALED) throw closeOfClosed()
    this.look()
  }

  share(): SharedMedium {
    return this
  }

  cross(): Crossing {
    const sent: Sent = [this.address, this.element.description]
    return crossReference(this.#thread, KIND, this.address, sent)
  }

  /** A counterpart of another thread may be there, or the channel be closed: lets everybody go on who can. */
  look(): void {
    if (this.closed) return this.#end()
    for (const queue of [this.receivers, this.senders]) {
      // If the first finds nobody, neither do those behind it.
      while (queue.first) {
        if (!(queue.first.post as Posting).again()) break
      }
    }
  }

  /** Tries a parked operation's case on this channel, which is held. Answers whether that has committed it. */
  attempt(waiter: Waiter): boolean {
    const thread = this.#thread
    const { kernel, id } = thread
    const sends = waiter.queue === this.senders
    const status = sends
      ? kernel.rendezvousSend(id, this.address, waiter.value as number)
      : kernel.rendezvousReceive(id, this.address)
    if (status === WOULD_BLOCK) return false
    const word = thread.answer
    const claimed = thread.claimed
    waiter.post?.free()
    this.unlink(waiter)
    if (status === SEALED) this.#refuse(waiter, sends)
    else if (sends) waiter.sent()
    else deliver(thread, waiter, this.element, word)
    if (status === OK_SELF) thread.lookAt(claimed)
    return true
  }

  /** Takes a waiter out that has been committed. */
  unlink(waiter: Waiter): void {
    waiter.queue?.unlink(waiter)
    this.#left()
  }

  #end(): void {
    for (let waiter = this.receivers.shift(); waiter; waiter = this.receivers.shift())
      this.#refuse(waiter, false)
    for (let waiter = this.senders.shift(); waiter; waiter = this.senders.shift()) this.#refuse(waiter, true)
    this.#left()
  }

  /** Tells a waiter that is out of its queue, and held, that the channel is closed. */
  #refuse(waiter: Waiter, sends: boolean): void {
    waiter.post?.free()
    if (!sends) return waiter.received(undefined, false)
    this.element.drop(this.#thread, waiter.value as number)
    waiter.failed(sendOnClosed())
  }

  #enqueue(queue: BoardQueue, waiter: Waiter): void {
    queue.push(waiter)
    if (!this.#parked) {
      this.#parked = true
      this.#thread.park(this)
    }
    waiter.postWith(waiters => Posting.post(this.#thread, waiters))
  }

  /** Somebody has stopped waiting. When nobody is left, the thread need not look here any more. */
  #left(): void {
    if (!this.#parked || this.receivers.first || this.senders.first) return
    this.#parked = false
    this.#thread.unpark(this)
  }

  static arrive([address, description]: Sent, make: (medium: RendezvousMedium) => object): object {
    const thread = currentThread()
    return arriveReference(thread, address, () => {
      const medium = new RendezvousMedium(thread, address, elementOf(description))
      medium.owner = make(medium)
      return medium.owner
    })
  }

  /** Makes `owner` what this thread knows the channel by. */
  keep(owner: object): void {
    this.owner = owner
    keepReference(this.address, owner)
  }
}

/** Says how unbuffered channels that arrive from other threads are made. */
export function onUnbufferedArrival(make: (medium: RendezvousMedium) => object): void {
  registerKind(KIND, (sent: Sent) => RendezvousMedium.arrive(sent, make))
}
