// Every piece of code that the documentation shows compiles, runs, and answers what is written beside it.

import { execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import {
  type Block,
  blocksOfMarkdown,
  blocksOfSource,
  expectationsOf,
  exportsOf,
  programOf,
} from './blocks.js'
import { packages, pages, read, root, sourcesOf } from './workspace.js'

const here = dirname(fileURLToPath(import.meta.url))
const PROGRAMS_AT_ONCE = 2
const PROGRAM_TIMEOUT_MS = 20_000
const TEST_TIMEOUT_MS = 120_000 // with the time in line

const blocks = [
  ...pages.flatMap(file => blocksOfMarkdown(file, read(file))),
  ...packages.flatMap(sourcesOf).flatMap(file => blocksOfSource(file, read(file))),
]

const names = new Map(
  packages
    .map(name => ({ name: JSON.parse(read(`packages/${name}/package.json`)).name, folder: name }))
    .flatMap(({ name, folder }) => [...exportsOf(name, join(root, `packages/${folder}/src/index.ts`))])
    .reverse(), // what core exports is imported from there, though kernel has it too
)

// In the workspace, so that programs find the packages as any other module here does.
mkdirSync(join(here, '.generated'), { recursive: true })
const folder = mkdtempSync(join(here, '.generated/run-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const nameOf = ({ file, line }: Block): string => `${file.replaceAll('/', '-')}.${line}`

/** Compiles all programs at once. Resolves to what the compiler says. */
function compile(): Promise<string> {
  for (const block of blocks) {
    writeFileSync(join(folder, `${nameOf(block)}.${block.language}`), programOf(block, names))
  }
  writeFileSync(
    join(folder, 'globals.d.ts'),
    `declare function $value(line: number, expected: string, value: unknown): void
     declare function $print(line: number, expected: string, ...args: unknown[]): void`,
  )
  const compilerOptions = {
    rootDir: '.',
    outDir: 'dist',
    moduleDetection: 'force',
    allowJs: true,
    checkJs: true,
    noUnusedLocals: false,
    noUnusedParameters: false,
    declaration: false,
    declarationMap: false,
    sourceMap: false,
  }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: '../../../../tsconfig.base.json', compilerOptions, include: ['*.ts', '*.js'] }),
  )
  const compiler = join(
    dirname(createRequire(join(root, 'package.json')).resolve('typescript/package.json')),
    'bin/tsc',
  )
  return new Promise(resolve => {
    execFile(
      process.execPath,
      [compiler, '-p', folder, '--pretty', 'false'],
      { cwd: folder },
      (_, stdout, stderr) => {
        resolve(stdout + stderr)
      },
    )
  })
}

interface Run {
  exit: number | string | null
  stdout: string
  stderr: string
  met: number[]
}

function run(block: Block): Promise<Run> {
  const program = join(folder, 'dist', `${nameOf(block)}.js`)
  const child = spawn(
    process.execPath,
    ['--import', new URL('expectations.mjs', import.meta.url).href, program],
    {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      timeout: PROGRAM_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    },
  )
  const texts = ['', '', '', '']
  for (const pipe of [1, 2, 3]) {
    child.stdio[pipe]!.on('data', data => {
      texts[pipe] += data
    })
  }
  return new Promise(resolve => {
    child.on('close', (code, signal) => {
      const met = texts[3].split('\n').filter(Boolean).map(Number)
      resolve({ exit: signal ?? code, stdout: texts[1], stderr: texts[2], met })
    })
  })
}

let running = 0
const inLine: (() => void)[] = []

async function whenFree<R>(fn: () => Promise<R>): Promise<R> {
  if (running === PROGRAMS_AT_ONCE) await new Promise<void>(resolve => inLine.push(resolve))
  else running++
  try {
    return await fn()
  } finally {
    const next = inLine.shift()
    if (next) next()
    else running--
  }
}

describe('the documentation', () => {
  const compiled = compile()

  test('compiles', { timeout: TEST_TIMEOUT_MS }, async () => {
    expect(await compiled).toBe('')
  })

  for (const block of blocks.filter(({ runs }) => runs)) {
    test.concurrent(`${block.file}:${block.line}`, { timeout: TEST_TIMEOUT_MS }, async () => {
      await compiled
      const { exit, stdout, stderr, met } = await whenFree(() => run(block))
      expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
      expect(expectationsOf(block).filter(line => !met.includes(line))).toEqual([])
      if (block.output !== undefined) expect(stdout.trimEnd()).toBe(block.output)
    })
  }
})
