import { beforeAll, expect, test } from 'vitest'
import { changedKernel, type Mutation, shippedKernel } from './check-kernel.js'
import { explore } from './explorer.js'
import type { Scenario } from './scenario.js'
import { cancellationScenarios } from './scenarios/cancellation.js'
import { heapScenarios } from './scenarios/heap.js'
import { offerScenarios } from './scenarios/offer.js'
import { parkingScenarios } from './scenarios/parking.js'
import { recordScenarios } from './scenarios/record.js'
import { referenceScenarios } from './scenarios/reference.js'
import { rendezvousScenarios } from './scenarios/rendezvous.js'
import { ringScenarios } from './scenarios/ring.js'

// The kernel that is shipped, under every schedule of small worlds. MILLRACE_LONG=1 explores the larger ones too.

const isLong = process.env.MILLRACE_LONG === '1'
const TIMEOUT_MS = isLong ? 3_600_000 : 60_000

const scenarios = [
  ...ringScenarios,
  ...parkingScenarios,
  ...heapScenarios,
  ...referenceScenarios,
  ...recordScenarios,
  ...cancellationScenarios,
  ...rendezvousScenarios,
  ...offerScenarios,
].filter(({ long }) => isLong || !long)

let shipped: WebAssembly.Module
const smaller = new Map<readonly Mutation[], WebAssembly.Module>()
let total = { scenarios: 0, states: 0, steps: 0, schedules: 0 }

beforeAll(() => {
  shipped = shippedKernel()
  return () => process.stderr.write(`  ${JSON.stringify(total)}\n`)
})

test.for(scenarios)('$name', { timeout: TIMEOUT_MS }, async scenario => {
  const { ends: _, ...report } = explore(await kernelFor(scenario), scenario)
  process.stderr.write(`  ${scenario.name}: ${JSON.stringify(report)}\n`)
  // Threads that never meet would show nothing.
  expect(report.schedules).toBeGreaterThan(1)
  total = {
    scenarios: total.scenarios + 1,
    states: total.states + report.states,
    steps: total.steps + report.steps,
    schedules: total.schedules + report.schedules,
  }
})

async function kernelFor(scenario: Scenario): Promise<WebAssembly.Module> {
  if (!scenario.smaller) return shipped
  const made = smaller.get(scenario.smaller) ?? (await changedKernel(scenario.smaller))
  smaller.set(scenario.smaller, made)
  return made
}
