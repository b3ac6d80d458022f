import type { ScenarioName } from './scenarios.js'

/**
 * Does a scenario once, in a process of its own: warms up, does `count` operations, and answers what one of them took, in the
 * scenario's unit. Rejects if the operations did not do what they should have.
 */
export type Run = (count: number) => Promise<number>

/** One side of the comparison. */
export interface Contestant {
  readonly name: string
  version(): string
  /** Makes it ready, once, before anything is measured; answers why it cannot take part, if it cannot. */
  prepare?(): Promise<string | undefined>
  /** What it can do, and in which ways; the name of the only way is ''. What is not here it cannot do. */
  readonly ways: { readonly [S in ScenarioName]?: Readonly<Record<string, Run>> }
}

/** The names of the files in contestants/. */
export const contestantNames = ['millrace', 'postmessage', 'piscina', 'go', 'floor'] as const
export type ContestantName = (typeof contestantNames)[number]

export async function contestant(name: ContestantName): Promise<Contestant> {
  const module = (await import(`./contestants/${name}.js`)) as { contestant: Contestant }
  return module.contestant
}
