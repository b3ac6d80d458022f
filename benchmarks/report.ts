// From measurements to a page of Markdown, and to the table of the README.

import { verdictLine, verdicts } from './goals.js'
import { isLoaded } from './machine.js'
import {
  bestOf,
  isMeasured,
  isPeer,
  nameOf,
  newestMillrace,
  type Result,
  type Results,
  valuesOf,
} from './results.js'
import type { Scenario } from './scenario.js'
import { scenarios } from './scenarios.js'
import { median, ratio } from './statistics.js'

/** Three digits that count, more for what is large anyway. */
export function figure(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value)
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 0.01))))
  return value.toFixed(digits).replace(/^(-?\d+)/, whole => whole.replace(/\B(?=(\d{3})+$)/g, ' '))
}

/** A whole number, thousands apart. */
const whole = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ' ')

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

/** The results of one scenario as a table. Ratios above 1 are better than the base. */
export function table(scenario: Scenario, results: readonly Result[]): string {
  const base = valuesOf(results, scenario.base)
  const rows = results
    .filter(({ cannot }) => cannot === undefined)
    .map(result => {
      const name = nameOf(result)
      if (!isMeasured(result)) return [name, `failed: ${oneLine(result.failed ?? '')}`, '', '', '', '']
      const { values, count } = result
      return [
        name,
        figure(median(values)),
        figure(Math.min(...values)),
        figure(Math.max(...values)),
        base ? figure(ratio(values, base)) : '',
        count === undefined ? '' : whole(count),
      ]
    })
  const head = ['', `median, ${scenario.unit}`, 'min', 'max', `× as good as ${scenario.base}`, 'operations']
  return [head, ['---', '--:', '--:', '--:', '--:', '--:'], ...rows].map(row).join('\n')
}

/** Who cannot do it, by the reason; empty where all can. */
export function cannotLine(results: readonly Result[]): string {
  const byReason = new Map<string, string[]>()
  for (const { contestant, cannot } of results) {
    if (cannot === undefined) continue
    byReason.set(cannot, [...(byReason.get(cannot) ?? []), contestant])
  }
  if (byReason.size === 0) return ''
  return `Cannot: ${[...byReason].map(([why, names]) => `${names.join(', ')} (${why})`).join('; ')}.`
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').replaceAll('|', '\\|').trim()
const percent = (part: number): string => `${Math.round(part * 100)} %`

/** Machine, versions and load, in two sentences or three. */
function conditions({ machine, load, versions }: Results): string[] {
  const peers = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  const isBusy = isLoaded(load.before) || isLoaded(load.after)
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}; Node ${machine.node} (V8 ${machine.v8}); ${peers.join(', ')}.`,
    `The machine was ${percent(load.before.busy)} busy with other things before and ${percent(load.after.busy)} after${
      isBusy ? ': **loaded, so trust the ratios only**' : ''
    }.`,
  ]
}

export function report(results: Results): string {
  const lines = [
    '# Benchmarks',
    '',
    `${results.date}, commit ${results.machine.commit}. Made by \`npm run bench\`${results.quick ? ' --quick: a tenth of the operations' : ''}.`,
    '',
    ...conditions(results),
    '',
    `Each figure is the median of ${results.rounds} rounds. In a round everybody does the scenario once, one after the other, each in a process of its own, after a warm-up of as many operations. A way that is too slow for the scenario's count does fewer operations, a number found by a first trial and then fixed: figures are for one operation. Ratios compare within a round; their median is shown; above 1 is better.`,
    ...Object.entries(results.skipped).map(([name, why]) => `\nNot measured: ${name} (${oneLine(why)}).`),
    '',
    '## Targets',
    '',
    ...verdicts(results).map(verdict => `- ${verdictLine(verdict)}`),
  ]
  for (const { name, count, results: rows } of results.scenarios) {
    const scenario = scenarios[name]
    lines.push('', `## ${name}`, '', `${sentence(scenario.what)} (count ${whole(count)}).`, '')
    lines.push(table(scenario, rows))
    const others = cannotLine(rows)
    if (others !== '') lines.push('', others)
  }
  return `${lines.join('\n')}\n`
}

/** What the README shows: a line for each scenario, and the targets. */
export function summary(results: Results): string {
  const newest = newestMillrace(results)
  const cell = (result: Result | undefined): string => (result ? figure(median(result.values)) : '')
  const lines = [
    `One run of \`npm run bench\`, ${results.date.slice(0, 10)}, commit ${results.machine.commit.slice(0, 12)}.`,
    ...conditions(results),
    '',
    `Medians of ${results.rounds} rounds, best way of each; lower is better, all but the last column. Everything, with spread, ways and what each peer cannot do, is in benchmarks/results/latest.md.`,
    '',
    '![Millrace against Go and the best JavaScript peer](docs/benchmarks.svg)',
    '',
    row([
      'scenario',
      'unit',
      'Millrace',
      newest === 'millrace' ? 'newest Node' : newest.slice('millrace on '.length),
      'Go',
      'best peer',
      'Millrace: × Go, × peer',
    ]),
    row(['---', '---', '--:', '--:', '--:', '--:', '--:']),
  ]
  for (const { name, results: rows } of results.scenarios) {
    if (name.startsWith('grow/')) continue
    const own = bestOf(rows, one => one.contestant === 'millrace')
    const ownNewest = newest === 'millrace' ? undefined : bestOf(rows, one => one.contestant === newest)
    const go = bestOf(rows, one => one.contestant === 'go')
    const peer = bestOf(rows, isPeer)
    const best = bestOf(rows, one => one.contestant === 'millrace' || one.contestant === newest)
    const against = (other: Result | undefined): string =>
      best && other ? figure(median(other.values) / median(best.values)) : '–'
    lines.push(
      row([
        name,
        scenarios[name].unit,
        cell(own),
        cell(ownNewest),
        cell(go),
        peer ? `${cell(peer)} (${peer.contestant})` : '',
        `${against(go)}, ${against(peer)}`,
      ]),
    )
  }
  const grown = results.scenarios.filter(({ name }) => name.startsWith('grow/'))
  if (grown.length > 0) lines.push('', 'Cost grows as the work, ns for one:', '', growth(grown))
  lines.push('', 'Targets:', '', ...verdicts(results).map(verdict => `- ${verdictLine(verdict)}`))
  return lines.join('\n')
}

/** A row for each who grows, a column for each size; its place in the row where sizes differ. */
function growth(scenariosGrown: Results['scenarios']): string {
  const lines = [row(['', 'sizes', 'ns']), row(['---', '---', '---'])]
  for (const { name, results } of scenariosGrown) {
    for (const contestant of new Set(results.filter(isMeasured).map(one => one.contestant))) {
      const own = results.filter(one => one.contestant === contestant && isMeasured(one))
      lines.push(
        row([
          `${name}, ${contestant}`,
          own.map(({ way }) => whole(Number(way))).join(' · '),
          own.map(({ values }) => figure(median(values))).join(' · '),
        ]),
      )
    }
  }
  return lines.join('\n')
}

const BEGIN = '<!-- benchmarks:begin -->'
const END = '<!-- benchmarks:end -->'

/** The README with another summary between its marks. @throws {Error} It has no marks. */
export function withSummary(readme: string, text: string): string {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)]
  if (begin === -1 || end < begin) throw new Error(`the README has no ${BEGIN} … ${END}`)
  return `${readme.slice(0, begin + BEGIN.length)}\n${text}\n${readme.slice(end)}`
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
