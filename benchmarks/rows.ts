// Who does what: the rows of each scenario.

import type { Contestant, Entry } from './contestant.js'
import { hostNames } from './hosts.js'
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

const newestNode = hostNames.filter(name => name.startsWith('node')).at(-1)

/** What says nothing new on another Node: it is about one thread's memory, or told for the Node that all have. */
const isForOneHost = (name: ScenarioName): boolean => /^(crossbeam\/|grow\/|chan\/pair|start\/bundle)/.test(name)

/** The rows of a scenario, in the order in which they are measured in each round. */
export function rowsOf(name: ScenarioName, participants: readonly Participant[]): Row[] {
  return participants.flatMap((participant): Row[] => {
    const { entry, contestant } = participant
    const ways = contestant.ways[name]
    const host = entry.name.split(' on ')[1]
    if (!ways) {
      const cannot = host === undefined ? contestant.cannot(name) : undefined
      return cannot === undefined ? [] : [{ participant, way: '', cannot }]
    }
    const all = Object.keys(ways)
    if (host === undefined) return all.map(way => ({ participant, way }))
    // The newest Node does it all, the others the first way of what is measured everywhere.
    if (host === newestNode) return isForOneHost(name) ? [] : all.map(way => ({ participant, way }))
    return scenarios[name].everywhere ? [{ participant, way: all[0] }] : []
  })
}
