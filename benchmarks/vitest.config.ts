import { mergeConfig } from 'vitest/config'
import shared from '../vitest.shared.js'

// Two contestants at a time: each is a process, with threads of its own.
export default mergeConfig(shared, { test: { maxConcurrency: 2 } })
