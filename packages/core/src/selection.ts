import { serve } from './budget.js'
import type { Cancellable, Cancellation } from './cancellation.js'
import { Channel } from './chan.js'
import { stayOnThread } from './stay-on-thread.js'
import { leave, type Reject, type Resolve, rejection, type Waiter } from './wait-queue.js'

/** A case that sends. */
export class Sending {
  /** Undefined: a nil channel. */
  readonly channel: Channel<unknown> | undefined
  readonly value: unknown

  constructor(channel: Channel<unknown> | undefined, value: unknown) {
    this.channel = channel
    this.value = value
  }
}
stayOnThread(Sending, 'case of a select')

/** A case that can become ready: a receive or a send. */
export type Operand = Channel<unknown> | Sending

/** The cases of a select. Undefined where one can never be ready. */
export type Operands = readonly (Operand | undefined)[]

/** Their names; undefined if each is its own index. */
export type Labels = readonly string[] | undefined

/** What a select answers. */
export interface Result {
  case: string | number
  value: unknown
  ok: boolean
}

/**
 * A goroutine that waits in a select. The first of its waiters to be served commits it and takes the others away. Its fields are
 * declared only, and set by its constructor, as those of a SingleWaiter.
 */
export class Selection implements Cancellable {
  /** Its waiters, in the order in which they park: linked, as there may be many selections. */
  declare private first: SelectWaiter | undefined
  declare private readonly resolve: Resolve<Result>
  declare private readonly reject: Reject | undefined
  declare private canceller: Cancellation | undefined
  declare isCommitted: boolean
  declare private isParked: boolean
  declare private post: ((waiters: readonly Waiter[]) => void) | undefined

  /** `reject` may be undefined, as in a SingleWaiter. */
  constructor(resolve: Resolve<Result>, reject: Reject | undefined) {
    this.first = undefined
    this.resolve = resolve
    this.reject = reject
    this.canceller = undefined
    this.isCommitted = false
    this.isParked = false
    this.post = undefined
  }

  park(operands: Operands, labels: Labels, cancellation: Cancellation | undefined): void {
    try {
      let last: SelectWaiter | undefined
      let sends = false
      for (let i = 0; i < operands.length; i++) {
        const operand = operands[i]
        if (operand instanceof Channel) {
          last = this.add(last, labels ? labels[i] : i, undefined)
          operand.medium.parkReceiver(last)
          // A channel that other threads know may have become ready meanwhile, and have served the waiter.
          if (this.isCommitted) return
        } else if (operand !== undefined) sends = true
      }
      // Later: to read a value may run code of others, which may serve any case that is parked, but could not know of one that is not yet.
      for (let i = 0; sends && i < operands.length; i++) {
        const operand = operands[i]
        if (!(operand instanceof Sending)) continue
        last = this.add(last, labels ? labels[i] : i, operand.value)
        operand.channel!.medium.parkSender(last)
        if (this.isCommitted) return
      }
      this.isParked = true
      this.post?.(this.waiters())
      if (this.isCommitted) return
    } catch (error) {
      if (!this.isCommitted) this.fail(undefined, error)
      return
    }
    if (!cancellation) return
    if (cancellation.canceled) return this.cancel(cancellation.reason) // as in a SingleWaiter
    this.canceller = cancellation
    cancellation.add(this)
  }

  private add(last: SelectWaiter | undefined, label: string | number, value: unknown): SelectWaiter {
    const waiter = new SelectWaiter(this, label, value)
    if (last) last.sibling = waiter
    else this.first = waiter
    return waiter
  }

  postWith(post: (waiters: readonly Waiter[]) => void): void {
    if (this.isParked) post(this.waiters())
    else this.post = post
  }

  commit(winner: SelectWaiter, value: unknown, ok: boolean): void {
    this.end(winner)
    serve(this.resolve, { case: winner.label, value, ok })
  }

  fail(winner: SelectWaiter | undefined, error: unknown): void {
    this.end(winner)
    if (this.reject) this.reject(error)
    else this.resolve(rejection(error))
  }

  cancel(reason: unknown): void {
    const post = this.first?.post
    if (post && !post.hold()) return
    this.fail(undefined, reason)
  }

  private waiters(): Waiter[] {
    const waiters: Waiter[] = []
    for (let waiter = this.first; waiter; waiter = waiter.sibling) waiters.push(waiter)
    return waiters
  }

  private end(winner: SelectWaiter | undefined): void {
    this.isCommitted = true
    if (this.first?.post !== undefined) this.first.post.free()
    for (let waiter = this.first; waiter; waiter = waiter.sibling) if (waiter !== winner) leave(waiter)
    if (this.canceller !== undefined) this.canceller.delete(this)
  }
}

/** One case of a selection that waits. It repeats the fields of a Waiter, as a SingleWaiter does and for the same reason. */
class SelectWaiter implements Waiter {
  declare queue: Waiter['queue']
  declare place: number
  declare value: unknown
  declare post: Waiter['post']
  declare readonly label: string | number
  /** The next waiter of the selection. */
  declare sibling: SelectWaiter | undefined
  declare private readonly selection: Selection

  constructor(selection: Selection, label: string | number, value: unknown) {
    this.queue = undefined
    this.place = 0
    this.value = value
    this.post = undefined
    this.label = label
    this.sibling = undefined
    this.selection = selection
  }

  get isOver(): boolean {
    return this.selection.isCommitted
  }

  isSiblingOf(other: Waiter): boolean {
    return other instanceof SelectWaiter && other.selection === this.selection
  }

  postWith(post: (waiters: readonly Waiter[]) => void): void {
    this.selection.postWith(post)
  }

  received(value: unknown, ok: boolean): void {
    this.selection.commit(this, value, ok)
  }

  sent(): void {
    this.selection.commit(this, undefined, true)
  }

  failed(error: unknown): void {
    this.selection.fail(this, error)
  }
}
