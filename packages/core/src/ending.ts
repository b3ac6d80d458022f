import { Canceled, DeadlineExceeded } from './errors.js'

/** `err()` will be Canceled, or DeadlineExceeded. Also what a shared record says. */
export const CANCELED = 1
export const DEADLINE_EXCEEDED = 2
export type State = typeof CANCELED | typeof DEADLINE_EXCEEDED

/** How a context ended. All that one cancellation reaches have the same. */
export class Ending {
  readonly state: State
  /** When that was, by the clock; 0 if nobody can tell. Decides between a parent and a deadline below it. */
  readonly at: number
  /** The cause that was given, if any. */
  readonly given: unknown
  #error: Error | undefined

  constructor(state: State, at: number, given: unknown, error?: Error) {
    this.state = state
    this.at = at
    this.given = given
    this.#error = error
  }

  // Made when somebody asks: an error costs more than everything else that a cancellation does.
  get error(): Error {
    this.#error ??= this.state === CANCELED ? new Canceled() : new DeadlineExceeded()
    return this.#error
  }

  get cause(): unknown {
    return this.given ?? this.error
  }
}
