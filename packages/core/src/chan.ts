import { anyValue, type Crossing, type Message, SHARE, SHARE_HERE, type Shareable } from '@millrace/kernel'
import { block, type SyncOptions, throwIfCanceled } from './block.js'
import { done, ready } from './budget.js'
import { cancellationOf, type WaitOptions } from './cancellation.js'
import { CopyingMedium } from './copying-medium.js'
import { type ElementType, elementOfType } from './element-type.js'
import { ChanSizeError } from './errors.js'
import { keepResolve, keptResolve } from './kept-resolve.js'
import { LocalMedium } from './local-medium.js'
import { CLOSED, EMPTY, type Medium } from './medium.js'
import { RendezvousMedium } from './rendezvous-medium.js'
import { RingMedium } from './ring-medium.js'
import { onArrival } from './shared-memory-medium.js'
import { type Form, NOTHING, type Resolve, SingleWaiter } from './wait-queue.js'

/** What a receive gives: `ok` is false once the channel is closed and drained, and `value` undefined then. */
export type Received<T> = { value: T; ok: true } | { value: undefined; ok: false }

/** The sending side of a channel. Closing is the sender's right. */
export interface SendChan<in T> {
  /**
   * Sends `value`: waits until there is room, or on an unbuffered channel until a receiver has it. Go's `ch <- value`.
   *
   * Rejects with ChanClosedError ("send on closed channel"), also if the channel is closed meanwhile; with DataCloneError if
   * another thread knows the channel and `value` cannot cross; with a TypeError or RangeError if the channel has a type that
   * `value` does not fit. Cancelled, it rejects with the signal's reason and nothing was
   * sent.
   */
  send(value: T, options?: WaitOptions): Promise<void>
  /** Sends `value` if that need not wait; answers whether it did. @throws {ChanClosedError} */
  trySend(value: T): boolean
  /**
   * Sends `value` as `send` does, and blocks the thread until that is done: its other goroutines stand still meanwhile, and so does its
   * event loop. For threads of the pool.
   *
   * @throws {ChanClosedError} @throws {DataCloneError} @throws {DeadlockError} Nobody else could ever receive it.
   * @throws {MainThreadBlockedError} On a page's main thread, which must not block.
   */
  sendSync(value: T, options?: SyncOptions): void
  /** Closes the channel: receivers get what is buffered and then the end. @throws {ChanClosedError} close of closed channel */
  close(): void
  /** Values in the buffer. 0 for an unbuffered channel, also while senders wait. */
  readonly length: number
  readonly capacity: number
  readonly closed: boolean
}

/** The receiving side of a channel. `for await (const value of channel)` is Go's `range`: it ends when the channel is closed
 * and drained; leaving it early takes nothing and closes nothing. */
export interface ReceiveChan<out T> extends AsyncIterable<T, undefined> {
  /** The next value; waits for it. Undefined once the channel is closed and drained. Go's `v := <-ch`. */
  receive(options?: WaitOptions): Promise<T | undefined>
  /** The next value, and whether there was one: tells a sent undefined from the end. Go's `v, ok := <-ch`. */
  receiveOk(options?: WaitOptions): Promise<Received<T>>
  /** The next value if there is one now; else undefined. */
  tryReceive(): T | undefined
  /** The next value, or the end; undefined if that would have to wait. */
  tryReceiveOk(): Received<T> | undefined
  /**
   * The next value, as `receive` gives it, and blocks the thread until there is one: see `sendSync`.
   *
   * @throws {DeadlockError} Nobody else could ever send one.
   * @throws {MainThreadBlockedError} On a page's main thread, which must not block.
   */
  receiveSync(options?: SyncOptions): T | undefined
  /**
   * Waits for one value and takes what else is there, up to `max`. Empty once the channel is closed and drained.
   *
   * @throws {RangeError} (as a rejection) `max` is not a whole number of at least 1, or Infinity
   */
  receiveMany(max: number, options?: WaitOptions): Promise<T[]>
  readonly length: number
  readonly capacity: number
  readonly closed: boolean
}

/** A channel: what one goroutine sends, another receives. */
export interface Chan<T> extends SendChan<T>, ReceiveChan<T> {}

const MAX_CAPACITY = 2 ** 30 - 1

/**
 * Makes a channel with room for `capacity` values; 0, the default, is unbuffered: a send waits for its receiver. Go's `make(chan T, n)`.
 *
 * The buffer takes memory as it fills, not when it is made; once other threads know the channel, all of it (8 bytes a value).
 *
 * With a `type` (`i32`, `u32`, `i64`, `f64`, `bool`, `struct({ … })`) the channel's values are of that type: a send of anything else is
 * refused with a TypeError, or a RangeError if only its range is wrong, and nothing is sent. Between threads such values need no
 * encoding and leave no garbage.
 *
 * @param capacity A whole number, 0 to 1_073_741_823.
 * @param type What the values are; any value that can cross, if not given.
 * @throws {ChanSizeError} `capacity` is not.
 * @throws {TypeError} `type` is none.
 *
 * @example
 * const numbers = chan<number>(2)
 * await numbers.send(1)
 * numbers.close()
 * await numbers.receive() // => 1
 */
export function chan<T>(capacity = 0, type?: ElementType<T>): Chan<T> {
  if (!Number.isInteger(capacity) || capacity < 0 || capacity > MAX_CAPACITY) {
    throw new ChanSizeError(
      `makechan: size out of range (a capacity is a whole number from 0 to ${MAX_CAPACITY}, got ${String(capacity)})`,
    )
  }
  // Of -0 the buffer has room for 0.
  return new Channel<T>(new LocalMedium(capacity + 0, type === undefined ? anyValue : elementOfType(type)))
}

/** The end of a channel, as receiveOk gives it. */
export const END: Received<never> = Object.freeze({ value: undefined, ok: false })
const END_OF_ITERATION: IteratorResult<never, undefined> = Object.freeze({ value: undefined, done: true })

export class Channel<T> implements Chan<T>, Shareable {
  /** What carries the values; another one once other threads know the channel. */
  medium: Medium

  constructor(medium: Medium) {
    this.medium = medium
  }

  get length(): number {
    return this.medium.length
  }

  get capacity(): number {
    return this.medium.capacity
  }

  get closed(): boolean {
    return this.medium.closed
  }

  send(value: T, options?: WaitOptions): Promise<void> {
    try {
      if (options) return this.#sendUnless(options, value)
      return this.#sendNow(value) ? done() : this.#parkSender(value)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #parkSender(value: T): Promise<undefined> {
    const promise = new Promise<undefined>(keepResolve)
    this.medium.parkSender(new SingleWaiter(value, NOTHING, keptResolve as Resolve<undefined>, undefined))
    return promise
  }

  /** Sends if that need not wait, or not for long. */
  #sendNow(value: T): boolean {
    return this.medium.trySend(value) || this.medium.sendSoon?.(value) === true
  }

  /** Sends, unless that is cancelled. */
  #sendUnless(options: WaitOptions, value: T): Promise<void> {
    return new Promise<undefined>((resolve, reject) => {
      const cancellation = cancellationOf(options)
      if (cancellation?.canceled) return reject(cancellation.reason)
      if (this.#sendNow(value)) return resolve(done() as Promise<undefined>)
      const waiter = new SingleWaiter(value, NOTHING, resolve, reject)
      this.medium.parkSender(waiter)
      if (cancellation) waiter.cancelWith(cancellation)
    })
  }

  trySend(value: T): boolean {
    return this.medium.trySend(value)
  }

  sendSync(value: T, options?: SyncOptions): void {
    throwIfCanceled(options)
    if (this.medium.trySend(value)) return
    block<undefined>(
      'sendSync',
      () => this.medium instanceof LocalMedium,
      options,
      (resolve, reject, context) => {
        const waiter = new SingleWaiter(value, NOTHING, resolve, reject)
        if (this.medium.sendSoon?.(value)) waiter.sent()
        else this.medium.parkSender(waiter)
        if (context) waiter.cancelWith(context)
        return waiter
      },
    )
  }

  close(): void {
    this.medium.close()
  }

  receive(options?: WaitOptions): Promise<T | undefined> {
    try {
      if (options) return this.#receiveUnless(options, VALUE as Form<T | undefined>)
      const value = this.#receiveNow()
      if (value === CLOSED) return ready(undefined)
      if (value !== EMPTY) return ready(value as T) as Promise<T>
      return this.#parkReceiver(VALUE as Form<T | undefined>)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  receiveOk(options?: WaitOptions): Promise<Received<T>> {
    try {
      if (options) return this.#receiveUnless(options, RECEIVED as Form<Received<T>>)
      const value = this.#receiveNow()
      return value !== EMPTY ? ready(received<T>(value)) : this.#parkReceiver(RECEIVED as Form<Received<T>>)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #parkReceiver<R>(form: Form<R>): Promise<R> {
    const promise = new Promise<R>(keepResolve)
    this.medium.parkReceiver(new SingleWaiter(undefined, form, keptResolve as Resolve<R>, undefined))
    return promise
  }

  /** The next value if that need not be waited for, or not for long; EMPTY, or CLOSED. */
  #receiveNow(): unknown {
    const value = this.medium.tryReceive()
    return value === EMPTY ? this.#receiveSoon() : value
  }

  #receiveSoon(): unknown {
    return this.medium.receiveSoon ? this.medium.receiveSoon() : EMPTY
  }

  /** Receives, unless that is cancelled. */
  #receiveUnless<R>(options: WaitOptions, form: Form<R>): Promise<R> {
    const cancellation = cancellationOf(options)
    if (cancellation?.canceled) return Promise.reject(cancellation.reason)
    const value = this.#receiveNow()
    if (value !== EMPTY) {
      return ready(value === CLOSED ? form(undefined, false) : form(value, true)) as Promise<R>
    }
    return new Promise((resolve, reject) => {
      const waiter = new SingleWaiter(undefined, form, resolve, reject)
      this.medium.parkReceiver(waiter)
      if (cancellation) waiter.cancelWith(cancellation)
    })
  }

  tryReceive(): T | undefined {
    const value = this.medium.tryReceive()
    return value === EMPTY || value === CLOSED ? undefined : (value as T)
  }

  receiveSync(options?: SyncOptions): T | undefined {
    throwIfCanceled(options)
    const value = this.medium.tryReceive()
    if (value === CLOSED) return undefined
    if (value !== EMPTY) return value as T
    return block(
      'receiveSync',
      () => this.medium instanceof LocalMedium,
      options,
      (resolve, reject, context) => {
        const waiter = new SingleWaiter(undefined, VALUE as Form<T | undefined>, resolve, reject)
        const value = this.#receiveSoon()
        if (value === EMPTY) this.medium.parkReceiver(waiter)
        else waiter.received(value === CLOSED ? undefined : value, value !== CLOSED)
        if (context) waiter.cancelWith(context)
        return waiter
      },
    )
  }

  tryReceiveOk(): Received<T> | undefined {
    const value = this.medium.tryReceive()
    return value === EMPTY ? undefined : received(value)
  }

  receiveMany(max: number, options?: WaitOptions): Promise<T[]> {
    if (!(Number.isInteger(max) || max === Infinity) || max < 1) {
      return Promise.reject(
        new RangeError(
          `receiveMany: max must be a whole number of at least 1, or Infinity, got ${String(max)}`,
        ),
      )
    }
    try {
      if (options) return this.#receiveUnless(options, this.#upTo(max))
      const values: T[] = []
      this.medium.takeMany(values, max)
      if (values.length > 0) return ready(values) as Promise<T[]>
      return this.#receiveUnless(NO_OPTIONS, this.#upTo(max))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #upTo(max: number): Form<T[]> {
    return (value, ok) => {
      if (!ok) return []
      const values = [value as T]
      this.medium.takeMany(values, max)
      return values
    }
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined, undefined> {
    let isLeft = false
    return {
      next: () => {
        if (isLeft) return Promise.resolve(END_OF_ITERATION)
        try {
          const value = this.#receiveNow()
          if (value === CLOSED) return ready(END_OF_ITERATION)
          if (value !== EMPTY) return ready<IteratorResult<T, undefined>>({ value: value as T, done: false })
          return this.#parkReceiver(ITERATED as Form<IteratorResult<T, undefined>>)
        } catch (error) {
          return Promise.reject(error)
        }
      },
      return: () => {
        isLeft = true
        return Promise.resolve(END_OF_ITERATION)
      },
      [Symbol.asyncIterator]() {
        return this
      },
    }
  }

  [SHARE](message?: Message): Crossing {
    return this.medium.share(this, message).cross()
  }

  [SHARE_HERE](message?: Message): void {
    if (this.medium instanceof CopyingMedium) return
    if (this.medium instanceof LocalMedium) CopyingMedium.carry(this, this.medium, message)
    else this.medium.share(this) // nothing that was sent: the time, or a context's end
  }
}

const NO_OPTIONS: WaitOptions = {}

const VALUE: Form<unknown> = value => value
const RECEIVED: Form<Received<unknown>> = (value, ok) => (ok ? { value, ok } : END)
const ITERATED: Form<IteratorResult<unknown, undefined>> = (value, ok) =>
  ok ? { value, done: false } : END_OF_ITERATION

const received = <T>(value: unknown): Received<T> =>
  value === CLOSED ? END : { value: value as T, ok: true }

for (const Medium of [RingMedium, RendezvousMedium]) onArrival(Medium, medium => new Channel(medium))
