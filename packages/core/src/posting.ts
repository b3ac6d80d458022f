import { type Parked, SEND, type Thread } from '@millrace/kernel'
import type { RendezvousMedium } from './rendezvous-medium.js'
import { type Post, SingleWaiter, type Waiter, WaitQueue } from './wait-queue.js'

/** The waiters of this thread for one direction of an unbuffered channel that other threads know. */
export class BoardQueue extends WaitQueue {
  readonly medium: RendezvousMedium
  readonly direction: 0 | 1
  /** How many of them are no selects. */
  singles = 0

  constructor(medium: RendezvousMedium, direction: 0 | 1, onLeave: (waiter: Waiter) => void) {
    super(onLeave)
    this.medium = medium
    this.direction = direction
  }

  override push(waiter: Waiter): void {
    super.push(waiter)
    if (waiter instanceof SingleWaiter) this.singles++
  }

  override unlink(waiter: Waiter): void {
    super.unlink(waiter)
    if (waiter instanceof SingleWaiter) this.singles--
  }
}

/**
 * The token of a parked operation (the kernel's token.ts): what other threads commit it by. It names every case that the operation has
 * on unbuffered channels; its other cases are committed here, and hold the token first.
 *
 *   T1  the token is OPEN  =>  since it was opened, this thread has looked at all its cases
 *   T2  the operation is over  =>  the token has been freed, before any word of its cases was touched
 */
export class Posting implements Post, Parked {
  readonly address: number
  readonly #thread: Thread
  /** Of all the waiters of the operation. */
  readonly #all: readonly Waiter[]
  /** Of its cases on boards, in the token's order. */
  readonly #cases: readonly Waiter[]
  #held = true
  #over = false
  #asksFirst = false

  /** Posts an operation whose waiters are all in their queues. It may be over when this returns. @throws {OutOfSharedMemoryError} */
  static post(thread: Thread, waiters: readonly Waiter[]): void {
    waiters[0].post?.free() // it had a token already; the caller holds it
    new Posting(thread, waiters).open()
  }

  private constructor(thread: Thread, waiters: readonly Waiter[]) {
    const { kernel, id } = thread
    this.#thread = thread
    this.#all = waiters
    this.#cases = waiters.filter(waiter => waiter.queue instanceof BoardQueue)
    this.address = kernel.tokenCreate(id, this.#cases.length)
    if (this.address === 0) throw thread.outOfMemory(32 + 8 * this.#cases.length)
    this.#cases.forEach((waiter, index) => {
      const { medium, direction } = waiter.queue as BoardQueue
      kernel.tokenCase(
        this.address,
        index,
        medium.address,
        direction,
        direction === SEND ? (waiter.value as number) : 0,
      )
    })
    if (kernel.tokenPost(id, this.address) === 0) {
      kernel.tokenFree(id, this.address)
      throw thread.outOfMemory(64)
    }
    for (const waiter of waiters) waiter.post = this
    thread.park(this)
  }

  /** Answers whether the operation is over. */
  open(): boolean {
    this.#thread.kernel.tokenOpen(this.address)
    this.#held = false
    return this.again()
  }

  /** Looks at the cases of the open token, until it is over or nobody is there. Answers whether it is over. */
  again(): boolean {
    const { kernel } = this.#thread
    // The first in line may have found this one.
    while (!this.#over) {
      const waiter = this.#counterpart()
      if (!waiter) return false
      if (this.#isLeftToFirst(waiter)) continue
      if (!this.hold() || (waiter.queue as BoardQueue).medium.attempt(waiter)) return true
      // The counterpart got away meanwhile. Opened again, the operation has to look again.
      kernel.tokenOpen(this.address)
      this.#held = false
    }
    return true
  }

  /**
   * Whether the counterpart of a case is for the first in its line, which is not this operation: it has looked, then. What it did not
   * find any more is not for those behind it either, as the next to come may be there by now.
   */
  #isLeftToFirst({ queue }: Waiter): boolean {
    const first = queue?.first?.post as Posting | undefined
    // Two that are first in each other's lines do not ask each other for ever.
    if (first === undefined || first === this || this.#asksFirst) return false
    this.#asksFirst = true
    try {
      return first.again() || !first.#isCounterpartIn(queue as BoardQueue)
    } finally {
      this.#asksFirst = false
    }
  }

  /** Whether the operation, a select, has a case for the other direction too: it is a counterpart then that it cannot have itself. */
  #isCounterpartIn({ medium, direction }: BoardQueue): boolean {
    const opposite = direction === SEND ? medium.receivers : medium.senders
    return this.#cases.some(({ queue }) => queue === opposite)
  }

  /** The case of a counterpart that this operation has to claim, if there is one. */
  #counterpart(): Waiter | undefined {
    const { kernel, id } = this.#thread
    return this.#cases.find((_, index) => kernel.rendezvousLook(id, this.address, index) !== 0)
  }

  hold(): boolean {
    if (this.#over) return false
    if (this.#held) return true
    this.#held = this.#thread.kernel.tokenHold(this.address) !== 0
    if (!this.#held) this.look()
    return this.#held
  }

  /** Somebody may have committed the operation. */
  look(): void {
    if (this.#held || this.#over) return
    const { kernel, id } = this.#thread
    const index = kernel.tokenTaken(id, this.address)
    if (index < 0) return
    const word = this.#thread.answer
    this.free()
    const waiter = this.#cases[index]
    const { medium, direction } = waiter.queue as BoardQueue
    medium.patience.arrived(this.#thread.doorbell.arrival)
    medium.unlink(waiter)
    if (direction === SEND) waiter.sent()
    else medium.deliver(waiter, word)
  }

  free(): void {
    if (this.#over) return
    this.#over = true
    for (const waiter of this.#all) waiter.post = undefined
    this.#thread.kernel.tokenFree(this.#thread.id, this.address)
    this.#thread.unpark(this)
  }
}
