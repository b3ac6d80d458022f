// Installs the other hosts that the tests run on, beside the Node that runs them: Deno, Bun and newer Nodes, as the npm
// packages that carry their binaries. Not part of set-up: half a gigabyte that only the tests of hosts want.
//
//   node scripts/hosts.mjs

import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const versions = {
  deno: '2.9.6',
  bun: '1.4.5',
  node22: 'npm:node@22',
  node24: 'npm:node@24',
  node26: 'npm:node@26',
}

const folder = fileURLToPath(new URL('../node_modules/.cache/hosts', import.meta.url))
mkdirSync(folder, { recursive: true })
writeFileSync(
  join(folder, 'package.json'),
  JSON.stringify({ private: true, dependencies: versions }, null, 2),
)
const { status, error } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
  cwd: folder,
  stdio: ['ignore', 'inherit', 'inherit'],
  shell: process.platform === 'win32',
})
if (error || status !== 0) {
  console.error(
    `The hosts could not be installed (${error?.message ?? `npm exited with ${status}`}); their tests will say "not run".`,
  )
  process.exitCode = 1
}
