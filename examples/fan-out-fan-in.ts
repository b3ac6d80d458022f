// Fan-out, fan-in over threads: a goroutine for each range, which whatever thread is free takes next, and one channel where
// all the counts come together.

import { chan, go, main, parallel, runtime, type SendChan } from '@millrace/core'

function isPrime(n: number): boolean {
  if (n < 2) return false
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false
  return true
}

// Runs on threads of the pool. The numbers are copied to them; the channel is the same on every thread.
export const count = parallel(
  import.meta.url,
  async function count(from: number, to: number, counts: SendChan<number>) {
    let primes = 0
    for (let n = from; n < to; n++) if (isPrime(n)) primes++
    await counts.send(primes)
  },
)

async function primesBelow(limit: number): Promise<number> {
  const step = 20_000
  const counts = chan<number>(8)
  const running: Promise<void>[] = []

  for (let from = 0; from < limit; from += step) running.push(go(count, from, from + step, counts))
  go(async () => {
    await Promise.all(running)
    counts.close() // nobody sends any more
  })

  let sum = 0
  for await (const primes of counts) sum += primes
  return sum
}

async function measure(threads: number): Promise<number> {
  runtime.gomaxprocs(threads)
  const start = performance.now()
  const primes = await primesBelow(3_000_000)
  const ms = performance.now() - start
  console.log(`${threads} ${threads === 1 ? 'thread' : 'threads'}: ${primes} primes in ${ms.toFixed(0)} ms`)
  return ms
}

main(async () => {
  const one = await measure(1)
  const all = await measure(runtime.numCPU())
  console.log(`${(one / all).toFixed(1)} times as fast`)
})
