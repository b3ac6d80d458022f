// Goroutines of one thread never run at the same instant, but they take turns at every await. Reading, awaiting and then
// writing what was read is a race there as anywhere: whatever others wrote in between is lost. A mutex lets one pass at a time.

import { go, main, runtime } from '@millrace/core'
import { Mutex } from '@millrace/sync'

const GOROUTINES = 10
const INCREMENTS = 100

class Counter {
  value = 0

  async increment(): Promise<void> {
    const value = this.value
    await runtime.gosched() // as if it were read from a database
    this.value = value + 1
  }
}

async function run(increment: () => Promise<void>): Promise<void> {
  await Promise.all(
    Array.from({ length: GOROUTINES }, () =>
      go(async () => {
        for (let i = 0; i < INCREMENTS; i++) await increment()
      }),
    ),
  )
}

main(async () => {
  const racy = new Counter()
  await run(() => racy.increment())
  console.log(`without a mutex: ${racy.value} of ${GOROUTINES * INCREMENTS}`)

  const safe = new Counter()
  const mutex = new Mutex()
  await run(() => mutex.withLock(() => safe.increment()))
  console.log(`with a mutex:    ${safe.value} of ${GOROUTINES * INCREMENTS}`)
})
