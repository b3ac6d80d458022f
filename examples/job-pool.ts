// The worker pool pattern: jobs on threads, so many at a time, with a queue that is not endless. A job can be cancelled while it
// runs, also one that never awaits: its context tells it.

import { background, type Context, main, parallel, withCancelCause } from '@millrace/core'
import { WorkerPool } from '@millrace/patterns'

/** How many primes there are below `limit`, or up to where it was told to stop. */
export const countPrimes = parallel(import.meta.url, function countPrimes(limit: number, ctx: Context) {
  let count = 0
  for (let n = 2; n < limit && !ctx.err(); n++) {
    let isPrime = true
    for (let divisor = 2; divisor * divisor <= n && isPrime; divisor++) isPrime = n % divisor !== 0
    if (isPrime) count++
  }
  return count
})

main(async () => {
  const pool = new WorkerPool({ workers: 4, queue: 8, retries: 1, run: countPrimes })

  let limit = 0
  for await (const count of pool.map([1000, 10_000, 100_000])) {
    limit = limit === 0 ? 1000 : limit * 10
    console.log(`${count} primes below ${limit}`)
  }

  const [ctx, cancel] = withCancelCause(background())
  const endless = pool.submit(Infinity, ctx)
  cancel(new Error('nobody wants to know any more'))
  await endless.catch(error => console.log(error.message))

  const jobs = Array.from({ length: 20 }, (_, i) => pool.trySubmit(i)).filter(Boolean)
  console.log(`${jobs.length < 20 ? 'not all' : 'all'} of 20 jobs found room at once`)
  await pool.close() // those that did are done
  const { succeeded, failed, canceled } = pool.stats
  console.log(`those that did: ${succeeded === 3 + jobs.length ? 'done' : 'not done'}`)
  console.log(`${failed} failed, ${canceled} cancelled`)
  await pool.submit(1).catch(error => console.log(error.message))
})
