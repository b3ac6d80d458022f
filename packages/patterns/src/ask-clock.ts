import { checkMoment } from './check-number.js'

/**
 * Asks a clock of the user's own. Answers undefined if there is none: then the time of day counts, as it is inside a change of the
 * state.
 *
 * Asked before, the time could be behind what another thread has done meanwhile; and where a clock goes back, the same time passes
 * twice. But a change may do nothing else than change the state, and who knows what a user's clock does.
 *
 * @throws {TypeError} @throws {RangeError} It does not answer a moment.
 */
export function askClock(clock: (() => number) | undefined, what: string): number | undefined {
  return clock && checkMoment(clock(), `${what}: what now() answers`)
}
