// Starting the tools of the project and waiting for their end.
//
// Tools are started as `node <their script>`, not through the shims in node_modules/.bin:
// that needs no shell on any system, so signals and arguments arrive as they are.

import { spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { root } from './packages.mjs'
import { exitCodeOf, passSignals } from './signals.mjs'

export const node = args => finish(process.execPath, args)
export const turbo = args => node([join(root, 'node_modules/turbo/bin/turbo'), ...args])
export const tsc = args => node([join(root, 'node_modules/typescript/bin/tsc'), ...args])
export const biome = args => node([join(root, 'node_modules/@biomejs/biome/bin/biome'), ...args])

/**
 * Answers a line that changes when the machine could change the outcome of a test: turbo must not answer
 * for Node 24 with what Node 20 said, nor keep "skipped, no browser" once a browser was installed.
 */
export function describeHost() {
  const programs = [
    'deno',
    'bun',
    'chromium',
    'chromium-browser',
    'google-chrome',
    'gcc',
    'spin',
    'go',
    'nats-server',
  ]
  const found = programs.map(name => {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const file = statSync(join(folder, name), { throwIfNoEntry: false })
      if (file?.isFile()) return `${name}:${file.size}:${Math.trunc(file.mtimeMs)}`
    }
    return `${name}:none`
  })
  // Where other hosts are installed for the tests alone.
  const hosts = statSync(join(root, 'node_modules/.cache/hosts/node_modules'), { throwIfNoEntry: false })
  found.push(`hosts:${hosts ? Math.trunc(hosts.mtimeMs) : 'none'}`)
  return [process.version, process.platform, process.arch, ...found].join(' ')
}

// Answers the exit code.
function finish(file, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: root, stdio: 'inherit' })
    const stopPassing = passSignals(signal => child.kill(signal))
    child.once('error', reject)
    child.once('close', (code, signal) => {
      stopPassing()
      resolve(code ?? exitCodeOf(signal))
    })
  })
}
