// Measures all scenarios and writes down what came of it.
//
//   npm run bench -- [flags]
//
//   --quick            a tenth of the operations, three rounds, and of the other hosts the newest Node only: a few minutes.
//                      Nothing is written but what --json asks for
//   --only <text>      the scenarios whose name contains it; may be given several times
//   --rounds <n>       at least 5, which is the default (3 with --quick)
//   --json <file>      also write the results there
//   --strict           refuse to run while the machine is busy with other things
//   --list             say what would be measured, and end
//
// A whole run writes results/<date>.json and results/latest.md, the table of the README and docs/benchmarks.svg.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { exit, stderr, stdout } from 'node:process'
import { parseArgs } from 'node:util'
import { contestant, type Entry, entries } from './contestant.js'
import { newestNode, ownHost } from './hosts.js'
import { isLoaded, type Load, load, machine } from './machine.js'
import { plot } from './plot.js'
import { measure } from './process.js'
import { report, summary, withSummary } from './report.js'
import { nameOf, type Result, type Results, type ScenarioResults } from './results.js'
import { type Participant, type Row, rowsOf } from './rows.js'
import { type ScenarioName, scenarioNames, scenarios } from './scenarios.js'
import { findCount, fullCount, mayVary } from './sizes.js'
import { median } from './statistics.js'

const ROUNDS = 5
const QUICK_ROUNDS = 3
const RESULTS = new URL('../results/', import.meta.url)
const README = new URL('../../README.md', import.meta.url)
const PLOT = new URL('../../docs/benchmarks.svg', import.meta.url)

const say = (line: string): void => void stderr.write(`${line}\n`)

function fail(why: string): never {
  say(`bench: ${why}`)
  exit(1)
}

function parseFlags() {
  try {
    return parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true, default: [] },
        rounds: { type: 'string' },
        json: { type: 'string' },
        strict: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    return fail((error as Error).message)
  }
}

const flags = parseFlags()
const least = flags.quick ? QUICK_ROUNDS : ROUNDS
const rounds = flags.rounds === undefined ? least : Number(flags.rounds)
if (!Number.isInteger(rounds) || rounds < least) fail(`--rounds takes a whole number of at least ${least}`)
const chosen = scenarioNames.filter(
  name => flags.only.length === 0 || flags.only.some(text => name.includes(text)),
)
if (chosen.length === 0)
  fail(`no scenario is called ${flags.only.join(' or ')}; there are ${scenarioNames.join(', ')}`)

/** A row on its way to a result. */
interface Attempt extends Row {
  count: number
  readonly values: number[]
  failed?: string
}

/** Calls `measured` with what `row` can do, unless it cannot, or has failed; if `measured` fails, so has the row. */
async function attempt(
  row: Attempt,
  name: ScenarioName,
  measured: (once: (count: number) => Promise<number>) => Promise<void>,
): Promise<void> {
  if (row.cannot !== undefined || row.failed !== undefined) return
  const { entry } = row.participant
  try {
    if (typeof entry.host === 'string') throw new Error(entry.host)
    const { host, module } = entry
    await measured(count => measure(host, module, name, row.way, count))
  } catch (error) {
    row.failed = (error as Error).message
    say(`  ${entry.name} ${row.way} failed: ${row.failed}`)
  }
}

async function runScenario(
  name: ScenarioName,
  participants: readonly Participant[],
): Promise<ScenarioResults> {
  const scenario = scenarios[name]
  const count = fullCount(scenario, flags.quick)
  const rows: Attempt[] = rowsOf(name, participants).map(row => ({ ...row, count, values: [] }))
  if (mayVary(scenario)) {
    for (const row of rows) {
      await attempt(row, name, async nsEach => {
        row.count = await findCount(scenario, count, flags.quick, nsEach)
      })
    }
  }
  for (let round = 0; round < (scenario.once ? 1 : rounds); round++) {
    for (const row of rows) {
      await attempt(row, name, async once => void row.values.push(await once(row.count)))
    }
  }
  return { name, count, results: rows.map(row => resultOf(row, mayVary(scenario))) }
}

function resultOf({ participant, way, values, count, failed, cannot }: Attempt, hasCount: boolean): Result {
  const contestant = participant.entry.name
  if (cannot !== undefined) return { contestant, way, values, cannot }
  if (failed !== undefined) return { contestant, way, values, failed }
  return hasCount ? { contestant, way, values, count } : { contestant, way, values }
}

async function checkedLoad(): Promise<Load> {
  const now = await load()
  if (!isLoaded(now)) return now
  const why = `the machine is ${Math.round(now.busy * 100)} % busy with other things (load average ${now.average.toFixed(2)})`
  if (flags.strict) fail(`${why}; not measuring (--strict)`)
  say(`bench: warning: ${why}; timings will be noisy`)
  return now
}

const prepared = new Map<string, Promise<string | undefined> | undefined>()

/** Makes a contestant ready; answers why it does not take part, if it does not. */
async function enter(entry: Entry): Promise<Participant | string> {
  if (typeof entry.host === 'string') return entry.host
  if (flags.quick && entry.host !== ownHost && entry.host.name !== newestNode) return 'left out by --quick'
  try {
    const one = await contestant(entry.module)
    if (!chosen.some(name => one.ways[name] || one.cannot(name))) return 'has none of the chosen scenarios'
    if (flags.list) return { entry, contestant: one }
    if (!prepared.has(entry.module)) prepared.set(entry.module, one.prepare?.())
    return (await prepared.get(entry.module)) ?? { entry, contestant: one }
  } catch (error) {
    return (error as Error).message
  }
}

const before = await checkedLoad()
const participants: Participant[] = []
const versions: Record<string, string> = {}
const skipped: Record<string, string> = {}
for (const entry of entries()) {
  const participant = await enter(entry)
  if (typeof participant === 'string') {
    skipped[entry.name] = participant
    say(`bench: not measuring ${entry.name}: ${participant}`)
  } else {
    participants.push(participant)
    const { host } = participant.entry
    const isElsewhere = entry.name.includes(' on ')
    versions[entry.name] =
      isElsewhere && typeof host !== 'string' ? host.version : participant.contestant.version()
  }
}

if (flags.list) {
  for (const name of chosen) {
    const names = rowsOf(name, participants).filter(row => row.cannot === undefined)
    stdout.write(
      `${name}: ${names.map(row => nameOf({ contestant: row.participant.entry.name, way: row.way })).join(', ')}\n`,
    )
  }
  exit()
}

const measured: ScenarioResults[] = []
for (const name of chosen) {
  say(`bench: ${name} …`)
  const one = await runScenario(name, participants)
  for (const result of one.results)
    if (result.values.length > 0) say(`  ${nameOf(result)}  ${median(result.values).toPrecision(3)}`)
  measured.push(one)
}

const date = new Date().toISOString()
const results: Results = {
  date,
  machine: machine(),
  load: { before, after: await load() },
  rounds,
  quick: flags.quick,
  versions,
  skipped,
  scenarios: measured,
}
const page = report(results)
stdout.write(page)
const json = `${JSON.stringify(results, null, 2)}\n`
if (flags.json !== undefined) writeFileSync(flags.json, json)
if (!flags.quick && flags.only.length === 0) {
  mkdirSync(RESULTS, { recursive: true })
  writeFileSync(new URL(`${date.slice(0, 10)}.json`, RESULTS), json)
  writeFileSync(new URL('latest.md', RESULTS), page)
  writeFileSync(README, withSummary(readFileSync(README, 'utf8'), summary(results)))
  writeFileSync(PLOT, plot(results))
}
