import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'
import { arch, version, versions } from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** What the figures were measured on. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly system: string
  readonly node: string
  readonly v8: string
  readonly commit: string
}

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()} ${arch}`,
    node: version,
    v8: versions.v8,
    commit: commit(),
  }
}

/** The commit that was measured, and whether the files differ from it. */
function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', ['--no-optional-locks', ...args], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  try {
    return git('rev-parse', 'HEAD') + (git('status', '--porcelain') === '' ? '' : ' with changes')
  } catch {
    return 'not committed yet'
  }
}

/** How busy the machine is with other things. */
export interface Load {
  /** Part of all processors' time that was not idle, watched while we did nothing. */
  readonly busy: number
  /** Load average of the last minute. */
  readonly average: number
}

const WATCH_MS = 1000
const LOADED = 0.1

export async function load(): Promise<Load> {
  const before = processorTimes()
  await sleep(WATCH_MS)
  const after = processorTimes()
  const total = after.total - before.total
  return { busy: total === 0 ? 0 : 1 - (after.idle - before.idle) / total, average: loadavg()[0] }
}

/** Whether timings are not to be trusted for it. */
export const isLoaded = ({ busy }: Load): boolean => busy > LOADED

function processorTimes(): { idle: number; total: number } {
  let idle = 0
  let total = 0
  for (const { times } of cpus()) {
    idle += times.idle
    total += times.user + times.nice + times.sys + times.idle + times.irq
  }
  return { idle, total }
}
