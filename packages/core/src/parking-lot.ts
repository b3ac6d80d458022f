import { afterTurn, done, spend } from './budget.js'
import { type Cancellation, cancellationOf, type WaitOptions } from './cancellation.js'
import { stayOnThread } from './stay-on-thread.js'
import { ReceiveWaiter, WaitQueue } from './wait-queue.js'

/**
 * Where goroutines of this thread wait in line until a condition lets the first of them pass: what locks, semaphores, barriers
 * and the like are made of. Go's `runtime_Semacquire` and `runtime_Semrelease`, with a condition in place of a counter.
 *
 * The condition is `attempt(ticket)`: it answers whether someone with this ticket may pass now, and if so takes, in the same
 * call, what passing takes. Whoever changes what the condition depends on calls `wake`.
 *
 *   P1  the first in line may pass  =>  `wake` is running, or is still to be called by whoever made it so
 *   P2  nobody passes while somebody waits: first come, first served, also where a later ticket would ask for less
 *   P3  what an attempt took belongs to its waiter at once, before the waiter runs again; a cancellation comes too late then
 *   P4  whoever gives up has taken nothing, and those behind are looked at in the same call
 *
 * `attempt` and `onLeave` neither throw nor change this parking lot; others they may wake.
 *
 * @example
 * let locked = false
 * const lot = new ParkingLot(() => !locked && (locked = true))
 * await lot.wait(undefined)                 // lock
 * locked = false; lot.wake()                // unlock: the first in line has it now
 */
export class ParkingLot<T = void> {
  readonly #attempt: (ticket: T) => boolean
  readonly #queue: WaitQueue
  #length = 0
  #waking = false

  /**
   * @param attempt Whether `ticket` may pass; takes what that takes.
   * @param onLeave Called with the ticket of somebody who gave up and is not in the line any more.
   */
  constructor(attempt: (ticket: T) => boolean, onLeave?: (ticket: T) => void) {
    this.#attempt = attempt
    this.#queue = new WaitQueue(waiter => {
      this.#length--
      onLeave?.(waiter.value as T)
      this.wake()
    })
  }

  /** How many wait. */
  get length(): number {
    return this.#length
  }

  /**
   * Passes, or joins the end of the line and waits for `wake` to let this ticket pass. Cancelled, it rejects with the signal's
   * reason and has taken nothing.
   *
   * Passing without waiting costs one attempt and no new promise.
   */
  wait(ticket: T, options?: WaitOptions): Promise<void> {
    let cancellation: Cancellation | undefined
    if (options) {
      try {
        cancellation = cancellationOf(options)
      } catch (error) {
        return Promise.reject(error)
      }
      if (cancellation?.canceled) return Promise.reject(cancellation.reason)
    }
    if (this.#length === 0 && this.#attempt(ticket)) return done()
    return new Promise<unknown>((resolve, reject) => {
      const waiter = new LotWaiter(ticket, cancellation, resolve, reject)
      this.#queue.push(waiter)
      this.#length++
      if (cancellation) waiter.cancelWith(cancellation)
    }) as Promise<void>
  }

  /** Lets those pass who may, from the first on, up to one who may not. Costs nothing if nobody waits. */
  wake(): void {
    // A waiter that gives up during the loop below asks for another; this one looks at its successor anyway.
    if (this.#length === 0 || this.#waking) return
    this.#waking = true
    for (let waiter = this.#first(); waiter; waiter = this.#first()) {
      const { cancellation } = waiter
      if (cancellation?.canceled) {
        // Ahead of the news, which is on its way: from one waiter to the next, or from a clock. It could not use what it got.
        waiter.cancel(cancellation.reason)
        continue
      }
      if (!this.#attempt(waiter.value as T)) break
      this.#queue.unlink(waiter)
      this.#length--
      // Two that hand a lock to and fro never pass without waiting, and must give the event loop its turns all the same.
      waiter.received(spend() ? undefined : afterTurn(undefined), true)
    }
    this.#waking = false
  }

  #first(): LotWaiter | undefined {
    return this.#queue.first as LotWaiter | undefined
  }
}

stayOnThread(ParkingLot)

class LotWaiter extends ReceiveWaiter<unknown> {
  readonly cancellation: Cancellation | undefined

  constructor(
    ticket: unknown,
    cancellation: Cancellation | undefined,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    super(PASSED, resolve, reject)
    this.value = ticket
    this.cancellation = cancellation
  }
}

const PASSED = (passed: unknown): unknown => passed
