import { availableParallelism } from 'node:os'
import { mergeConfig } from 'vitest/config'
import shared from '../vitest.shared.js'

// Most of these tests start programs and wait for them, so there may be as many at a time as there are cores.
export default mergeConfig(shared, { test: { maxWorkers: availableParallelism() } })
