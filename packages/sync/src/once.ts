import { ParkingLot, stayOnThread, type WaitOptions } from '@millrace/core'

const UNUSED = 0
const RUNNING = 1
const DONE = 2

/** Whose call it is that calls the function. */
interface Ticket {
  isFirst: boolean
}

/**
 * Does something once. Go's `sync.Once`.
 *
 * @example
 * const once = new Once()
 * let runs = 0
 * await Promise.all([once.do(() => runs++), once.do(() => runs++)])
 * runs // => 1
 */
export class Once {
  #state: typeof UNUSED | typeof RUNNING | typeof DONE = UNUSED
  readonly #callers = new ParkingLot<Ticket>(ticket => this.#pass(ticket))

  /** Whether the one call has ended, be it with an error. */
  get done(): boolean {
    return this.#state === DONE
  }

  /**
   * The first call, of all calls whatever their function, calls `fn`, at once, and settles with it; any other waits until that
   * one has ended. If `fn` throws, the first call alone rejects, and the others find it done. Called from inside `fn` it waits
   * for ever.
   *
   * @param options End the wait for somebody else's call; of the first, only whether `fn` is called at all.
   */
  do<R>(fn: () => R | PromiseLike<R>, options?: WaitOptions): Promise<void> {
    const ticket = { isFirst: false }
    const over = this.#callers.wait(ticket, options)
    return ticket.isFirst ? this.#run(fn) : over
  }

  #pass(ticket: Ticket): boolean {
    ticket.isFirst = this.#state === UNUSED
    if (ticket.isFirst) this.#state = RUNNING
    return ticket.isFirst || this.#state === DONE
  }

  async #run(fn: () => unknown): Promise<void> {
    try {
      await fn()
    } finally {
      this.#state = DONE
      this.#callers.wake()
    }
  }
}

stayOnThread(Once)
