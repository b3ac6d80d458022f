import { beforeAll, expect, test } from 'vitest'
import { shippedKernel } from './check-kernel.js'
import { explore } from './explorer.js'
import { cancellationScenarios } from './scenarios/cancellation.js'
import { heapScenarios } from './scenarios/heap.js'
import { parkingScenarios } from './scenarios/parking.js'
import { referenceScenarios } from './scenarios/reference.js'
import { ringScenarios } from './scenarios/ring.js'

// The kernel that is shipped, under every schedule of small worlds. MILLRACE_LONG=1 explores the larger ones too.

const isLong = process.env.MILLRACE_LONG === '1'
const TIMEOUT_MS = isLong ? 3_600_000 : 60_000

const scenarios = [
  ...ringScenarios,
  ...parkingScenarios,
  ...heapScenarios,
  ...referenceScenarios,
  ...cancellationScenarios,
].filter(({ long }) => isLong || !long)

let kernel: WebAssembly.Module
let total = { scenarios: 0, states: 0, steps: 0, schedules: 0 }

beforeAll(() => {
  kernel = shippedKernel()
  return () => process.stderr.write(`  ${JSON.stringify(total)}\n`)
})

test.for(scenarios)('$name', { timeout: TIMEOUT_MS }, scenario => {
  const report = explore(kernel, scenario)
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
