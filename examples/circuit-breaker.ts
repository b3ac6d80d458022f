// A circuit breaker: a service goes down and comes back. Callers hear of it at once instead of waiting for a timeout, and the
// service is left alone meanwhile, but for one probe.

import { main } from '@millrace/core'
import { CircuitBreaker, CircuitOpenError } from '@millrace/patterns'

main(async () => {
  let minute = 0 // the example's own clock, so that nobody has to wait
  const breaker = new CircuitBreaker({
    threshold: 3,
    resetMs: 5 * 60_000,
    now: () => minute * 60_000,
    onChange: (from, to) => console.log(`          ${from} -> ${to}`),
  })

  let calls = 0
  async function service(): Promise<string> {
    calls++
    if (minute >= 2 && minute < 9) throw new Error('503')
    return '200'
  }

  for (; minute < 18; minute++) {
    const answers = await Promise.all(
      ['ann', 'bob'].map(() =>
        breaker
          .call(service)
          .catch(error => (error instanceof CircuitOpenError ? 'refused' : (error as Error).message)),
      ),
    )
    console.log(`minute ${String(minute).padStart(2)} ${answers.join(' ')}`)
  }
  console.log(`${calls} of 36 calls reached the service`)
})
