import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { execPath, version } from 'node:process'
import { fileURLToPath } from 'node:url'

/** Something that runs JavaScript, and how it is told to run a file: `command ...args file`. */
export interface Host {
  readonly name: string
  readonly version: string
  readonly command: string
  readonly args: readonly string[]
}

const FOLDER = new URL('../../node_modules/.cache/hosts/node_modules/', import.meta.url)
const major = Number(version.slice(1).split('.')[0])

/** The Node that runs this. */
export const ownHost: Host = { name: `node ${major}`, version, command: execPath, args: ['--expose-gc'] }

/** Among the hosts of scripts/hosts.mjs. */
export const newestNode = 'node 26'

/** The hosts that scripts/hosts.mjs installs, in the order of the tables. */
const others = [
  ...[22, 24, 26].map(n => ({ name: `node ${n}`, file: `node${n}/bin/node`, args: ['--expose-gc'] })),
  { name: 'deno', file: '.bin/deno', args: ['run', '--allow-all', '--quiet'] },
  { name: 'bun', file: '.bin/bun', args: ['run'] },
].filter(({ name }) => name !== ownHost.name)

export const hostNames: readonly string[] = others.map(({ name }) => name)

/** Answers the host, or why there is none. */
export function findHost(name: string): Host | string {
  const other = others.find(one => one.name === name)
  if (!other) return `there is no host called ${name}`
  const command = fileURLToPath(new URL(other.file, FOLDER))
  if (!existsSync(command)) return 'not installed; node scripts/hosts.mjs does it'
  try {
    const printed = execFileSync(command, ['--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return { name, version: /\d+\.\d+\.\d+\S*/.exec(printed)?.[0] ?? '?', command, args: other.args }
  } catch (error) {
    return `does not run: ${(error as Error).message.split('\n')[0]}`
  }
}
