// How many operations a way does: the scenario's count, or fewer where it would take too long. Found once, by trials, and then the
// same in every round.

import { PATIENCE_MS, QUICK, type Scenario } from './scenario.js'

const PARTS = [1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001]
const TRIAL_PART = 0.01
const LEAST = 10

/** Whether the count may differ: where it is no size, and an operation takes nanoseconds that tell how long so many take. */
export const mayVary = ({ unit, isSize, once }: Scenario): boolean => unit === 'ns' && !isSize && !once

/** The count of a whole run, or of a quick one. */
export function fullCount(scenario: Scenario, isQuick: boolean): number {
  if (scenario.once) return scenario.count
  return Math.ceil(scenario.count * (isQuick ? QUICK : 1))
}

export const trialCount = (count: number): number =>
  Math.max(Math.min(count, LEAST), Math.ceil(count * TRIAL_PART))

/** The most of `count` that takes no longer than there is patience for, at `ns` each; a tenth of a per cent at least. */
export function fittingCount(scenario: Scenario, count: number, ns: number, isQuick: boolean): number {
  const patienceMs = (scenario.patienceMs ?? PATIENCE_MS) * (isQuick ? QUICK * 2 : 1)
  const fits = (part: number): boolean => count * part * ns <= patienceMs * 1e6
  const part = PARTS.find(fits) ?? PARTS[PARTS.length - 1]
  return Math.max(Math.min(count, LEAST), Math.ceil(count * part))
}

/**
 * The count for a way, of at most `count`. `nsEach` tries so many operations and answers what one took. A short trial runs code that is
 * not compiled yet and seems slow; so as long as a trial allows for more than it did, that is tried. One that does not is made again
 * before it is believed: two threads may have shared a core in it.
 */
export async function findCount(
  scenario: Scenario,
  count: number,
  isQuick: boolean,
  nsEach: (count: number) => Promise<number>,
): Promise<number> {
  const fitting = async (tried: number) => fittingCount(scenario, count, await nsEach(tried), isQuick)
  for (let tried = trialCount(count); ; ) {
    let fits = await fitting(tried)
    if (fits <= tried && fits < count) fits = Math.max(fits, await fitting(tried))
    if (fits <= tried || fits === count) return fits
    tried = fits
  }
}
