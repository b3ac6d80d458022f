import { findHost, type Host, hostNames, newestNode, ownHost } from './hosts.js'
import type { ScenarioName } from './scenarios.js'

/**
 * Does a scenario once, in a process of its own: warms up, does `count` operations, and answers what one of them took, in the
 * scenario's unit. Rejects if the operations did not do what they should have.
 */
export type Run = (count: number) => Promise<number>

/** What a contestant can do, and in which ways; the name of the only way is ''. What is not here it cannot do. */
export type Ways = { readonly [S in ScenarioName]?: Readonly<Record<string, Run>> }

/** One side of the comparison. */
export interface Contestant {
  readonly name: string
  version(): string
  /** Makes it ready, once, before anything is measured; answers why it cannot take part, if it cannot. */
  prepare?(): Promise<string | undefined>
  readonly ways: Ways
  /** Why it cannot do a scenario that is not among its ways, in a word or two; undefined where it has no business in the table. */
  cannot(scenario: ScenarioName): string | undefined
}

/** A contestant as it takes part: its module in contestants/, and what runs that. */
export interface Entry {
  readonly name: string
  readonly module: string
  readonly host: Host | string
}

const modules = [
  'millrace',
  'go',
  'go-test',
  'postmessage',
  'piscina',
  'tinypool',
  'workerpool',
  'comlink',
  'multithreading',
  'ts-chan',
  'thing-csp',
  'effect',
  'async-mutex',
  'p-limit',
  'floor',
] as const

// multithreading does not load on Node 20, so it takes part on the newest too; and the targets are told by the newest.
const elsewhere: Readonly<Record<string, readonly string[]>> = {
  millrace: hostNames,
  multithreading: hostNames.filter(name => name === newestNode),
  floor: hostNames.filter(name => name === newestNode),
}

/** Everybody, whether what they run on is there or not. */
export function entries(): Entry[] {
  return modules.flatMap(module => [
    { name: module, module, host: ownHost },
    ...(elsewhere[module] ?? []).map(host => ({
      name: `${module} on ${host}`,
      module,
      host: findHost(host),
    })),
  ])
}

export async function contestant(module: string): Promise<Contestant> {
  return ((await import(`./contestants/${module}.js`)) as { contestant: Contestant }).contestant
}
