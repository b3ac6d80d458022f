import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { publicPackages } from './public-packages.js'

const probe = fileURLToPath(new URL('import-probe.mjs', import.meta.url))
const folder = fileURLToPath(new URL('.', import.meta.url))

interface Findings {
  changed: string[]
  started: string[]
  listeners: string[]
  resources: string[]
  exports: string[]
  lingeredMs: number
}

// A child that does not end by itself is killed, which rejects.
async function importAlone(specifier: string): Promise<Findings> {
  const args = ['--no-warnings', probe, specifier]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 })
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

describe.each(publicPackages)('importing $name', ({ name }) => {
  it('starts nothing, patches no global, and the process ends by itself at once', async () => {
    const { exports, lingeredMs, ...effects } = await importAlone(name)
    expect(exports).not.toEqual([])
    expect(effects).toEqual({ changed: [], started: [], listeners: [], resources: [] })
    expect(lingeredMs).toBeLessThan(1_000)
  })
})

it.each(publicPackages)(
  'importing $name does not make Node load what threads are made with',
  async ({ name }) => {
    const list = async (code: string): Promise<string[]> => {
      const print = 'console.log(JSON.stringify(process.moduleLoadList))'
      const args = ['--input-type=module', '--eval', `${code}; ${print}`]
      const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder })
      return JSON.parse(stdout)
    }
    const worker = 'NativeModule worker_threads'
    expect(await list(`await import('node:worker_threads')`)).toContain(worker)
    expect(await list(`await import('${name}')`)).not.toContain(worker)
  },
)

it('the probe sees what an import should not do', async () => {
  const source = `
    import { Worker } from 'node:worker_threads'
    globalThis.left = 1
    Array.prototype.added = 1
    String.prototype.anchor = function anchor() {}
    process.on('SIGTERM', () => {})
    setTimeout(() => process.exit(), 1200)
    new WebAssembly.Memory({ initial: 1 })
    new Worker('', { eval: true }).unref()
    export const something = 1
  `
  const { lingeredMs, ...findings } = await importAlone(`data:text/javascript,${encodeURIComponent(source)}`)
  expect(findings).toMatchObject({
    changed: expect.arrayContaining([
      'globalThis.left',
      'globalThis.Array.prototype.added',
      'globalThis.String.prototype.anchor',
    ]),
    started: ['Memory', 'Worker'],
    listeners: ['SIGTERM'],
    exports: ['something'],
  })
  expect(findings.resources).toContain('Timeout')
  expect(lingeredMs).toBeGreaterThan(1_000)
})
