import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, sep } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serveModules } from '../browser/serve-modules.js'
import { executablePath, noBrowser, pageOf, type Visit, visit } from '../browser/visit.js'
import { findHost } from '../hosts/find-host.js'
import { notFound } from '../hosts/host-laws.js'
import { programFile, runProgram } from '../hosts/run-program.js'
import { type Bundler, bundlers, type Platform, unusable } from './bundlers.js'

// A program in a bundle: each pool thread begins with the bundle, and finds its functions there by their text, if a minifier has taken their names away.

const PRINTS = ['threads', 'on another thread', 'the page went on', '0 1 4 9 16 25', '1 2', 'end']

/** A bundler has much to read the first time. */
const TIMEOUT_MS = 60_000

let folder: string

beforeAll(async () => {
  folder = (await mkdtemp(join(tmpdir(), 'millrace-bundles-'))) + sep
})

afterAll(() => rm(folder, { recursive: true }))

/** The program's bundle for a platform, made when it is first asked for. */
function bundlesOf(
  shape: string,
  program: string,
  { bundle }: Bundler,
): (platform: Platform) => Promise<string> {
  const made: Partial<Record<Platform, Promise<string>>> = {}
  return platform => {
    made[platform] ??= bundle(
      programFile(program),
      join(folder, `${platform}-${shape.replace(/\W+/g, '-')}`),
      platform,
    )
    return made[platform]
  }
}

function visitBundle(file: string): Promise<Visit> {
  const path = relative(folder, file).replaceAll(sep, '/')
  return visit(serveModules(folder, { '/': pageOf(path) }, true), '/', 'end', 20_000)
}

describe.each(Object.entries(bundlers))('%s', (shape, bundler) => {
  const bundled = bundlesOf(shape, 'browser/program', bundler)

  for (const name of bundler.platforms.includes('node') ? (['node', 'deno', 'bun'] as const) : []) {
    const host = findHost(name)
    if (!host) notFound(name, 'a bundle')
    else
      test(`runs on ${name}`, { timeout: TIMEOUT_MS }, async () => {
        const { code, stdout, stderr } = await runProgram(host, await bundled('node')).ended
        expect({ code, stderr, lines: stdout.trim().split('\n') }).toEqual({
          code: 0,
          stderr: '',
          lines: PRINTS,
        })
      })
  }

  if (!executablePath) noBrowser('a bundle')
  else
    test('runs in a page', { timeout: TIMEOUT_MS }, async () => {
      const { lines, complaints } = await visitBundle(await bundled('browser'))
      expect({ lines, complaints }).toEqual({ lines: PRINTS, complaints: [] })
    })
})

describe.each(Object.entries(unusable))('webpack, %s: with the cure', (program, bundler) => {
  const bundled = bundlesOf(program, `bundles/${program}`, bundler)
  const refusal = expect.stringMatching(/^ERR_PARALLEL: parallel: .*\.m?js is a chunk of webpack's/)
  const lines = [refusal, refusal, 'end']

  for (const name of ['node', 'deno', 'bun'] as const) {
    const host = findHost(name)
    if (!host) notFound(name, 'a bundle')
    else
      test(`on ${name}`, { timeout: TIMEOUT_MS }, async () => {
        const { code, stdout } = await runProgram(host, await bundled('node')).ended
        expect({ code, lines: stdout.trim().split('\n') }).toEqual({ code: 0, lines })
      })
  }

  if (!executablePath) noBrowser('a bundle')
  else
    test('in a page', { timeout: TIMEOUT_MS }, async () => {
      const visited = await visitBundle(await bundled('browser'))
      expect(visited).toEqual({ lines, complaints: [] })
    })
})
