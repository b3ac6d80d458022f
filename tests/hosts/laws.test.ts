import { describe, test } from 'vitest'
import { runs } from '../dist/laws/suites.js'
import { skipReason, tryLaw } from '../dist/laws/try-law.js'
import { hostLaws, runNames } from './host-laws.js'

// In this very process: the quickest way, and the one with the best stacks. What has to be configured before first use runs in
// a process of its own, as on other hosts.

const { suites, prepare } = runs.usual
prepare()

for (const [world, laws] of suites) {
  describe(world.name === 'program' ? 'program' : `${world.name} channels`, () => {
    for (const law of laws) {
      test(`rule ${law.rule}: ${law.name}`, { timeout: 120_000 }, async context => {
        const reason = skipReason(world, law)
        if (reason !== undefined) return context.skip(reason)
        const { error } = await tryLaw(world, law)
        if (error !== undefined) throw new Error(error)
      })
    }
  })
}

hostLaws(
  'node',
  {},
  runNames.filter(name => name !== 'usual'),
)
