// `npm run bench`: every contestant does every scenario, in turn, each time in a process of its own.
//
//   --quick            a tenth of the operations; nothing is written but what --json asks for
//   --only <text>      the scenarios whose name contains it; may be given several times
//   --rounds <n>       at least 5, which is the default
//   --json <file>      also write the results there
//   --strict           refuse to run while the machine is busy with other things
//
// A whole run writes results/<date>.json and results/latest.md.

import { type ExecFileException, execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { execPath, exit, stderr, stdout } from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { type Contestant, type ContestantName, contestant, contestantNames } from './contestant.js'
import { isLoaded, type Load, load, machine } from './machine.js'
import { type Result, type Results, report } from './report.js'
import { QUICK, type ScenarioName, scenarioNames, scenarios } from './scenarios.js'

const MIN_ROUNDS = 5
const TIMEOUT_MS = 120_000
const RESULTS = new URL('../results/', import.meta.url)
const CHILD = fileURLToPath(new URL('./child.js', import.meta.url))

const execute = promisify(execFile)
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
        rounds: { type: 'string', default: String(MIN_ROUNDS) },
        json: { type: 'string' },
        strict: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    return fail((error as Error).message)
  }
}

const flags = parseFlags()
const rounds = Number(flags.rounds)
if (!Number.isInteger(rounds) || rounds < MIN_ROUNDS)
  fail(`--rounds takes a whole number of at least ${MIN_ROUNDS}`)
const chosen = scenarioNames.filter(
  name => flags.only.length === 0 || flags.only.some(text => name.includes(text)),
)
if (chosen.length === 0)
  fail(`no scenario is called ${flags.only.join(' or ')}; there are ${scenarioNames.join(', ')}`)

/** One measurement. Throws a message of one line if it fails. */
async function measure(name: string, scenario: ScenarioName, way: string, count: number): Promise<number> {
  try {
    const args = ['--expose-gc', CHILD, name, scenario, way, String(count)]
    const { stdout: printed } = await execute(execPath, args, { timeout: TIMEOUT_MS, killSignal: 'SIGKILL' })
    const value = Number(printed)
    if (printed.trim() === '' || !Number.isFinite(value))
      throw new Error(`printed ${JSON.stringify(printed)}`)
    return value
  } catch (error) {
    const { killed, signal, stderr: output, message } = error as ExecFileException & { stderr?: string }
    if (killed) throw new Error(`still running after ${TIMEOUT_MS / 1000} s`)
    if (signal) throw new Error(`ended by ${signal}`)
    const line = output?.split('\n').find(text => /^(\w*Error\b|panic:|fatal error:)/.test(text))
    throw new Error(line?.trim() ?? message)
  }
}

/** The rows of a scenario: what takes part, and who cannot. */
function entries(scenario: ScenarioName, contestants: ReadonlyMap<ContestantName, Contestant>) {
  return [...contestants].flatMap(
    ([name, { ways }]): { contestant: string; way: string; cannot?: true }[] => {
      const own = ways[scenario]
      if (own) return Object.keys(own).map(way => ({ contestant: name, way }))
      return name === 'floor' ? [] : [{ contestant: name, way: '', cannot: true }]
    },
  )
}

async function runScenario(
  scenario: ScenarioName,
  count: number,
  contestants: ReadonlyMap<ContestantName, Contestant>,
): Promise<Result[]> {
  const rows = entries(scenario, contestants).map(entry => ({ ...entry, values: [] as number[], failed: '' }))
  for (let round = 0; round < rounds; round++) {
    for (const row of rows) {
      if (row.cannot || row.failed) continue
      try {
        row.values.push(await measure(row.contestant, scenario, row.way, count))
      } catch (error) {
        row.failed = (error as Error).message
        say(`  ${row.contestant} ${row.way} failed: ${row.failed}`)
      }
    }
  }
  return rows.map(({ failed, ...row }) => (failed === '' ? row : { ...row, failed }))
}

async function checkedLoad(): Promise<Load> {
  const now = await load()
  if (!isLoaded(now)) return now
  const why = `the machine is ${Math.round(now.busy * 100)} % busy with other things (load average ${now.average.toFixed(2)})`
  if (flags.strict) fail(`${why}; not measuring (--strict)`)
  say(`bench: warning: ${why}; timings will be noisy`)
  return now
}

/** Makes a contestant ready; answers why it does not take part, if it does not. */
async function enter(name: ContestantName): Promise<Contestant | string> {
  try {
    const one = await contestant(name)
    return (await one.prepare?.()) ?? one
  } catch (error) {
    return (error as Error).message
  }
}

const before = await checkedLoad()
const contestants = new Map<ContestantName, Contestant>()
const versions: Record<string, string> = {}
const skipped: Record<string, string> = {}
for (const name of contestantNames) {
  const one = await enter(name)
  if (typeof one === 'string') {
    skipped[name] = one
    say(`bench: not measuring ${name}: ${one}`)
  } else {
    contestants.set(name, one)
    versions[name] = one.version()
  }
}

const measured: { name: ScenarioName; count: number; results: Result[] }[] = []
for (const name of chosen) {
  const count = Math.ceil(scenarios[name].count * (flags.quick ? QUICK : 1))
  say(`bench: ${name} …`)
  measured.push({ name, count, results: await runScenario(name, count, contestants) })
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
}
