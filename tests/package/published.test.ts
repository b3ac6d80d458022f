// What a user would install: each package is packed, and the tarball is looked at from outside.

import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { publicPackages, root } from './public-packages.js'

const run = promisify(execFile)
const pnpm = join(root, 'node_modules/pnpm/bin/pnpm.cjs')
const attw = join(root, 'tests/node_modules/@arethetypeswrong/cli/dist/index.js')

let destination: string
beforeAll(() => {
  destination = mkdtempSync(join(tmpdir(), 'millrace-pack-'))
})
afterAll(() => rmSync(destination, { recursive: true, force: true }))

describe.each(publicPackages)('$name', ({ folder }) => {
  let tarball: string
  let files: string[]

  beforeAll(async () => {
    const { stdout } = await run(
      process.execPath,
      [pnpm, 'pack', '--json', '--pack-destination', destination],
      {
        cwd: join(root, folder),
      },
    )
    const packed = JSON.parse(stdout) as { filename: string; files: { path: string }[] }
    tarball = packed.filename
    files = packed.files.map(({ path }) => path)
  })

  it('holds the built files, a README and the licence, and nothing else', () => {
    expect(files).toEqual(
      expect.arrayContaining(['dist/index.js', 'dist/index.d.ts', 'README.md', 'LICENSE']),
    )
    expect(
      files.filter(file => !/^(dist\/|README\.md$|LICENSE$|CHANGELOG\.md$|package\.json$)/.test(file)),
    ).toEqual([])
    expect(files.filter(file => /\.(test|stress|laws|test-d)\./.test(file))).toEqual([])
  })

  it('passes publint', async () => {
    const { buffer } = new Uint8Array(readFileSync(tarball))
    const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true })
    expect(messages.map(message => formatMessage(message, pkg, { color: false }))).toEqual([])
  })

  it('passes attw: the types are found, and are those of the code', async () => {
    // It ends with another code than 0, which rejects, when it finds a problem.
    const args = [attw, tarball, '--profile', 'esm-only', '--format', 'ascii']
    const options = { env: { ...process.env, NO_COLOR: '1' } }
    const { stdout } = await run(process.execPath, args, options).catch(error => {
      throw new Error(`${error.stdout}${error.stderr}`)
    })
    expect(stdout).toMatch(/node16 \(from ESM\): \S+ \(ESM\)/)
  })
})
