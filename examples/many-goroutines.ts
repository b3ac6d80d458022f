// 100 000 goroutines at once, all parked on one channel. A goroutine is no thread: it costs about as much as a promise.

import { memoryUsage } from 'node:process'
import { chan, go, main, runtime } from '@millrace/core'

const COUNT = 100_000

main(async () => {
  const start = chan<never>()
  let finished = 0

  const before = memoryUsage().rss
  const goroutines = Array.from({ length: COUNT }, () =>
    go(async () => {
      await start.receive()
      finished++
    }),
  )
  await runtime.gosched() // until all of them have run, as far as the receive
  const after = memoryUsage().rss

  console.log(`${runtime.numGoroutine()} goroutines, one of them main`)
  console.log(`${Math.round((after - before) / COUNT)} bytes each`)

  start.close() // wakes everybody
  await Promise.all(goroutines)
  console.log(`${finished} finished`)
})
