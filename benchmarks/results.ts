import type { Load, Machine } from './machine.js'
import type { ScenarioName } from './scenarios.js'
import { median, ratio } from './statistics.js'

/** What came of one contestant's way of doing a scenario: a value per round, or why there is none. */
export interface Result {
  readonly contestant: string
  readonly way: string
  readonly values: readonly number[]
  /** Operations of one measurement. */
  readonly count?: number
  /** Why it failed, if it did; it was not tried again. */
  readonly failed?: string
  /** Why it cannot, if it cannot. */
  readonly cannot?: string
}

export interface ScenarioResults {
  readonly name: ScenarioName
  readonly count: number
  readonly results: readonly Result[]
}

export interface Results {
  readonly date: string
  readonly machine: Machine
  readonly load: { readonly before: Load; readonly after: Load }
  readonly rounds: number
  readonly quick: boolean
  readonly versions: Readonly<Record<string, string>>
  /** Contestants that did not take part, and why. */
  readonly skipped: Readonly<Record<string, string>>
  readonly scenarios: readonly ScenarioResults[]
}

export const nameOf = ({ contestant, way }: Pick<Result, 'contestant' | 'way'>): string =>
  way === '' ? contestant : `${contestant}: ${way}`

export const isMeasured = ({ values, failed, cannot }: Result): boolean =>
  values.length > 0 && failed === undefined && cannot === undefined

/** The values of a result that was measured, by its name. */
export function valuesOf(results: readonly Result[], name: string): readonly number[] | undefined {
  return results.find(result => nameOf(result) === name && isMeasured(result))?.values
}

export const resultsOf = (results: Results, name: string): readonly Result[] =>
  results.scenarios.find(scenario => scenario.name === name)?.results ?? []

/** Millrace on the newest Node that took part; the targets are told by it. */
export function newestMillrace({ versions }: Pick<Results, 'versions'>): string {
  const majorOf = (name: string): number => Number(/^millrace on node (\d+)$/.exec(name)?.[1] ?? 0)
  return Object.keys(versions).reduce(
    (best, name) => (majorOf(name) > majorOf(best) ? name : best),
    'millrace',
  )
}

/** Those that are neither Millrace nor Go nor the floor: what JavaScript has. */
export const isPeer = ({ contestant }: Result): boolean =>
  !/^(millrace\b|go$|go-test$|floor\b)/.test(contestant)

/** The best of the results that `which` lets through, and how many times as good as it `values` are. */
export function bestOf(results: readonly Result[], which: (result: Result) => boolean): Result | undefined {
  const found = results.filter(result => isMeasured(result) && which(result))
  return found.length === 0
    ? undefined
    : found.reduce((best, one) => (median(one.values) < median(best.values) ? one : best))
}

/** How many times as good as `base` a result is, round by round; undefined where one of them is missing. */
export function timesAsGood(results: readonly Result[], name: string, base: string): number | undefined {
  const [values, other] = [valuesOf(results, name), valuesOf(results, base)]
  return values && other ? ratio(values, other) : undefined
}
