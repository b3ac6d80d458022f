import { type ChildProcess, spawn } from 'node:child_process'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { FoundHost } from './find-host.js'

/** How a program ended. */
export interface Ended {
  /** Undefined when it was killed because its time was over. */
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
  readonly ms: number
}

export interface RunningProgram {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
}

/** A compiled program of these tests: `lifetime/programs/idle-pool`. */
export const programFile = (name: string): string =>
  fileURLToPath(new URL(`../dist/${name}.js`, import.meta.url))

export interface RunOptions {
  args?: readonly string[]
  env?: Record<string, string>
  /** Options of the host itself. */
  hostArgs?: readonly string[]
  timeoutMs?: number
  onLine?(line: string): void
}

/** Runs a program on a host; kills it when its time is over. */
export function runProgram(host: FoundHost, file: string, options: RunOptions = {}): RunningProgram {
  const { args = [], env = {}, hostArgs = [], timeoutMs = 30_000, onLine } = options
  const start = performance.now()
  const child = spawn(host.command, [...host.args, ...hostArgs, file, ...args], {
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', text => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', text => (output.stderr += text))
  if (onLine) createInterface({ input: child.stdout }).on('line', onLine)
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    child.kill('SIGKILL')
  }, timeoutMs)
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const ms = Math.round(performance.now() - start)
      // A signal that is not ours is a crash: reported as a shell does, by a code above 128.
      resolve({ code: isLate ? undefined : (code ?? (signal ? 139 : 1)), ms, ...output })
    })
  })
  return { child, ended }
}
