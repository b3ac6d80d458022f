import { served } from './budget.js'
import type { Cancellable, Cancellation } from './cancellation.js'

/** The goroutines of this thread that are parked on millrace objects: for hosts that cannot tell when a thread is idle. */
export const parkedGoroutines = { count: 0 }

/**
 * What makes a parked operation one that other threads can commit: see posting.ts. While nobody holds it, they may at any
 * moment; so whoever wants to commit it here holds it first.
 */
export interface Post {
  /** Keeps other threads from committing the operation. False: one of them has; the operation is over, its waiters are gone. */
  hold(): boolean
  /** Lets them commit it again. Answers whether it is over. */
  open(): boolean
  /** Ends it, once it has been committed here. */
  free(): void
}

/**
 * A parked operation's place in one wait queue. A goroutine that waits in a select has one in each of its cases' queues.
 *
 *   W1  queue is set  <=>  it is linked there, and nobody has committed the operation
 *
 * Whoever unlinks it (a counterpart, a close, a cancellation) owns it from then on, and settles it exactly once.
 */
export abstract class Waiter {
  queue: WaitQueue | undefined
  previous: Waiter | undefined
  next: Waiter | undefined
  /** What a sender sends: the value itself, or its word once the channel is shared. */
  value: unknown
  /** Set while the operation has a case on an unbuffered channel that other threads know. */
  post: Post | undefined

  constructor(value: unknown) {
    this.value = value
  }

  /** The operation has such a case from now on: calls `post` with all its waiters, as soon as all are in their queues. */
  abstract postWith(post: (waiters: readonly Waiter[]) => void): void
  /** A receiver gets `value`, or with ok = false the end of the channel. */
  abstract received(value: unknown, ok: boolean): void
  /** A sender's value has been taken. */
  abstract sent(): void
  /** The operation fails. */
  abstract failed(error: unknown): void
}

/** First come, first served. Joining and leaving cost the same however many wait. */
export class WaitQueue {
  first: Waiter | undefined
  last: Waiter | undefined
  /** Called with a waiter that leaves without having been served. */
  readonly onLeave: (waiter: Waiter) => void

  constructor(onLeave: (waiter: Waiter) => void) {
    this.onLeave = onLeave
  }

  push(waiter: Waiter): void {
    waiter.queue = this
    waiter.previous = this.last
    if (this.last) this.last.next = waiter
    else this.first = waiter
    this.last = waiter
    parkedGoroutines.count++
  }

  /** Takes out the first waiter. Whoever gets it commits it. */
  shift(): Waiter | undefined {
    for (let { first } = this; first; first = this.first) {
      if (first.post !== undefined && !first.post.hold()) continue
      this.unlink(first)
      return first
    }
    return undefined
  }

  /** Takes `waiter` out, wherever it stands. */
  unlink(waiter: Waiter): void {
    const { previous, next } = waiter
    if (previous) previous.next = next
    else this.first = next
    if (next) next.previous = previous
    else this.last = previous
    waiter.queue = waiter.previous = waiter.next = undefined
    parkedGoroutines.count--
  }
}

/** Takes a waiter that gives up out of its queue, and lets the queue's channel forget what it was about to do. */
export function leave(waiter: Waiter): void {
  const { queue } = waiter
  if (!queue) return
  queue.unlink(waiter)
  queue.onLeave(waiter)
}

/** An operation on one channel. */
abstract class SingleWaiter extends Waiter implements Cancellable {
  readonly #reject: (error: unknown) => void
  #cancellation: Cancellation | undefined

  constructor(value: unknown, reject: (error: unknown) => void) {
    super(value)
    this.#reject = reject
  }

  /** Lets `cancellation` end the wait. Called once the waiter is in its queue; not if it has been served already. */
  cancelWith(cancellation: Cancellation): void {
    if (!this.queue) return
    this.#cancellation = cancellation
    cancellation.add(this)
  }

  postWith(post: (waiters: readonly Waiter[]) => void): void {
    post([this])
  }

  protected settled(): void {
    this.post?.free()
    if (this.#cancellation) this.#cancellation.delete(this)
  }

  failed(error: unknown): void {
    this.settled()
    this.#reject(error)
  }

  cancel(reason: unknown): void {
    if (this.post && !this.post.hold()) return
    this.post?.free()
    leave(this)
    this.#reject(reason)
  }
}

export class SendWaiter extends SingleWaiter {
  readonly #resolve: (result: undefined | Promise<undefined>) => void

  constructor(
    value: unknown,
    resolve: (result: undefined | Promise<undefined>) => void,
    reject: (error: unknown) => void,
  ) {
    super(value, reject)
    this.#resolve = resolve
  }

  sent(): void {
    this.settled()
    this.#resolve(served(undefined))
  }

  received(): void {}
}

/** What a receive makes of a value, or with ok = false of the end: `receive`, `receiveOk`, … differ in nothing else. */
export type Form<R> = (value: unknown, ok: boolean) => R

export class ReceiveWaiter<R> extends SingleWaiter {
  readonly #form: Form<R>
  readonly #resolve: (result: R | Promise<R>) => void

  constructor(form: Form<R>, resolve: (result: R | Promise<R>) => void, reject: (error: unknown) => void) {
    super(undefined, reject)
    this.#form = form
    this.#resolve = resolve
  }

  received(value: unknown, ok: boolean): void {
    this.settled()
    this.#resolve(served(this.#form(value, ok)))
  }

  sent(): void {}
}
