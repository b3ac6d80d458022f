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

/** The last moment that a Date can show. */
export const LAST_DATE = 8.64e15

export let clock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  timer: (fn, ms) => host.timer(fn, ms),
}

/** Takes the time from `next` from now on; answers what it was taken from. Alarms that are set already stay with their clock. */
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
