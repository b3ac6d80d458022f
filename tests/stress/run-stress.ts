import { expect } from 'vitest'
import type { FoundHost } from '../hosts/find-host.js'
import { programFile, runProgram } from '../hosts/run-program.js'
import { isLong } from './seed.js'

export const TIMEOUT_MS = isLong ? 3_600_000 : 120_000

/** Runs a program of this package on a host until it ends well; answers its last line. */
export async function stress(
  host: FoundHost,
  program: string,
  ...args: string[]
): Promise<Record<string, unknown>> {
  const { ended } = runProgram(host, programFile(program), {
    args,
    timeoutMs: TIMEOUT_MS,
  })
  const { code, stdout, stderr, ms } = await ended
  const lines = stdout.trim().split('\n')
  const last = lines.at(-1)!
  process.stderr.write(`  ${program} ${args.join(' ')} on ${host.name}: ${last} in ${ms} ms\n`)
  expect({ code, stderr, last }, `the last lines were\n${lines.slice(-5).join('\n')}`).toEqual({
    code: 0,
    stderr: '',
    last: expect.stringContaining('"ok":true'),
  })
  return JSON.parse(last)
}
