import { checkMoment, checkNumber } from './check-number.js'
import type { CircuitBreakerJSON } from './circuit.js'

const STATES: readonly unknown[] = ['closed', 'open', 'half-open']
const COUNT = { whole: true, most: 2 ** 31 - 1 }

/**
 * Reads what a circuit breaker's `toJSON` has answered, and nothing else.
 *
 * @throws {TypeError} It is something else. @throws {RangeError} A number is out of range.
 */
export function readCircuit(json: CircuitBreakerJSON): CircuitBreakerJSON {
  if (!isObject(json) || !STATES.includes(json.state) || !Array.isArray(json.window)) {
    throw new TypeError('circuit breaker: from: the first argument is not what toJSON() answers')
  }
  return {
    state: json.state,
    failures: checkNumber(json.failures, 'circuit breaker: from: failures', COUNT),
    successes: checkNumber(json.successes, 'circuit breaker: from: successes', COUNT),
    since: checkMoment(json.since, 'circuit breaker: from: since'),
    window: json.window.map((bucket: unknown, i) => {
      const what = `circuit breaker: from: window[${i}]`
      if (!isObject(bucket)) throw new TypeError(`${what} must be an object`)
      const { since, calls, failures } = bucket as CircuitBreakerJSON['window'][number]
      checkMoment(since, `${what}.since`)
      checkNumber(calls, `${what}.calls`, COUNT)
      checkNumber(failures, `${what}.failures`, { ...COUNT, most: calls })
      return { since, calls, failures }
    }),
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
