// Everything that every contestant can do is done once, with counts of no consequence, and checks its own result.

import { afterAll, expect, test } from 'vitest'
import { contestant, entries } from './dist/contestant.js'
import { runChild } from './dist/process.js'
import { waysOn } from './dist/rows.js'
import { scenarioNames } from './dist/scenarios.js'

const TIMEOUT_MS = 100_000
const notTried: string[] = []
afterAll(() => {
  for (const line of notTried) console.log(line)
})

// Peers that do not load on the Node that runs this; their own rows say so.
const doesNotLoad = /^ReferenceError: navigator is not defined$/

for (const { name, module, host } of entries()) {
  test.concurrent(`${name} does all it says it can`, { timeout: TIMEOUT_MS }, async context => {
    const skip = (why: string): never => {
      notTried.push(`not tried: ${name}: ${why}`)
      return context.skip(why)
    }
    if (typeof host === 'string') return skip(host)
    const one = await contestant(module)
    if (module === 'go-test' && !(one as { isBuilt?(): boolean }).isBuilt?.()) {
      return skip("Go's own benchmarks take minutes to compile; npm run bench does it")
    }
    const why = await one.prepare?.()
    if (why !== undefined) return skip(why)

    const on = name.split(' on ')[1]
    const lines = (await runChild(host, [module, '--try', ...(on === undefined ? [] : [on])], TIMEOUT_MS))
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as [scenario: string, way: string, outcome: string])
    const failed = lines.filter(([, , outcome]) => outcome !== 'ok')
    if (
      failed.length > 0 &&
      failed.every(([, , outcome]) => doesNotLoad.test(outcome.replace(/^Error: /, '')))
    ) {
      return skip(`${failed[0][2]} on ${host.name}`)
    }
    expect(failed).toEqual([])
    const all = scenarioNames.flatMap(scenario => waysOn(scenario, one.ways[scenario], on))
    expect(lines).toHaveLength(all.length)
  })
}

test('a contestant that cannot do a scenario says why, or has no business in it', async () => {
  for (const module of new Set(entries().map(entry => entry.module))) {
    const one = await contestant(module)
    for (const scenario of scenarioNames) {
      if (!one.ways[scenario]) expect(one.cannot(scenario)).not.toBe('')
    }
  }
})
