import { execFile, execFileSync } from 'node:child_process'
import { env } from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Contestant, Run } from '../contestant.js'
import { MESSAGE_SIZES, OBJECT_SIZES, type ScenarioName, scenarioNames, scenarios } from '../scenarios.js'

// Our own programs in go/, built once per run and then a process per measurement, like everybody.
const SOURCE = fileURLToPath(new URL('../../contestants/go/', import.meta.url))
const BINARY = fileURLToPath(new URL('../go-contestant', import.meta.url))
// Less than run.ts has patience for: what it ends would leave this behind.
const TIMEOUT_MS = 20_000
// Nothing of the machine's own settings: the module has no dependencies.
const SETTINGS = { ...env, GOFLAGS: '', GOWORK: 'off', CGO_ENABLED: '0' }

const execute = promisify(execFile)

const run =
  (scenario: ScenarioName, processors: number, ...more: string[]): Run =>
  async count => {
    const { stdout } = await execute(BINARY, [scenario, String(count), ...more], {
      env: { ...SETTINGS, GOMAXPROCS: String(processors) },
      timeout: TIMEOUT_MS,
    })
    return Number(stdout)
  }

const way = (scenario: ScenarioName) => ({ '': run(scenario, scenarios[scenario].threads) })

const bySize = (scenario: ScenarioName, sizes: readonly number[]) =>
  Object.fromEntries(
    sizes.map(size => [String(size), run(scenario, scenarios[scenario].threads, String(size))]),
  )

const ways = Object.fromEntries(
  scenarioNames.filter(name => !name.startsWith('start/')).map(name => [name, way(name)]),
)

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
  cannot: () => undefined,
  ways: {
    ...ways,
    'go/fan-out': { 'one thread': run('go/fan-out', 1), 'two threads': run('go/fan-out', 2) },
    'payload/bytes-64k': {
      copy: run('payload/bytes-64k', 2),
      'by reference, filled': run('payload/bytes-64k', 2, 'reference'),
    },
    'payload/bytes-1m': {
      copy: run('payload/bytes-1m', 2),
      'by reference, filled': run('payload/bytes-1m', 2, 'reference'),
    },
    'grow/messages': bySize('grow/messages', MESSAGE_SIZES),
    'grow/messages-threads': bySize('grow/messages-threads', MESSAGE_SIZES),
    'grow/channels': bySize('grow/channels', OBJECT_SIZES),
    'grow/waiters': bySize('grow/waiters', OBJECT_SIZES),
  },
}
