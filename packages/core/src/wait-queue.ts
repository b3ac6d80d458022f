import { serve } from './budget.js'
import type { Cancellable, Cancellation } from './cancellation.js'
import { WaiterRing } from './waiter-ring.js'

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
 *   W1  queue is set  <=>  it stands there, and nobody has committed the operation
 *
 * Whoever takes it out (a counterpart, a close, a cancellation) owns it from then on, and settles it exactly once.
 */
export abstract class Waiter {
  queue: WaitQueue | undefined
  /** Where it stands in its queue's ring, unless it is the first. */
  place = 0
  /** What a sender sends: the value itself, or its word once the channel is shared. */
  value: unknown
  /** Set while the operation has a case on an unbuffered channel that other threads know. */
  post: Post | undefined

  constructor(value: unknown) {
    this.value = value
  }

  /** Whether another case has been served already: only a select's can, by code that reading a value has run. */
  abstract get isOver(): boolean
  /** Whether the other is a case of the same select. */
  abstract isSiblingOf(other: Waiter): boolean
  /** The operation has such a case from now on: calls `post` with all its waiters, as soon as all are in their queues. */
  abstract postWith(post: (waiters: readonly Waiter[]) => void): void
  /** A receiver gets `value`, or with ok = false the end of the channel. */
  abstract received(value: unknown, ok: boolean): void
  /** A sender's value has been taken. */
  abstract sent(): void
  /** The operation fails. */
  abstract failed(error: unknown): void
}

/**
 * First come, first served. Joining and leaving cost the same however many wait. The first stands by himself, as most have nobody behind
 * them.
 *
 *   Q1  first is undefined  =>  nobody is in the ring
 */
export class WaitQueue {
  first: Waiter | undefined
  /** Who has come after the first; made for the first of them. */
  #others: WaiterRing | undefined
  /** Called with a waiter that leaves without having been served. */
  readonly onLeave: (waiter: Waiter) => void

  constructor(onLeave: (waiter: Waiter) => void) {
    this.onLeave = onLeave
  }

  push(waiter: Waiter): void {
    waiter.queue = this
    if (this.first === undefined) this.first = waiter
    else this.#ring().push(waiter)
    parkedGoroutines.count++
  }

  /** Joins before everybody else. */
  unshift(waiter: Waiter): void {
    waiter.queue = this
    if (this.first !== undefined) this.#ring().unshift(this.first)
    this.first = waiter
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
    if (waiter !== this.first) this.#others!.remove(waiter)
    else this.first = this.#others === undefined ? undefined : this.#others.shift()
    waiter.queue = undefined
    parkedGoroutines.count--
  }

  /** Who stands behind `waiter`; nobody, if that has been taken out. */
  after(waiter: Waiter): Waiter | undefined {
    if (waiter.queue !== this) return undefined
    return this.#others?.after(waiter === this.first ? undefined : waiter)
  }

  #ring(): WaiterRing {
    this.#others ??= new WaiterRing()
    return this.#others
  }
}

/** Takes a waiter that gives up out of its queue, and lets the queue's channel forget what it was about to do. */
export function leave(waiter: Waiter): void {
  const { queue } = waiter
  if (!queue) return
  queue.unlink(waiter)
  queue.onLeave(waiter)
}

/** Ends a wait: with a result, or with what settles it. */
export type Resolve<R> = (result: R | PromiseLike<R>) => void
export type Reject = (error: unknown) => void

/** What `resolve` rejects a wait with. A rejected promise that nobody listens to yet would do, but Deno looks through all of those for each. */
export const rejection = (error: unknown): PromiseLike<never> => ({
  // biome-ignore lint/suspicious/noThenProperty: a promise takes over what it is resolved with by this
  then: (_, reject) => reject!(error) as never,
})

/** What a receive makes of a value, or with ok = false of the end: `receive`, `receiveOk`, … differ in nothing else. */
export type Form<R> = (value: unknown, ok: boolean) => R

/**
 * An operation on one channel, a send or a receive. It repeats the fields of a Waiter, and only its constructor sets them: there is one
 * for every goroutine that parks, and constructors that call each other, or fields that are defined before they are set, cost up to a
 * quarter of a message.
 */
export class SingleWaiter<R> implements Waiter, Cancellable {
  declare queue: WaitQueue | undefined
  declare place: number
  declare value: unknown
  declare post: Post | undefined
  declare private readonly form: Form<R>
  declare private readonly resolve: Resolve<R>
  declare private readonly reject: Reject | undefined
  declare private canceller: Cancellation | undefined

  /** `reject` may be undefined: a promise that follows a rejected one is rejected too, and one function less is kept. */
  constructor(value: unknown, form: Form<R>, resolve: Resolve<R>, reject: Reject | undefined) {
    this.queue = undefined
    this.place = 0
    this.value = value
    this.post = undefined
    this.form = form
    this.resolve = resolve
    this.reject = reject
    this.canceller = undefined
  }

  get isOver(): boolean {
    return false
  }

  isSiblingOf(): boolean {
    return false
  }

  /** Lets `cancellation` end the wait. Called once the waiter is in its queue; not if it has been served already. */
  cancelWith(cancellation: Cancellation): void {
    if (!this.queue) return
    if (cancellation.canceled) return this.cancel(cancellation.reason) // by code that reading its value has run
    this.canceller = cancellation
    cancellation.add(this)
  }

  postWith(post: (waiters: readonly Waiter[]) => void): void {
    post([this])
  }

  received(value: unknown, ok: boolean): void {
    this.settled()
    serve(this.resolve, this.form(value, ok))
  }

  sent(): void {
    this.settled()
    serve(this.resolve, this.form(undefined, true))
  }

  failed(error: unknown): void {
    this.settled()
    this.fail(error)
  }

  cancel(reason: unknown): void {
    if (this.post && !this.post.hold()) return
    this.post?.free()
    leave(this)
    this.fail(reason)
  }

  private settled(): void {
    if (this.post !== undefined) this.post.free()
    if (this.canceller !== undefined) this.canceller.delete(this)
  }

  private fail(error: unknown): void {
    if (this.reject) this.reject(error)
    else this.resolve(rejection(error))
  }
}

/** What a send answers. */
export const NOTHING = (): undefined => undefined
