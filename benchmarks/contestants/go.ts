import { execFile, execFileSync } from 'node:child_process'
import { env } from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Contestant, Run } from '../contestant.js'
import type { ScenarioName } from '../scenarios.js'

// Our own programs in go/, built once per run and then a process per measurement, like everybody.
const SOURCE = fileURLToPath(new URL('../../contestants/go/', import.meta.url))
const BINARY = fileURLToPath(new URL('../go-contestant', import.meta.url))
// Less than run.ts has patience for: what it ends would leave this behind.
const TIMEOUT_MS = 100_000
// Nothing of the machine's own settings: the module has no dependencies.
const SETTINGS = { ...env, GOFLAGS: '', GOWORK: 'off', CGO_ENABLED: '0' }

const execute = promisify(execFile)

const run =
  (scenario: ScenarioName, processors: number): Run =>
  async count => {
    const { stdout } = await execute(BINARY, [scenario, String(count)], {
      env: { ...SETTINGS, GOMAXPROCS: String(processors) },
      timeout: TIMEOUT_MS,
    })
    return Number(stdout)
  }

const on = (scenario: ScenarioName, processors: number) => ({ '': run(scenario, processors) })

export const contestant: Contestant = {
  name: 'go',
  version: () => execFileSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' }).trim(),
  async prepare() {
    try {
      await execute('go', ['build', '-o', BINARY, '.'], { cwd: SOURCE, env: SETTINGS })
      return undefined
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no go on the PATH' : String(error)
    }
  },
  ways: {
    'chan/pair-try': on('chan/pair-try', 1),
    'chan/pair-await': on('chan/pair-await', 1),
    'chan/stream': on('chan/stream', 2),
    'go/in-flight': on('go/in-flight', 2),
    'go/fork-join': on('go/fork-join', 2),
    'go/one-at-a-time': on('go/one-at-a-time', 2),
    'go/parked-heap': on('go/parked-heap', 1),
    'go/parked-rss': on('go/parked-rss', 1),
    'go/fan-out': { 'one thread': run('go/fan-out', 1), 'two threads': run('go/fan-out', 2) },
    'wake/p50': on('wake/p50', 2),
    'wake/p99': on('wake/p99', 2),
    'wake/idle-cpu': on('wake/idle-cpu', 2),
    'chan/uncontended': on('chan/uncontended', 1),
    'chan/sync': on('chan/sync', 1),
    'chan/prod-cons-0': on('chan/prod-cons-0', 1),
    'chan/prod-cons-10': on('chan/prod-cons-10', 1),
    'chan/prod-cons-100': on('chan/prod-cons-100', 1),
    'chan/ping-pong': on('chan/ping-pong', 1),
    'select/uncontended': on('select/uncontended', 1),
    'go/create': on('go/create', 1),
    'sync/mutex-try': on('sync/mutex-try', 1),
    'sync/mutex-await': on('sync/mutex-await', 1),
    'sync/mutex-contended': on('sync/mutex-contended', 2),
    'sync/wait-group': on('sync/wait-group', 1),
    'sync/semaphore': on('sync/semaphore', 1),
  },
}
