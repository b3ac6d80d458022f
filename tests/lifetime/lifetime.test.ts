import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { availableParallelism } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FoundHost, findHost, hostNames } from '../hosts/find-host.js'
import { notFound } from '../hosts/host-laws.js'
import { type Ended, programFile, runProgram } from '../hosts/run-program.js'

// Rule 7 of the API: a process lives exactly as long as something can still happen. Each program is one process.

/** Processes at a time: they wait more than they work. */
const AT_A_TIME = 2 + 2 * availableParallelism()

/** How long a process may take to notice that nothing can happen any more. */
const SOON_MS = 5000
const TIMEOUT_MS = 20_000

interface Expected {
  readonly lines: readonly string[]
  readonly fails?: boolean
  /** It must not end before its work is done. */
  readonly atLeastMs?: number
  /** What stderr must tell. */
  readonly says?: string
}

const programs: Record<string, Expected> = {
  'idle pool': { lines: ['last'] },
  'parked on the pool for ever': { lines: ['last'] },
  'parked everywhere for ever': { lines: ['last'] },
  'parked here for ever, pool never started': { lines: ['last'] },
  'two threads that wait for each other': { lines: ['for a while', 'last'] },
  'CPU loop, awaited': { lines: ['spun', 'spun', 'last'], atLeastMs: 500 },
  'CPU loop, nobody waits': { lines: ['spun'], atLeastMs: 500 },
  'timer, awaited': { lines: ['napped', 'napped', 'last'], atLeastMs: 500 },
  'timer, nobody waits': { lines: ['napped'], atLeastMs: 500 },
  'a timer of here, waited for on the pool': { lines: ['rang'], atLeastMs: 500 },
  'a timer of here, stopped, that the pool waits for': { lines: ['last'] },
  'a ticker of here that the pool knows and nobody waits for': { lines: ['last'] },
  'a wait on the pool that a timer ends': { lines: ['its time was over', 'last'], atLeastMs: 500 },
  'I/O, awaited': { lines: ['read slow answer', 'slow answer', 'last'], atLeastMs: 500 },
  'I/O, nobody waits': { lines: ['read slow answer'], atLeastMs: 500 },
  'main parked, pool sends later': { lines: ['got sent later', 'last'], atLeastMs: 600 },
  'main selects, pool sends later': { lines: ['got sent later', 'last'], atLeastMs: 600 },
  'pool parked, main sends after a timer': { lines: ['got hello', 'last'], atLeastMs: 600 },
  'rests many times on the way': { lines: ['last'] },
  'main throws': { lines: ['last'], fails: true, says: 'main failed' },
  'main throws while the pool works': { lines: ['last'], fails: true, says: 'main failed' },
  'a goroutine here fails and nobody handles it': {
    lines: ['last'],
    fails: true,
    says: 'nobody handles this',
  },
  'a goroutine of the pool fails and nobody handles it': {
    lines: ['last'],
    fails: true,
    says: 'nobody handles this',
  },
  'a handled rejection is none': { lines: ['nobody handles this', 'here', 'last'] },
  'unref’ed timers': { lines: ['last'] },
  'a thread that died': { lines: ['ERR_THREAD_LOST', 'last'] },
  'a canceled wait': { lines: ['enough', 'last'] },
  'after a shutdown': { lines: ['last'] },
  'after a shutdown that interrupts': { lines: ['ERR_THREAD_LOST', 'last'] },
  'after fewer threads': { lines: ['last'] },
}

// Answers after 500 ms: I/O that somebody waits for.
let server: Server
let url = ''
beforeAll(async () => {
  server = createServer((_, response) => setTimeout(() => response.end('slow answer'), 500))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterAll(() => new Promise(resolve => server.close(resolve)))

const IDLE = 'an idle server'
const TOP_LEVEL = 'a wait at the top level'

interface Life extends Ended {
  readonly printed: readonly string[]
  /** Between its last line and its end. */
  readonly afterLastMs: number
}

let free = AT_A_TIME
const queue: (() => void)[] = []

/** Lives a program's life as soon as it is its turn. */
async function live(host: FoundHost, name: string): Promise<Life> {
  if (free > 0) free--
  else await new Promise<void>(resolve => queue.push(resolve))
  const printed: string[] = []
  let lastAt = 0
  const { ended } = runProgram(
    host,
    programFile(name === TOP_LEVEL ? 'lifetime/top-level' : 'lifetime/programs'),
    {
      args: [name, url],
      timeoutMs: TIMEOUT_MS,
      onLine(line) {
        printed.push(line)
        lastAt = performance.now()
      },
    },
  )
  try {
    return { ...(await ended), printed, afterLastMs: performance.now() - lastAt }
  } finally {
    const next = queue.shift()
    if (next) next()
    else free++
  }
}

for (const name of ['node', ...hostNames] as const) {
  const host = findHost(name)
  if (!host) notFound(name, 'lifetime')
  else describe(`a process on ${host.name} ${host.version}`, () => lifetimesOn(host))
}

function lifetimesOn(host: FoundHost): void {
  const lives = new Map<string, Promise<Life>>()
  // All begin at once, and each test waits for its own.
  beforeAll(() => {
    for (const name of [...Object.keys(programs), IDLE, TOP_LEVEL]) {
      const life = live(host, name)
      life.catch(() => {})
      lives.set(name, life)
    }
  })

  for (const [name, { lines, fails = false, atLeastMs = 0, says = '' }] of Object.entries(programs)) {
    const title = `${name}: ${fails ? 'fails at once' : atLeastMs > 0 ? 'lives until it is done, and ends' : 'ends'}`
    test(title, { timeout: 4 * TIMEOUT_MS }, async () => {
      const { code, printed, stderr, ms, afterLastMs } = await lives.get(name)!
      expect({ printed, code: fails ? 'not 0' : code, stderr: fails ? '' : stderr }).toEqual({
        printed: lines,
        code: fails ? 'not 0' : 0,
        stderr: '',
      })
      expect(code, 'it was killed after its time').not.toBe(undefined)
      if (fails) expect(code).not.toBe(0)
      expect(stderr).toContain(says)
      expect(ms).toBeGreaterThanOrEqual(atLeastMs)
      expect(afterLastMs).toBeLessThan(SOON_MS)
    })
  }

  test('uses no CPU time while everybody waits', { timeout: 4 * TIMEOUT_MS }, async () => {
    const { code, stdout } = await lives.get(IDLE)!
    expect(code).toBe(0)
    const { share, threads } = told(stdout)
    process.stderr.write(
      `  idle CPU on ${host.name} ${host.version}: ${(share * 100).toFixed(2)} % of one core\n`,
    )
    expect(threads).toBe(4)
    expect(share).toBeLessThan(MOST_SHARE)
  })

  test('uses none while a module awaits at its top level', { timeout: 4 * TIMEOUT_MS }, async () => {
    const { code, stdout } = await lives.get(TOP_LEVEL)!
    expect(code).toBe(0)
    expect(told(stdout).share).toBeLessThan(MOST_SHARE)
  })
}

/** Of one core: a thread that spins would use all of it; 3 % is the aim. */
const MOST_SHARE = 0.1

const told = (stdout: string): { share: number; threads?: number } =>
  JSON.parse(stdout.split('\n').find(line => line.startsWith('{'))!)
