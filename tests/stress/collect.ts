import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')

/**
 * Collects this thread's garbage. What it held of shared memory is let go of soon after; without, that is whenever the heap happens to
 * be full, and how much memory is used at a moment says little.
 */
export const collect = runInNewContext('gc') as () => void
