import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { type BuildOptions, build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serveModules } from '../browser/serve-modules.js'
import { executablePath, noBrowser, pageOf, visit } from '../browser/visit.js'
import { findHost } from '../hosts/find-host.js'
import { notFound } from '../hosts/host-laws.js'
import { programFile, runProgram } from '../hosts/run-program.js'

// A program in a bundle: each pool thread begins with the bundle, and finds its functions there by their text, if a minifier has taken their names away.

const shapes: Record<string, BuildOptions> = {
  'one file': {},
  'one file, minified': { minify: true },
  'one file, minified, names kept': { minify: true, keepNames: true },
  chunks: { splitting: true },
  'chunks, minified': { splitting: true, minify: true },
}

const PRINTS = ['threads', 'on another thread', 'the page went on', '0 1 4 9 16 25', 'end']

let folder: string

beforeAll(async () => {
  folder = (await mkdtemp(join(tmpdir(), 'millrace-bundles-'))) + sep
})

afterAll(() => rm(folder, { recursive: true }))

/** Bundles the program; answers the bundle's file, as a path below `folder`. */
async function bundle(platform: 'node' | 'browser', shape: BuildOptions): Promise<string> {
  const name = `${platform}-${Object.keys(shape).join('-')}`
  await build({
    entryPoints: { program: programFile('browser/program') },
    outdir: join(folder, name),
    bundle: true,
    format: 'esm',
    platform,
    logLevel: 'error',
    ...(platform === 'node' ? { outExtension: { '.js': '.mjs' } } : {}),
    ...shape,
  })
  return `${name}/program.${platform === 'node' ? 'mjs' : 'js'}`
}

describe.each(Object.entries(shapes))('%s', (_, shape) => {
  for (const name of ['node', 'deno', 'bun'] as const) {
    const host = findHost(name)
    if (!host) notFound(name, 'a bundle')
    else
      test(`runs on ${name}`, async () => {
        const file = join(folder, await bundle('node', shape))
        const { code, stdout, stderr } = await runProgram(host, file).ended
        expect({ code, stderr, lines: stdout.trim().split('\n') }).toEqual({
          code: 0,
          stderr: '',
          lines: PRINTS,
        })
      })
  }

  if (!executablePath) noBrowser('a bundle')
  else
    test('runs in a page', async () => {
      const pages = { '/': pageOf(await bundle('browser', shape)) }
      const { lines, complaints } = await visit(serveModules(folder, pages, true), '/', 'end', 20_000)
      expect({ lines, complaints }).toEqual({ lines: PRINTS, complaints: [] })
    })
})
