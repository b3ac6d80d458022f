// Why a contestant cannot do a scenario, for those of a kind.

import { type ScenarioName, scenarios } from '../scenarios.js'

/** Rows that are about one contestant's own growth or start, where another has nothing to say. */
export const isOwn = (name: ScenarioName): boolean => /^(grow|start)\//.test(name)

export const runsTasksOnly = (name: ScenarioName): string | undefined =>
  isOwn(name) ? undefined : scenarios[name].threads === 1 ? 'runs tasks only' : 'has no channels'

export const oneThread =
  (otherwise: (name: ScenarioName) => string) =>
  (name: ScenarioName): string | undefined =>
    isOwn(name) ? undefined : scenarios[name].threads === 2 ? 'one thread only' : otherwise(name)
