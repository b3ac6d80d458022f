// Who does what: the rows of each scenario.

import type { Contestant, Entry } from './contestant.js'
import { newestNode } from './hosts.js'
import { type ScenarioName, scenarios } from './scenarios.js'

/** A contestant that takes part. */
export interface Participant {
  readonly entry: Entry
  readonly contestant: Contestant
}

/** A row of a scenario: a way of a contestant, or why it cannot. */
export interface Row {
  readonly participant: Participant
  readonly way: string
  readonly cannot?: string
}

/** What is told for the Node that all have, as what it is compared with is. */
const isForOneHost = (name: ScenarioName): boolean => /^(crossbeam\/|chan\/pair|start\/bundle)/.test(name)

/**
 * The ways of a scenario that are measured on a host, undefined for the Node that runs this: the newest Node does nearly all, the
 * others the first way of what is measured everywhere, or on all Nodes.
 */
export function waysOn(
  name: ScenarioName,
  ways: Readonly<Record<string, unknown>> | undefined,
  host: string | undefined,
): string[] {
  const all = Object.keys(ways ?? {})
  if (host === undefined) return all
  if (host === newestNode) return isForOneHost(name) ? [] : all
  const { everywhere } = scenarios[name]
  return everywhere === true || (everywhere === 'nodes' && host.startsWith('node')) ? all.slice(0, 1) : []
}

/** The rows of a scenario, in the order in which they are measured in each round. */
export function rowsOf(name: ScenarioName, participants: readonly Participant[]): Row[] {
  return participants.flatMap((participant): Row[] => {
    const { entry, contestant } = participant
    const host = entry.name.split(' on ')[1]
    const ways = contestant.ways[name]
    if (ways) return waysOn(name, ways, host).map(way => ({ participant, way }))
    const cannot = host === undefined ? contestant.cannot(name) : undefined
    return cannot === undefined ? [] : [{ participant, way: '', cannot }]
  })
}
