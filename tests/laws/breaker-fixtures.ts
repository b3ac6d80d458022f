import { parallel, type ReceiveChan, runtime, type SendChan } from '@millrace/core'
import { CircuitBreaker, type CircuitBreakerOptions, type CircuitState } from '@millrace/patterns'

type Exits = { process: { exit(code: number): never } }

/** Makes so many calls that fail, one after the other; answers how many were refused. */
export const failTimes = parallel(
  import.meta.url,
  async function failTimes(breaker: CircuitBreaker, times: number): Promise<number> {
    let refused = 0
    for (let i = 0; i < times; i++) {
      await breaker
        .call(() => Promise.reject(new Error('down')))
        .catch(error => {
          if (error.code === 'ERR_CIRCUIT_OPEN') refused++
        })
    }
    return refused
  },
)

/** Makes a call that succeeds; rejects as it does. */
export const callOnce = parallel(
  import.meta.url,
  async function callOnce(breaker: CircuitBreaker): Promise<string> {
    return breaker.call(() => 'up')
  },
)

/** Makes so many calls at once; says of each whether it gets through. Those that do last until the gate is closed. */
export const storm = parallel(
  import.meta.url,
  async function storm(
    breaker: CircuitBreaker,
    calls: number,
    said: SendChan<boolean>,
    gate: ReceiveChan<never>,
  ): Promise<void> {
    const call = async (): Promise<void> => {
      await said.send(true)
      await gate.receive()
    }
    await Promise.all(Array.from({ length: calls }, () => breaker.call(call).catch(() => said.send(false))))
  },
)

/** Takes a call, and its thread with it. */
export const dieInCall = parallel(
  import.meta.url,
  async function dieInCall(breaker: CircuitBreaker): Promise<void> {
    await breaker.call(() => (globalThis as unknown as Exits).process.exit(3))
  },
)

/** Has a call under way, says so, and dies when it is told. */
export const dieInCallWhenTold = parallel(
  import.meta.url,
  async function dieInCallWhenTold(
    breaker: CircuitBreaker,
    started: SendChan<CircuitState>,
    told: ReceiveChan<unknown>,
  ): Promise<void> {
    await breaker.call(async () => {
      await started.send(breaker.state)
      await told.receive()
      ;(globalThis as unknown as Exits).process.exit(3)
    })
  },
)

export const stateOf = parallel(import.meta.url, function stateOf(breaker: CircuitBreaker): CircuitState {
  return breaker.state
})

export const tripAndReset = parallel(
  import.meta.url,
  async function tripAndReset(breaker: CircuitBreaker, times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      if (i % 2 === 0) breaker.trip()
      else breaker.reset()
      if (i % 16 === 0) await runtime.gosched()
    }
  },
)

export const makeBreaker = parallel(
  import.meta.url,
  function makeBreaker(options: CircuitBreakerOptions): CircuitBreaker {
    return new CircuitBreaker(options)
  },
)

export const identity = parallel(import.meta.url, function identity<T>(value: T): T {
  return value
})

const changes: string[] = []

export const onChange = parallel(
  import.meta.url,
  function onChange(from: CircuitState, to: CircuitState): void {
    changes.push(`${from} > ${to}`)
  },
)

export const isFailure = parallel(import.meta.url, function isFailure(error: unknown): boolean {
  return (error as Error).message !== 'not found'
})

/** Fails in ways that count and that do not; answers what the listener heard on this thread. */
export const hear = parallel(import.meta.url, async function hear(breaker: CircuitBreaker): Promise<
  string[]
> {
  changes.length = 0
  for (const message of ['not found', 'not found', 'down']) {
    await breaker.call(() => Promise.reject(new Error(message))).catch(() => {})
  }
  return changes
})

export const die = parallel(import.meta.url, function die(): never {
  return (globalThis as unknown as Exits).process.exit(3)
})
