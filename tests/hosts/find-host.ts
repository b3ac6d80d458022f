import { execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

/** A host, and how it is told to run a program: `command ...args file`. */
export interface FoundHost {
  readonly name: string
  readonly version: string
  readonly command: string
  readonly args: readonly string[]
}

const root = fileURLToPath(
  new URL(import.meta.url.includes('/dist/') ? '../../..' : '../..', import.meta.url),
)
const windows = process.platform === 'win32'

/** All hosts that the laws are to hold on, beside the Node that runs the tests. `scripts/hosts.mjs` installs them. */
export const hostNames = ['deno', 'bun', 'node22', 'node24', 'node26'] as const
export type HostName = (typeof hostNames)[number]

/**
 * Looks for a host: what MILLRACE_DENO (MILLRACE_BUN, MILLRACE_NODE22, …) names, then what scripts/hosts.mjs has installed, then
 * node_modules/.bin, then PATH.
 */
export function findHost(name: HostName | 'node'): FoundHost | undefined {
  if (name === 'node') return { name, version: process.version, command: process.execPath, args: [] }
  const args = name === 'deno' ? ['run', '--allow-all', '--quiet'] : name === 'bun' ? ['run'] : []
  for (const command of candidates(name)) {
    const version = versionOf(command, name)
    if (version !== undefined) return { name, version, command, args }
  }
  return undefined
}

function candidates(name: HostName): string[] {
  const major = /^node(\d+)$/.exec(name)?.[1]
  const program = major ? 'node' : name
  const own = process.env[`MILLRACE_${name.toUpperCase()}`]
  const places: string[] = []
  for (const modules of [join(root, 'node_modules/.cache/hosts/node_modules'), join(root, 'node_modules')]) {
    places.push(major ? join(modules, name, 'bin') : join(modules, '.bin'))
  }
  places.push(...(process.env.PATH ?? '').split(delimiter))
  const files = places.flatMap(place => {
    const file = join(place, program)
    return windows ? [`${file}.exe`, `${file}.cmd`] : [file]
  })
  return own ? [own, ...files] : files
}

function versionOf(command: string, name: HostName): string | undefined {
  try {
    accessSync(command, constants.X_OK)
    const output = execFileSync(command, ['--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const version = /\d+\.\d+\.\d+\S*/.exec(output)?.[0]
    const major = /^node(\d+)$/.exec(name)?.[1]
    return version && (!major || version.startsWith(`${major}.`)) ? version : undefined
  } catch {
    return undefined
  }
}
