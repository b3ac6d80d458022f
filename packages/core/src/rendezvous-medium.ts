import {
  type Direction,
  OK_SELF,
  type Patience,
  RECEIVE,
  CLOSED as SEALED,
  SEND,
  type Thread,
  WOULD_BLOCK,
} from '@millrace/kernel'
import { spendLooks } from './budget.js'
import type { Packed } from './departing-to-memory.js'
import { closeOfClosed } from './errors.js'
import type { LocalMedium } from './local-medium.js'
import { CLOSED, EMPTY, takeEach } from './medium.js'
import { BoardQueue, Posting } from './posting.js'
import { ROOT, SharedMemoryMedium } from './shared-memory-medium.js'
import { leave, SingleWaiter, type Waiter } from './wait-queue.js'

/**
 * An unbuffered channel that several threads know: a value goes straight from one parked operation to another (the kernel's
 * rendezvous.ts). What other threads see of its waiters are their tokens on the channel's boards.
 *
 *   S2  somebody of this thread waits => its operation has a token with a case for it (or gets one before the operation that
 *       parks it returns)
 */
export class RendezvousMedium extends SharedMemoryMedium {
  static readonly kind = 'chan/unbuffered'
  readonly kind = RendezvousMedium.kind
  readonly capacity = 0
  readonly length = 0
  readonly receivers = new BoardQueue(this, RECEIVE, () => this.left())
  readonly senders = new BoardQueue(this, SEND, waiter => this.senderLeft(waiter))

  /** An unbuffered channel where nobody waits, for those who wait on a local one. */
  static empty(thread: Thread, { element }: LocalMedium): RendezvousMedium {
    const record = thread.kernel.rendezvousCreate(thread.id, element.contents)
    if (record === 0) throw thread.outOfMemory(512)
    thread.memory.reach(thread.kernel.heapUsed())
    return new RendezvousMedium(thread, record, element)
  }

  moveIn(local: LocalMedium, { waiting }: Packed): void {
    if (local.closed) this.thread.kernel.rendezvousClose(this.thread.id, this.address)
    for (const [waiter, word] of waiting) {
      // Its operation may have other cases, by which another thread has committed it already.
      if (waiter.queue !== local.senders || (waiter.post && !waiter.post.hold())) {
        this.element.drop(this.thread, word)
        continue
      }
      local.senders.unlink(waiter)
      waiter.value = word
      this.#postOrFail(this.senders, waiter)
    }
    for (let waiter = local.receivers.shift(); waiter; waiter = local.receivers.shift()) {
      this.#postOrFail(this.receivers, waiter)
    }
  }

  get closed(): boolean {
    return this.thread.kernel.rendezvousClosed(this.address) !== 0
  }

  get moves(): number {
    return this.thread.kernel.rendezvousPosts(this.address)
  }

  trySend(value: unknown): boolean {
    const thread = this.thread
    const { element } = this
    if (this.senders.first) {
      this.look() // those who wait come first
      if (!this.#isNext(this.senders)) {
        element.accept(value, ROOT) // what does not fit is refused all the same
        return false
      }
    }
    if (this.isCostly(value) && !thread.kernel.rendezvousReady(this.address, SEND)) return false
    const word = element.toWord(thread, value, ROOT)
    const status = thread.kernel.rendezvousSend(thread.id, this.address, word)
    if (status === WOULD_BLOCK || status === SEALED) return this.notSent(word, status)
    if (status === OK_SELF) thread.lookAt(thread.claimed)
    return true
  }

  tryReceive(): unknown {
    const thread = this.thread
    if (this.receivers.first) {
      this.look()
      if (!this.#isNext(this.receivers)) return EMPTY
    }
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
    return this.#isNext(this.senders) && this.thread.kernel.rendezvousReady(this.address, SEND) !== 0
  }

  canReceive(): boolean {
    return this.#isNext(this.receivers) && this.thread.kernel.rendezvousReady(this.address, RECEIVE) !== 0
  }

  /**
   * Whether nobody of this thread goes before a newcomer. A select that waits may be one that has a case for either direction: whoever is its
   * counterpart in the other is none in this. On a closed channel nobody waits.
   */
  #isNext(queue: BoardQueue): boolean {
    return queue.singles === 0 || this.closed
  }

  patienceIn(queue: BoardQueue): Patience | undefined {
    return this.#isNext(queue) ? this.patience : undefined
  }

  sendSoon(value: unknown): boolean {
    const { element, thread } = this
    // What is costly to pack is packed once, to be offered and to be parked with: `parkSender`.
    if (this.isCostly(value) || !this.isToLook(this.senders)) return false
    const word = element.toWord(thread, value, ROOT)
    // Reading a struct may run code that parks a sender.
    return (this.#isNext(this.senders) && this.#meetsSoon(SEND, word)) || this.notSent(word, WOULD_BLOCK)
  }

  receiveSoon(): unknown {
    if (!this.isToLook(this.receivers) || !this.#meetsSoon(RECEIVE, 0)) return EMPTY
    return this.element.take(this.thread, this.thread.answer)
  }

  /** Whether another thread comes for an operation that is offered for a while. */
  #meetsSoon(direction: Direction, word: number): boolean {
    const { looks } = this.patience
    const looksLeft = this.#offer(direction, word, looks, 0)
    spendLooks(looks - looksLeft)
    return this.patience.learn(looksLeft > 0)
  }

  parkSender(waiter: Waiter): void {
    const isCostly = this.isCostly(waiter.value)
    const word = this.element.toWord(this.thread, waiter.value, ROOT)
    if (waiter.isOver) return this.element.drop(this.thread, word)
    waiter.value = word
    if (isCostly && waiter instanceof SingleWaiter && this.#meetsAfterPacking(word)) waiter.sent()
    else this.#post(this.senders, waiter)
  }

  /** Packing took a while: a receiver that came meanwhile may have parked, and looks at no offer. */
  #meetsAfterPacking(word: number): boolean {
    return this.isToLook(this.senders) && !this.canSend() && this.#meetsSoon(SEND, word)
  }

  parkReceiver(waiter: Waiter): void {
    this.#post(this.receivers, waiter)
  }

  /** Offers an operation while it is looked at so many times. Answers how many looks were left when another thread came for it; 0: none has. */
  #offer(direction: Direction, word: number, looks: number, places: number): number {
    return this.thread.kernel.offerWait(this.thread.id, this.address, direction, word, looks, places)
  }

  listPlace(index: number, direction: Direction): void {
    this.thread.list(index, this.address | direction)
  }

  offerSend(value: unknown, looks: number, places: number): boolean {
    const { element, thread } = this
    // No objects: a struct's fields are read once, as a case is looked at once; and no code of others fills the inbox, where the places are.
    if (!this.#isNext(this.senders) || this.isCostly(value) || Object(value) === value) return false
    const word = element.toWord(thread, value, ROOT)
    return this.#offer(SEND, word, looks, places) > 0 || this.notSent(word, WOULD_BLOCK)
  }

  offerReceive(looks: number, places: number): unknown {
    if (!this.#isNext(this.receivers) || this.#offer(RECEIVE, 0, looks, places) === 0) return EMPTY
    return this.element.take(this.thread, this.thread.answer)
  }

  close(): void {
    const { kernel, id } = this.thread
    if (kernel.rendezvousClose(id, this.address) === SEALED) throw closeOfClosed()
    this.look()
  }

  /** A counterpart of another thread may be there, or the channel be closed: lets everybody go on who can. */
  look(): void {
    if (this.closed) return this.#end()
    for (const queue of [this.receivers, this.senders]) {
      // If the first finds nobody, neither do those behind it.
      while (queue.first) {
        // One without is a select's, which parks at its other cases just now.
        if (!(queue.first.post as Posting | undefined)?.again()) break
      }
    }
  }

  /** Tries a parked operation's case on this channel, which is held. Answers whether that has committed it. */
  attempt(waiter: Waiter): boolean {
    const thread = this.thread
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
    if (status === SEALED) this.#tellClosed(waiter, sends)
    else if (sends) waiter.sent()
    else this.deliver(waiter, word)
    if (status === OK_SELF) thread.lookAt(claimed)
    return true
  }

  /** Takes a waiter out that has been committed. */
  unlink(waiter: Waiter): void {
    waiter.queue?.unlink(waiter)
    this.left()
  }

  #end(): void {
    for (let waiter = this.receivers.shift(); waiter; waiter = this.receivers.shift())
      this.#tellClosed(waiter, false)
    for (let waiter = this.senders.shift(); waiter; waiter = this.senders.shift())
      this.#tellClosed(waiter, true)
    this.left()
  }

  /** Tells a waiter that is out of its queue, and held, that the channel is closed. */
  #tellClosed(waiter: Waiter, sends: boolean): void {
    if (sends) return this.refuse(waiter)
    waiter.post?.free()
    waiter.received(undefined, false)
  }

  /** Tells a waiter for whom there is no shared memory left, and nobody else: the channel moves all the same. */
  #postOrFail(queue: BoardQueue, waiter: Waiter): void {
    try {
      this.#post(queue, waiter)
    } catch (error) {
      waiter.failed(error)
    }
  }

  #post(queue: BoardQueue, waiter: Waiter): void {
    this.enqueue(queue, waiter)
    try {
      waiter.postWith(waiters => Posting.post(this.thread, waiters))
    } catch (error) {
      // Shared memory is used up.
      waiter.post?.free()
      leave(waiter)
      throw error
    }
  }
}
