// From measurements to a page of Markdown.

import type { Load, Machine } from './machine.js'
import { isLoaded } from './machine.js'
import { type Scenario, type ScenarioName, scenarios, type Target } from './scenarios.js'
import { median, ratio } from './statistics.js'

/** What came of one contestant's way of doing a scenario: a value per round, or why there is none. */
export interface Result {
  readonly contestant: string
  readonly way: string
  readonly values: readonly number[]
  /** Why it failed, if it did; it was not tried again. */
  readonly failed?: string
  readonly cannot?: true
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
  readonly scenarios: readonly {
    readonly name: ScenarioName
    readonly count: number
    readonly results: readonly Result[]
  }[]
}

export const nameOf = ({ contestant, way }: Pick<Result, 'contestant' | 'way'>): string =>
  way === '' ? contestant : `${contestant}: ${way}`

/** Three digits that count, more for what is large anyway. */
export function figure(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value)
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 0.01))))
  return value.toFixed(digits).replace(/^(-?\d+)/, whole => whole.replace(/\B(?=(\d{3})+$)/g, ' '))
}

/** How a target stands: met or missed, and at what. Says so where there is nothing to tell it by. */
export function verdict(target: Target, results: readonly Result[], unit: string): string {
  const find = (name: string): readonly number[] | undefined => {
    const values = results.find(result => nameOf(result) === name)?.values
    return values && values.length > 0 ? values : undefined
  }
  const values = find(target.result)
  if ('atMost' in target) {
    const wish = `${target.result} at most ${figure(target.atMost)} ${unit}`
    if (!values) return `Target: ${wish}: not measured.`
    const value = median(values)
    return `Target: ${wish}: ${value <= target.atMost ? 'met' : 'missed'}, at ${figure(value)}.`
  }
  const wish = `${target.result} at least ${target.times} × as fast as ${target.against}`
  const base = find(target.against)
  if (!values || !base) return `Target: ${wish}: not measured.`
  const times = ratio(values, base)
  return `Target: ${wish}: ${times >= target.times ? 'met' : 'missed'}, at ${figure(times)} ×.`
}

/** The results of one scenario as a table. Ratios above 1 are better than the base. */
export function table(scenario: Scenario, results: readonly Result[]): string {
  const base = results.find(result => nameOf(result) === scenario.base)
  const rows = results.map(result => {
    const name = nameOf(result)
    if (result.cannot) return [name, 'cannot', '', '', '']
    if (result.values.length === 0 || result.failed)
      return [name, `failed: ${oneLine(result.failed ?? '')}`, '', '', '']
    const { values } = result
    const times = base && base.values.length > 0 ? figure(ratio(values, base.values)) : ''
    return [name, figure(median(values)), figure(Math.min(...values)), figure(Math.max(...values)), times]
  })
  const head = ['', `median, ${scenario.unit}`, 'min', 'max', `× as good as ${scenario.base}`]
  return [head, ['---', '--:', '--:', '--:', '--:'], ...rows]
    .map(cells => `| ${cells.join(' | ')} |`)
    .join('\n')
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').replaceAll('|', '\\|').trim()

export function report(results: Results): string {
  const { machine, load } = results
  const percent = (part: number): string => `${Math.round(part * 100)} %`
  const lines = [
    '# Benchmarks',
    '',
    `${results.date}, commit ${machine.commit}. Made by \`npm run bench\`${results.quick ? ' --quick: a tenth of the operations' : ''}.`,
    '',
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}; Node ${machine.node} (V8 ${machine.v8}); ${Object.entries(
      results.versions,
    )
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
    `The machine was ${percent(load.before.busy)} busy with other things before and ${percent(load.after.busy)} after${
      isLoaded(load.before) || isLoaded(load.after) ? ': **loaded, so trust the ratios only**' : ''
    }.`,
    '',
    `Each figure is the median of ${results.rounds} rounds. In a round everybody does the scenario once, one after the other, each in a process of its own, after a warm-up. Ratios compare within a round; their median is shown; above 1 is better.`,
    ...Object.entries(results.skipped).map(([name, why]) => `\nNot measured: ${name} (${oneLine(why)}).`),
  ]
  for (const { name, count, results: rows } of results.scenarios) {
    const scenario = scenarios[name]
    lines.push(
      '',
      `## ${name}`,
      '',
      `${sentence(scenario.what)} (count ${figure(count)}).`,
      '',
      table(scenario, rows),
    )
    if (scenario.target) lines.push('', verdict(scenario.target, rows, scenario.unit))
  }
  return `${lines.join('\n')}\n`
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
