import process from 'node:process'
import { chan, go, main, runtime } from '@millrace/core'
import { currentThread } from '@millrace/kernel'
import { range } from '../laws/expect.js'
import { workUntilDone } from '../laws/rendezvous-fixtures.js'
import { isLong, say } from './seed.js'

// The loop that every Go program has, `for { select { <-done; <-work } }`, on threads, for very long: nothing accumulates.

const ROUNDS = isLong ? 10_000_000 : 100_000

main(async () => {
  runtime.configure({ threads: 2 })
  const { kernel } = currentThread()
  const [done, work] = [chan<never>(), chan<number>()]
  const working = range(2).map(() => go(workUntilDone, done, work))
  const start = performance.now()
  let before = { heap: 0, rss: 0 }
  for (let i = 0; i < ROUNDS; i++) {
    await work.send(i)
    if (i === ROUNDS / 10) before = { heap: kernel.heapUsed(), rss: process.memoryUsage().rss }
  }
  const heapGrowth = kernel.heapUsed() - before.heap
  const rssGrowth = process.memoryUsage().rss - before.rss
  done.close()
  const rounds = (await Promise.all(working)).reduce((a, b) => a + b)
  const us = ((performance.now() - start) * 1000) / ROUNDS
  const ok = rounds === ROUNDS && heapGrowth === 0
  say({
    [ok ? 'ok' : 'failed']: true,
    rounds,
    heapGrowth,
    rssGrowthMiB: rssGrowth >> 20,
    usEach: us.toFixed(2),
  })
  if (!ok) process.exitCode = 1
})
