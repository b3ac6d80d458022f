// A worker pool: 5 goroutines on the pool's threads share 20 jobs. A channel is the queue, so there is nothing to balance:
// whoever is free receives the next job.

import { chan, go, main, parallel, type ReceiveChan, type SendChan } from '@millrace/core'

interface Result {
  worker: number
  job: number
  longest: number
}

/** Steps that the Collatz sequence takes from `n` to 1. */
function steps(n: number): number {
  let count = 0
  for (; n !== 1; count++) n = n % 2 === 0 ? n / 2 : 3 * n + 1
  return count
}

export const worker = parallel(
  import.meta.url,
  async function worker(id: number, jobs: ReceiveChan<number>, results: SendChan<Result>) {
    for await (const job of jobs) {
      let longest = 0
      for (let n = 1; n <= job * 1000; n++) longest = Math.max(longest, steps(n))
      await results.send({ worker: id, job, longest })
    }
  },
)

main(async () => {
  const jobs = chan<number>(1)
  const results = chan<Result>(1)
  const workers = [1, 2, 3, 4, 5].map(id => go(worker, id, jobs, results))

  go(async () => {
    for (let job = 1; job <= 20; job++) await jobs.send(job)
    jobs.close() // no more jobs: each worker finishes what it has
    await Promise.all(workers)
    results.close() // no more results: the loop below ends
  })

  for await (const { worker, job, longest } of results) {
    console.log(`worker ${worker}: the longest sequence from up to ${job}000 takes ${longest} steps`)
  }
})
