import type { WaitOptions } from './cancellation.js'
import { Monitor } from './monitor.js'
import { PASS, shapedRules, WAIT } from './monitor-rules.js'
import { stayOnThread } from './stay-on-thread.js'

/** The one line. */
const LINE = 0

const nothing = (): void => {}

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
 * It is a monitor without a state of its own, whose rules are code: so it stays on its thread.
 *
 * @example
 * let locked = false
 * const lot = new ParkingLot(() => !locked && (locked = true))
 * await lot.wait(undefined)                 // lock
 * locked = false; lot.wake()                // unlock: the first in line has it now
 */
export class ParkingLot<T = void> {
  // A local monitor hands tickets back as they came, whatever they are.
  readonly #monitor: Monitor

  /**
   * @param attempt Whether `ticket`, which is no function, may pass; takes what that takes.
   * @param onLeave Called with the ticket of somebody who gave up and is not in the line any more.
   */
  constructor(attempt: (ticket: T) => boolean, onLeave?: (ticket: T) => void) {
    this.#monitor = new Monitor(
      shapedRules({
        name: 'parking-lot',
        size: 0,
        lines: 1,
        attempt: (_state, _line, ticket) => (attempt(ticket as T) ? PASS : WAIT),
        left: onLeave && ((_state, _line, ticket) => onLeave(ticket as T)),
      }),
    )
  }

  /** How many wait. */
  get length(): number {
    return this.#monitor.waitingHere(LINE)
  }

  /**
   * Passes, or joins the end of the line and waits for `wake` to let this ticket pass. Cancelled, it rejects with the signal's
   * reason and has taken nothing.
   *
   * Passing without waiting costs one attempt and no new promise.
   */
  wait(ticket: T, options?: WaitOptions): Promise<void> {
    return this.#monitor.wait(LINE, ticket as number, options)
  }

  /** Lets those pass who may, from the first on, up to one who may not. Costs nothing if nobody waits. */
  wake(): void {
    this.#monitor.change(nothing)
  }
}

stayOnThread(ParkingLot)
