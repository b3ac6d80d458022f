import { type HostTimer, host } from '@millrace/kernel'

/** Where time comes from: the one place that asks the host for it, so that a test can bring another clock. */
export interface Clock {
  /** Milliseconds since some moment, on a clock that only goes forward. What waiting goes by. */
  now(): number
  /** Milliseconds since 1970 (UTC), on a clock that people and time servers set. What is shown. */
  wall(): number
  /** Calls `fn` after `ms`, 0 to 2_147_483_647; perhaps a little earlier. */
  timer(fn: () => void, ms: number): HostTimer
}

/** The longest that a host's timer can wait: about 24 days. */
const LONGEST = 2 ** 31 - 1
/** The last moment that a Date can show. */
export const LAST_DATE = 8.64e15

export let clock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  timer: (fn, ms) => host.timer(fn, ms),
}

/** Takes the time from `next` from now on; answers what it was taken from. What waits already stays with its old clock. */
export function useClock(next: Clock): Clock {
  const before = clock
  clock = next
  return before
}

/** Checks a number of milliseconds: any number but NaN. @throws {TypeError} @throws {RangeError} */
export function checkMs(ms: number, what: string): number {
  if (typeof ms !== 'number') throw new TypeError(`${what}: milliseconds must be a number, got ${typeof ms}`)
  if (Number.isNaN(ms)) throw new RangeError(`${what}: milliseconds must be a number, got NaN`)
  return ms
}

/**
 * Rings once a moment has come: never before, however early the host's timer is, and however far off the moment (Infinity: never).
 *
 * Keeps the process alive while it is set, unless told not to.
 */
export class Alarm {
  readonly #ring: () => void
  #holds: boolean
  #due = 0
  #timer: HostTimer | undefined

  constructor(ring: () => void, holds = true) {
    this.#ring = ring
    this.#holds = holds
  }

  /** Will ring when `clock.now()` has reached `due`, and at no other time. */
  set(due: number): void {
    this.clear()
    this.#due = due
    this.#arm()
  }

  clear(): void {
    this.#timer?.clear()
    this.#timer = undefined
  }

  /** Whether it keeps the process alive from now on. */
  hold(holds: boolean): void {
    this.#holds = holds
    if (holds) this.#timer?.ref()
    else this.#timer?.unref()
  }

  #arm(): void {
    const left = Math.ceil(this.#due - clock.now())
    this.#timer = clock.timer(this.#look, Math.min(Math.max(left, 0), LONGEST))
    if (!this.#holds) this.#timer.unref()
  }

  readonly #look = (): void => {
    this.#timer = undefined
    if (clock.now() < this.#due) this.#arm()
    else this.#ring()
  }
}
