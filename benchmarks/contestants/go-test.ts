import { execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { env } from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Contestant, Run, Ways } from '../contestant.js'
import type { ScenarioName } from '../scenarios.js'

// Go's own benchmarks from GOROOT, which say whether our Go programs measure what Go measures.

const DIST = fileURLToPath(new URL('../', import.meta.url))
const TIMEOUT_MS = 20_000
const PACKAGES = ['runtime', 'sync', 'context'] as const
const SETTINGS = { ...env, GOFLAGS: '', GOWORK: 'off' }

const execute = promisify(execFile)
const binaryOf = (name: string): string => join(DIST, `go-${name}.test`)

const root = (): string => execFileSync('go', ['env', 'GOROOT'], { encoding: 'utf8' }).trim()

/** Nanoseconds from what a benchmark prints: `BenchmarkChanSync-2   1000   183.5 ns/op`. */
export function parseBenchmark(printed: string, name: string): number {
  const line = new RegExp(`^${name}(?:-\\d+)?\\s+\\d+\\s+([\\d.]+) ns/op`, 'm').exec(printed)
  if (!line) throw new Error(`${name} printed no ns/op`)
  return Number(line[1])
}

const bench =
  (folder: (typeof PACKAGES)[number], benchmark: string, processors: 1 | 2): Run =>
  async count => {
    // Its loops are in parts of a thousand.
    const times = Math.max(1000, count)
    const { stdout } = await execute(
      binaryOf(folder),
      ['-test.run=^$', `-test.bench=^${benchmark}$`, `-test.benchtime=${times}x`, `-test.cpu=${processors}`],
      { cwd: join(root(), 'src', folder), timeout: TIMEOUT_MS },
    )
    return parseBenchmark(stdout, benchmark)
  }

const core: readonly [ScenarioName, (typeof PACKAGES)[number], string][] = [
  ['chan/uncontended', 'runtime', 'BenchmarkChanUncontended'],
  ['chan/sync', 'runtime', 'BenchmarkChanSync'],
  ['chan/prod-cons-0', 'runtime', 'BenchmarkChanProdCons0'],
  ['chan/prod-cons-10', 'runtime', 'BenchmarkChanProdCons10'],
  ['chan/prod-cons-100', 'runtime', 'BenchmarkChanProdCons100'],
  ['select/uncontended', 'runtime', 'BenchmarkSelectUncontended'],
  ['select/prod-cons', 'runtime', 'BenchmarkSelectProdCons'],
  ['chan/popular', 'runtime', 'BenchmarkChanPopular'],
  ['go/create', 'runtime', 'BenchmarkCreateGoroutines'],
  ['sync/mutex', 'sync', 'BenchmarkMutexUncontended'],
  ['sync/wait-group', 'sync', 'BenchmarkWaitGroupActuallyWait'],
  ['context/common-parent', 'context', 'BenchmarkCommonParentCancel'],
]

const isBuilt = (): boolean => PACKAGES.every(name => existsSync(binaryOf(name)))

export const contestant: Contestant & { isBuilt(): boolean } = {
  name: 'go-test',
  version: () => execFileSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' }).trim(),
  isBuilt,
  async prepare() {
    try {
      for (const name of PACKAGES) {
        await execute('go', ['test', '-c', '-o', binaryOf(name), name], { cwd: root(), env: SETTINGS })
      }
      return undefined
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      return code === 'ENOENT' ? 'there is no go on the PATH' : message
    }
  },
  cannot: () => undefined,
  ways: Object.fromEntries(
    core.map(([scenario, folder, name]) => [
      scenario,
      { '-cpu 1': bench(folder, name, 1), '-cpu 2': bench(folder, name, 2) },
    ]),
  ) as Ways,
}
