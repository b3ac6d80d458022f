import { writeSync } from 'node:fs'
import { parallel, runtime } from '@millrace/core'
import type { Mutex } from '@millrace/sync'

const turn = (): Promise<void> => runtime.gosched()

export const sourceThenTarget = parallel(
  import.meta.url,
  async function sourceThenTarget(source: Mutex, target: Mutex) {
    await source.lock()
    await turn()
    await target.lock()
    target.unlock()
    source.unlock()
  },
)

export const targetThenSource = parallel(
  import.meta.url,
  async function targetThenSource(source: Mutex, target: Mutex) {
    await target.lock()
    await turn()
    await lockInside(source)
    target.unlock()
  },
)

async function lockInside(lock: Mutex): Promise<void> {
  await turn()
  await lock.lock()
  await turn()
  lock.unlock()
}

/** Where it runs, reports go to stdout from then on: past the main thread, which may be behind. */
export const tellOnStdout = parallel(import.meta.url, function tellOnStdout() {
  runtime.configure({ onReport: ({ code }) => writeSync(1, `told ${code}\n`) })
})
