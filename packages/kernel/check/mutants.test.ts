import { expect, test } from 'vitest'
import { mutatedKernel } from './check-kernel.js'
import { explore, ScheduleError } from './explorer.js'
import { mutants } from './mutants.js'
import type { Scenario } from './scenario.js'

// What the explorer would not find, it would not find in the real kernel either.

const isLong = process.env.MILLRACE_LONG === '1'
const TIMEOUT_MS = isLong ? 300_000 : 60_000

test.for(mutants.filter(({ long }) => isLong || !long))(
  '$file: $name',
  { timeout: TIMEOUT_MS },
  async mutant => {
    // The scenarios of a structure all need the same constants made smaller, or none.
    const smaller = mutant.scenarios.find(scenario => scenario.smaller)?.smaller ?? []
    const kernel = await mutatedKernel(mutant, ...smaller)
    const error = firstError(kernel, mutant.scenarios)
    process.stderr.write(
      `  ${mutant.name}: ${error?.message.split('\n', 1)[0]}, after ${error?.schedule.length} steps\n`,
    )
    expect(error, 'no scenario finds it').toBeInstanceOf(ScheduleError)
  },
)

function firstError(kernel: WebAssembly.Module, scenarios: readonly Scenario[]): ScheduleError | undefined {
  for (const scenario of scenarios.filter(({ long }) => isLong || !long)) {
    try {
      explore(kernel, scenario)
    } catch (error) {
      if (error instanceof ScheduleError) return error
      throw error
    }
  }
  return undefined
}
