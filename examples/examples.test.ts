// The examples do what they say: run as anybody runs them, each prints what README.md shows and ends by itself.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

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

function node(args: string[], cwd = here): Promise<Run> {
  return new Promise(resolve => {
    execFile(
      process.execPath,
      args,
      { cwd, timeout: 60_000, killSignal: 'SIGKILL' },
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

// For md5-all: the trees that README.md speaks of, and others.
const trees = mkdtempSync(join(tmpdir(), 'md5-all-'))
afterAll(() => rmSync(trees, { recursive: true, force: true }))

function tree(files: Record<string, string>): void {
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(trees, file)), { recursive: true })
    writeFileSync(join(trees, file), content)
  }
}

tree({
  'mill/race/wheel.txt': 'wheel\n',
  'mill/stone.txt': 'stone\n',
  'mill/water.txt': 'water\n',
  'broken/sound.txt': 'sound\n',
})
symlinkSync('nowhere', join(trees, 'broken/gone.txt'))

async function run(name: string): Promise<string[]> {
  return name === 'md5-all' ? md5All('mill', 'broken') : output(join('dist', `${name}.js`))
}

const md5All = (...roots: string[]): Promise<string[]> =>
  output(join(here, 'dist/md5-all.js'), { cwd: trees, args: roots })

async function output(program: string, { cwd = here, args = [] as string[] } = {}): Promise<string[]> {
  const { exit, stderr, lines } = await node([program, ...args], cwd)
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
  const { exit, lines } = await node([join(compiler, 'bin/tsc'), '-p', 'tsconfig.json'])
  if (exit !== 0) throw new Error(lines.join('\n'))
}, 60_000)

test.each(names)('%s prints lines like those in README.md', { timeout: 60_000 }, async name => {
  expect(shapesOf(await outputOf(name))).toEqual(shapesOf(shownFor(name)))
})

const exact = [
  'prime-sieve',
  'pipeline',
  'mutex-counter',
  'leak-fixed',
  'md5-all',
  'stages',
  'tee',
  'job-pool',
  'retry-after',
  'futures',
  'pub-sub',
  'dynamic-select',
]

test.each(exact)('%s prints exactly what README.md shows', { timeout: 60_000 }, async name => {
  expect(await outputOf(name)).toEqual(shownFor(name))
})

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

test('md5-all digests every file of a tree, as node:crypto does', { timeout: 60_000 }, async () => {
  const files = Object.fromEntries(
    Array.from({ length: 500 }, (_, i) => [join('many', `${i % 7}`, `${i % 11}`, `${i}`), `${i} `.repeat(i)]),
  )
  tree(files)
  const md5 = (content: string) => createHash('md5').update(content).digest('hex')
  const lines = Object.keys(files)
    .sort()
    .map(file => `${md5(files[file])}  ${file}`)
  expect(await md5All('many')).toEqual([...lines, 'many: 1 goroutine is left, main'])
})

test('md5-all stops at a file that cannot be read, and nothing runs any more', {
  timeout: 60_000,
}, async () => {
  tree(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`spoilt/${i % 20}/${i}`, `${i}`])))
  const gone = join('spoilt', '0', 'gone')
  symlinkSync('nowhere', join(trees, gone))
  expect(await md5All('spoilt', 'mill')).toEqual([
    `spoilt: ENOENT: no such file or directory, open '${gone}'`,
    'spoilt: 1 goroutine is left, main',
    ...(await outputOf('md5-all')).slice(0, 4),
  ])
})
