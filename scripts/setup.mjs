// Brings node_modules in step with pnpm-lock.yaml, with nothing but Node and npm on the machine.
//
// A stamp inside node_modules holds a hash of everything the install depends on. While it
// matches, set-up is a few file reads; after a pull that touched a dependency it installs again.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolders, root } from './packages.mjs'
import { causeOf, explain, SetupError } from './setup-error.mjs'
import { passSignals } from './signals.mjs'

const stampFile = join(root, 'node_modules', '.millrace-setup')
const PROGRESS_EVERY_MS = 10_000
const SILENCE_MS = 90_000

/** Installs the dependencies unless they are in step already. Throws SetupError, which says what to do. */
export async function setUp() {
  const expected = fingerprint()
  if (isInStep(expected)) return
  checkWritable()
  console.log('Installing the dependencies (the first time takes a minute or so) …')
  await install()
  writeFileSync(stampFile, expected)
}

function isInStep(expected) {
  if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== expected) return false
  // A package folder may have lost its links since (git clean, a fresh worktree over an old one).
  return packageFolders().every(folder => existsSync(join(root, folder, 'node_modules')))
}

function fingerprint() {
  const hash = createHash('sha256')
  // Some dependencies are programs, built for one system.
  hash.update(`${process.platform} ${process.arch}`)
  const manifests = packageFolders().map(folder => `${folder}/package.json`)
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', ...manifests]) {
    if (!existsSync(join(root, file))) throw new SetupError(`${file} is missing.`, 'Restore it from git.')
    hash.update(`\n${file}\n`).update(readFileSync(join(root, file)))
  }
  return hash.digest('hex')
}

function checkWritable() {
  for (const folder of ['.', 'node_modules', ...packageFolders()]) {
    const path = join(root, folder)
    if (folder !== '.' && !existsSync(path)) continue
    try {
      accessSync(path, constants.W_OK)
    } catch {
      throw new SetupError(
        `${path} cannot be written to.`,
        'Run the command as the owner of this folder, or give yourself the right to write there.',
      )
    }
  }
}

async function install() {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const flags = [
    'install',
    '--frozen-lockfile',
    '--reporter=append-only',
    '--config.confirm-modules-purge=false',
  ]
  // pnpm from an earlier install is quick, but when it decides to make node_modules anew it
  // removes itself on the way; the one that npm brings lives elsewhere.
  const local = localPnpm(packageManager)
  if (local) {
    const { code, output } = await runQuietly(process.execPath, [local, ...flags])
    if (code === 0) return
    if (causeOf(output)) throw explain(output)
  }

  const { file, args, shell } = pnpmByNpm(packageManager)
  const { code, output } = await runQuietly(file, [...args, ...flags], shell)
  if (code !== 0) throw explain(output)
}

function localPnpm(packageManager) {
  const folder = join(root, 'node_modules', 'pnpm')
  if (!existsSync(join(folder, 'package.json'))) return undefined
  const { version, bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return `pnpm@${version}` === packageManager ? join(folder, bin.pnpm) : undefined
}

function pnpmByNpm(packageManager) {
  const args = ['exec', '--yes', `--package=${packageManager}`, '--', 'pnpm']
  // Under `npm test` this is npm's own script, which needs no shell, not even on Windows.
  const { npm_execpath: npm } = process.env
  if (npm?.endsWith('npm-cli.js') && existsSync(npm)) return { file: process.execPath, args: [npm, ...args] }
  return { file: 'npm', args, shell: process.platform === 'win32' }
}

// Little is shown while it goes well: on failure the message says what matters.
function runQuietly(file, args, shell = false) {
  const env = { ...process.env }
  // Would leave out the tools (pnpm takes NODE_ENV=production for --prod).
  delete env.NODE_ENV
  // Without a network, say so in seconds rather than minutes.
  env.npm_config_fetch_retry_mintimeout ??= '1000'
  env.npm_config_fetch_retry_maxtimeout ??= '10000'

  return new Promise((resolve, reject) => {
    // npm starts a shell that starts pnpm: only a signal to all of them ends pnpm.
    const detached = process.platform !== 'win32'
    const child = spawn(file, args, { cwd: root, env, shell, detached, stdio: ['ignore', 'pipe', 'pipe'] })
    const kill = signal => (detached ? process.kill(-child.pid, signal) : child.kill(signal))
    const stopPassing = passSignals(kill)
    let output = ''
    // Some failures leave pnpm waiting for ever; told to end, it says what it was waiting for.
    const silence = setTimeout(() => {
      output += `ETIMEDOUT: no sign of life for ${SILENCE_MS / 1_000} seconds\n`
      kill('SIGTERM')
    }, SILENCE_MS)
    let toldAt = performance.now()
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', text => {
        output += text
        const progress = /Progress: .*/.exec(text)?.[0]
        if (progress && performance.now() - toldAt > PROGRESS_EVERY_MS) {
          toldAt = performance.now()
          console.log(progress)
        }
        silence.refresh()
      })
    }
    child.once('error', error => {
      clearTimeout(silence)
      reject(explain(error.message))
    })
    child.once('close', (code, signal) => {
      stopPassing()
      clearTimeout(silence)
      resolve({ code: code ?? signal, output })
    })
  })
}
