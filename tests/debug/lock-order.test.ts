import { describe, expect, test } from 'vitest'
import { type FoundHost, findHost, hostNames } from '../hosts/find-host.js'
import { notFound } from '../hosts/host-laws.js'
import { programFile, runProgram } from '../hosts/run-program.js'

// Development mode as a program gets it, on all hosts and on threads of the pool.

const DEBUG = { MILLRACE_DEBUG: '1' }
const OFF = { MILLRACE_DEBUG: '' }

interface Program {
  env?: Record<string, string>
  stdout?: string
  reports: number
  names?: string[]
}

const names = ['at sourceThenTarget', 'at targetThenSource', 'at lockInside', 'programs.']
const shared = ['(shared, at 0x', ...names.slice(0, 3)]

const programs: Record<string, Program> = {
  here: { reports: 1, names: ['goroutine 1 held Mutex #', 'goroutine 2 held Mutex #', ...names] },
  'outside goroutines': { reports: 1, names: ['code outside goroutines held Mutex #', ...names] },
  'on one thread of the pool': { reports: 1, names: shared },
  'configured, on one thread of the pool': { env: OFF, reports: 1, names: shared },
  'with a listener on a thread of the pool': { stdout: 'told MILLRACE_LOCK_ORDER\nlast\n', reports: 0 },
  'configured off': { reports: 0 },
}

for (const name of ['node', ...hostNames] as const) {
  const host = findHost(name)
  if (!host) notFound(name, 'development mode')
  else describe(`development mode on ${host.name} ${host.version}`, () => modeOn(host))
}

const run = (host: FoundHost, program: string, env: Record<string, string>) =>
  runProgram(host, programFile('debug/programs'), { args: [program], env }).ended

function modeOn(host: FoundHost): void {
  test.each(Object.entries(programs))('%s', async (program, { env = DEBUG, stdout, reports, names = [] }) => {
    const ended = await run(host, program, env)
    expect(ended).toMatchObject({ code: 0, stdout: stdout ?? 'last\n' })
    expect(ended.stderr.split('[MILLRACE_LOCK_ORDER]')).toHaveLength(1 + reports)
    if (reports === 0) expect(ended.stderr).toBe('')
    for (const name of names) expect(ended.stderr.replaceAll(' async ', ' ')).toContain(name)
  })

  test.each(['here', 'on one thread of the pool'])('%s, off by default', async program => {
    expect(await run(host, program, OFF)).toMatchObject({ code: 0, stdout: 'last\n', stderr: '' })
  })

  if (host.name === 'deno') {
    test('asks for no permission', async () => {
      const strict = { ...host, args: ['run', '--no-prompt', '--allow-read', '--quiet'] }
      expect(await run(strict, 'here', DEBUG)).toMatchObject({ code: 0, stdout: 'last\n', stderr: '' })
    })
  }
}
