import { crossesWith, Monitor, monitorRules, type State, WAIT } from '@millrace/core'
import { askClock } from './ask-clock.js'
import { checkCrossing } from './check-crossing.js'
import { checkFunction, checkNumber } from './check-number.js'

export interface SometimesOptions {
  /** The first so many calls do it: a whole number of at least 0. */
  first?: number | undefined
  /** Of so many calls one does it, from the first on: a whole number of at least 0; 0 is none. */
  every?: number | undefined
  /** A call does it if it has not been done for so long, in milliseconds. */
  intervalMs?: number | undefined
  /** Milliseconds on any clock that goes forward. The time of day, `Date.now`, unless given. */
  now?: (() => number) | undefined
}

/** Calls of `do` so far, and when it was last done. */
const [CALLS, LAST] = [0, 1]

const rules = monitorRules({ name: 'patterns/sometimes.monitor', size: 2, lines: 0, attempt: () => WAIT })

/**
 * Does something now and then, of many times that it is asked to: a message about what happens a thousand times a second. Go's
 * `rate.Sometimes`.
 *
 * The first call always does it, and each that one of the options is for. Without options it is done once.
 *
 * It crosses to other threads by reference, if its clock is the usual or `parallel`: all count together.
 *
 * @example
 * const sometimes = new Sometimes({ first: 2, every: 4 })
 * const done: number[] = []
 * for (let i = 0; i < 10; i++) sometimes.do(() => done.push(i))
 * done // => [0, 1, 4, 8]
 */
export class Sometimes {
  #monitor = new Monitor(rules)
  readonly #options: SometimesOptions

  static {
    crossesWith(
      Sometimes,
      'patterns/sometimes',
      sometimes => [sometimes.#monitor, checkCrossing(sometimes.#options, 'Sometimes')],
      (monitor, options) => {
        const sometimes = new Sometimes(options as SometimesOptions)
        sometimes.#monitor = monitor
        return sometimes
      },
    )
  }

  /** @throws {RangeError} An option is out of range. @throws {TypeError} One is of a wrong type. */
  constructor({ first = 0, every = 0, intervalMs = 0, now }: SometimesOptions = {}) {
    checkNumber(first, 'sometimes: first', { whole: true })
    checkNumber(every, 'sometimes: every', { whole: true })
    checkNumber(intervalMs, 'sometimes: intervalMs')
    this.#options = { first, every, intervalMs, now: checkFunction(now, 'sometimes: now') }
  }

  /** Calls `fn`, or not. What it throws is thrown; it has been done then. */
  do(fn: () => void): void {
    if (typeof fn !== 'function') throw new TypeError(`sometimes: do of a ${typeof fn}`)
    const at = askClock(this.#options.now, 'sometimes')
    if (this.#monitor.change(state => isDue(state, this.#options, at ?? Date.now()))) fn()
  }
}

/** Counts a call; answers whether it does it. */
function isDue(
  state: State,
  { first = 0, every = 0, intervalMs = 0 }: SometimesOptions,
  now: number,
): boolean {
  const call = state[CALLS]++
  const isIt =
    call === 0 ||
    call < first ||
    (every > 0 && call % every === 0) ||
    (intervalMs > 0 && now - state[LAST] >= intervalMs)
  if (isIt) state[LAST] = now
  return isIt
}
