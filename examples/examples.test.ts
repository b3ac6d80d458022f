// The examples do what they say: run as anybody runs them, each prints what README.md shows and ends by itself.

import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'

const here = dirname(fileURLToPath(import.meta.url))
const readme = readFileSync(join(here, 'README.md'), 'utf8')
const names = readdirSync(here)
  .filter(file => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .map(file => file.slice(0, -'.ts'.length))

interface Run {
  exit: number | string | null
  stderr: string
  lines: string[]
}

function node(...args: string[]): Promise<Run> {
  return new Promise(resolve => {
    execFile(
      process.execPath,
      args,
      { cwd: here, timeout: 60_000, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => {
        const exit = error ? (error.signal ?? error.code ?? null) : 0
        resolve({ exit, stderr, lines: stdout.trimEnd().split('\n') })
      },
    )
  })
}

const outputs = new Map<string, Promise<string[]>>()

function outputOf(name: string): Promise<string[]> {
  const output = outputs.get(name) ?? run(name)
  outputs.set(name, output)
  return output
}

async function run(name: string): Promise<string[]> {
  const { exit, stderr, lines } = await node(join('dist', `${name}.js`))
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
  return lines
}

/** What README.md shows as the output of an example. */
function shownFor(name: string): string[] {
  const section = readme.split(/^## /m).find(part => part.startsWith(`[${name}.ts](${name}.ts)`))
  const output = section && /```text\n([\s\S]*?)\n```/.exec(section)
  if (!output) throw new Error(`README.md shows no output of ${name}.ts`)
  return output[1].split('\n')
}

/** The different lines, whatever was measured. */
const shapesOf = (lines: string[]): string[] =>
  [...new Set(lines.map(line => line.replace(/\d+(\.\d+)?/g, '#').replace('threads', 'thread')))].sort()

const sorted = (numbers: number[]): number[] => numbers.sort((a, b) => a - b)

beforeAll(async () => {
  const compiler = dirname(createRequire(join(here, '../package.json')).resolve('typescript/package.json'))
  const { exit, lines } = await node(join(compiler, 'bin/tsc'), '-p', 'tsconfig.json')
  if (exit !== 0) throw new Error(lines.join('\n'))
}, 60_000)

test.each(names)('%s prints lines like those in README.md', { timeout: 60_000 }, async name => {
  expect(shapesOf(await outputOf(name))).toEqual(shapesOf(shownFor(name)))
})

test.each(['prime-sieve', 'pipeline', 'mutex-counter', 'leak-fixed'])(
  '%s prints exactly what README.md shows',
  { timeout: 60_000 },
  async name => {
    expect(await outputOf(name)).toEqual(shownFor(name))
  },
)

test('fan-out-fan-in counts the same on one thread and on all', { timeout: 60_000 }, async () => {
  const [one, all, faster] = await outputOf('fan-out-fan-in')
  for (const line of [one, all]) expect(line).toMatch(/^\d+ threads?: 216816 primes in \d+ ms$/)
  expect(faster).toMatch(/^\d+\.\d times as fast$/)
})

test('worker-pool does each of its 20 jobs once, on 5 workers at most', { timeout: 60_000 }, async () => {
  const done = (await outputOf('worker-pool')).map(line => /^worker (\d): .* up to (\d+)000 /.exec(line)!)
  expect(sorted(done.map(([, , job]) => Number(job)))).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
  for (const [, worker] of done) expect(['1', '2', '3', '4', '5']).toContain(worker)
})

test('many-goroutines starts and finishes 100 000', { timeout: 60_000 }, async () => {
  const [started, , finished] = await outputOf('many-goroutines')
  expect(started).toBe('100001 goroutines, one of them main')
  expect(finished).toBe('100000 finished')
})

test('ping-pong hits the ball in turns', { timeout: 60_000 }, async () => {
  const lines = await outputOf('ping-pong')
  expect(lines.at(-1)).toBe('game over: context deadline exceeded')
  const hits = lines.slice(0, -1)
  expect(hits).toEqual(hits.map((_, i) => `${i % 2 === 0 ? 'ping' : 'pong'} ${i + 1}`))
})
