// The concurrent prime sieve: numbers flow through a chain of goroutines, one for each prime, and each lets pass only what
// its prime does not divide. The first number to reach the end of the chain is the next prime.

import { chan, go, main, type ReceiveChan, type SendChan } from '@millrace/core'

async function generate(sink: SendChan<number>) {
  for (let n = 2; ; n++) await sink.send(n)
}

async function filter(source: ReceiveChan<number>, sink: SendChan<number>, prime: number) {
  for await (const n of source) {
    if (n % prime !== 0) await sink.send(n)
  }
}

main(async () => {
  const primes: number[] = []
  let numbers = chan<number>()
  go(generate, numbers)

  while (primes.length < 25) {
    const prime = (await numbers.receive())!
    primes.push(prime)
    const rest = chan<number>()
    go(filter, numbers, rest, prime)
    numbers = rest
  }

  console.log(primes.join(' '))
  // The goroutines are all parked now, and nobody can wake them: so the program ends.
})
