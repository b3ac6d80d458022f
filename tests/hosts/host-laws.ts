import process from 'node:process'
import { describe, test } from 'vitest'
import { type RunName, runs } from '../laws/suites.js'
import type { Report } from '../laws/try-law.js'
import { type FoundHost, findHost, type HostName } from './find-host.js'
import { programFile, runProgram } from './run-program.js'

export const PROGRAM_MS = 240_000

/** Why laws are not tried on a host, by their "world: name". */
type Skips = Record<string, string>

export const runNames = Object.keys(runs) as RunName[]

/** Starts the program of all laws on a host and makes each of its lines a test. */
export function hostLaws(name: HostName | 'node', skips: Skips = {}, names = runNames): void {
  const host = findHost(name)
  if (!host) {
    notFound(name, 'laws')
    return
  }
  describe(`laws on ${host.name} ${host.version}`, () => {
    for (const run of names)
      describe(`run with ${run === 'usual' ? 'the usual settings' : run}`, () =>
        lawsOf(onLine => onHost(host, run, onLine), run, skips))
  })
}

/** Reports `what` on a host that is not here: one test that is skipped, or fails where all hosts have to be. */
export function notFound(name: string, what: string, cure = 'scripts/hosts.mjs installs it'): void {
  if (process.env.MILLRACE_HOSTS === 'required') {
    test(`${what} on ${name}`, () => {
      throw new Error(`${name} is not installed, and MILLRACE_HOSTS says that it must be: ${cure}`)
    })
  } else test.skip(`${what} on ${name}: NOT RUN, ${name} is not installed here (${cure})`)
}

/** How a program ended that told its reports line by line. */
export interface EndedLaws {
  /** 0 if it ended well; undefined when its time was over. */
  readonly code: number | undefined
  readonly stderr: string
}

const onHost = (host: FoundHost, run: RunName, onLine: (line: string) => void): Promise<EndedLaws> =>
  runProgram(host, programFile('hosts/run-laws'), { args: [run], timeoutMs: PROGRAM_MS, onLine }).ended

/** Starts the program of all laws and makes each of its lines a test. */
export function lawsOf(
  start: (onLine: (line: string) => void) => Promise<EndedLaws>,
  run: RunName,
  skips: Skips = {},
): void {
  const reports = new Map<string, Report>()
  const waiting = new Map<string, () => void>()
  const ended = start(line => {
    const report = JSON.parse(line) as Report
    const key = `${report.world}: ${report.law}`
    reports.set(key, report)
    waiting.get(key)?.()
  })
  ended.catch(() => {})

  const reportOf = async (key: string): Promise<Report> => {
    if (!reports.has(key))
      await Promise.race([ended, new Promise<void>(resolve => waiting.set(key, resolve))])
    const report = reports.get(key)
    if (report) return report
    const { code, stderr } = await ended
    throw new Error(`not tried: the program ended with ${code ?? 'its time'} before.\n${stderr.slice(-2000)}`)
  }

  for (const [world, laws] of runs[run].suites) {
    for (const law of laws) {
      const key = `${world.name}: ${law.name}`
      test(key, { timeout: PROGRAM_MS }, async context => {
        const { skipped, error } = await reportOf(key)
        const reason = skipped ?? skips[key]
        if (reason !== undefined) context.skip(reason)
        if (error !== undefined) throw new Error(`rule ${law.rule}: ${error}`)
      })
    }
  }

  test('the program ends by itself when all laws have been tried', { timeout: PROGRAM_MS }, async () => {
    const { code, stderr } = await ended
    if (code !== 0) throw new Error(`it ended with ${code ?? 'its time'}\n${stderr.slice(-2000)}`)
  })
}
