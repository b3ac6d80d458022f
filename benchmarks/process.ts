// A measurement in a process of its own.

import { type ExecFileException, execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Host } from './hosts.js'

const CHILD = fileURLToPath(new URL('./child.js', import.meta.url))
const TIMEOUT_MS = 30_000

const execute = promisify(execFile)

/** What the child prints. Throws a message of one line if it fails. */
export async function runChild(host: Host, args: readonly string[], timeout = TIMEOUT_MS): Promise<string> {
  try {
    const { stdout } = await execute(host.command, [...host.args, CHILD, ...args], {
      timeout,
      killSignal: 'SIGKILL',
    })
    return stdout
  } catch (error) {
    const { killed, signal, code, stderr, message } = error as ExecFileException & { stderr?: string }
    if (killed) throw new Error(`still running after ${timeout / 1000} s`)
    if (signal) throw new Error(`ended by ${signal}`)
    // Node's code for a program that waits for what can never come.
    if (code === 13) throw new Error('waits for ever')
    const line = stderr?.split('\n').find(text => /^(\w*Error\b|panic:|fatal error:|error:)/.test(text))
    throw new Error(line?.trim() ?? message.split('\n')[0])
  }
}

/** One figure. */
export async function measure(
  host: Host,
  module: string,
  scenario: string,
  way: string,
  count: number,
): Promise<number> {
  const printed = await runChild(host, [module, scenario, way, String(count)])
  const value = Number(printed)
  if (printed.trim() === '' || !Number.isFinite(value)) throw new Error(`printed ${JSON.stringify(printed)}`)
  return value
}
