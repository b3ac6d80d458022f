// How long something takes to start, and how much there is to load: in new processes, whatever has been loaded here.

import { execFile } from 'node:child_process'
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { median } from '../statistics.js'

const execute = promisify(execFile)
const PROGRAM = fileURLToPath(new URL('./start.js', import.meta.url))
const FOLDER = fileURLToPath(new URL('../../', import.meta.url))

async function start(times: number, ...args: string[]): Promise<number> {
  const own = process.versions.deno ? ['run', '--allow-all', '--quiet'] : []
  const all: number[] = []
  for (let i = 0; i < times; i++) {
    const { stdout } = await execute(execPath, [...own, PROGRAM, ...args], { timeout: 10_000 }).catch(
      error => {
        const line = String(error.stderr)
          .split('\n')
          .find(text => /^\w*Error\b/.test(text))
        throw new Error(line ?? error.message)
      },
    )
    all.push(Number(stdout))
  }
  return median(all)
}

/** Milliseconds to import a package in a new process; the middle of so many. */
export const importWay = (specifier: string, way = '') => ({
  [way]: (count: number) => start(count, 'import', specifier),
})

/** Milliseconds from asking for a thread to the answer of its first task, in a new process; the middle of so many. */
export const startWay = (what: string, way = '') => ({ [way]: (count: number) => start(count, 'task', what) })

/** Bytes of a bundle of all that a package exports. */
export const bundleWays = (specifiers: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(specifiers).map(([way, specifier]) => [way, () => bundleBytes(specifier)]),
  )

async function bundleBytes(specifier: string): Promise<number> {
  const { build } = await import('esbuild')
  const { outputFiles } = await build({
    stdin: { contents: `export * from ${JSON.stringify(specifier)}`, resolveDir: FOLDER },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    write: false,
    logLevel: 'silent',
  })
  return gzipSync(outputFiles[0].contents, { level: 9 }).length
}
