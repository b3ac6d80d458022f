import { mergeConfig } from 'vitest/config'
import shared from '../../vitest.shared.js'

export default mergeConfig(shared, {
  test: {
    // The tests wait for servers of their own most of the time.
    maxWorkers: 2,
  },
})
