import { type Context, parallel, type ReceiveChan, runtime, type SendChan } from '@millrace/core'
import type { Result, SingleFlight } from '@millrace/sync'
import { randomFrom } from './expect.js'
import { endWhen } from './lock-fixtures.js'

// What the laws of SingleFlight start on other threads.

export type Flights = SingleFlight<unknown, unknown>

/** A call that says when it begins, counts itself, and ends as it is told. */
export interface Plan {
  readonly begun: SendChan<unknown>
  readonly told: ReceiveChan<unknown>
  /** How many have begun. */
  readonly count: Int32Array
}

export const fly = (plan: Plan) => async () => {
  Atomics.add(plan.count, 0, 1)
  await plan.begun.send(true)
  const end = await plan.told.receive()
  if (end instanceof Error) throw end
  return end
}

/** Asks, having said so; answers what came of it. */
export const ask = parallel(
  import.meta.url,
  async function ask(flights: Flights, key: unknown, plan: Plan, asked?: SendChan<unknown>, ctx?: Context) {
    const answer = flights.do(key, fly(plan), ctx)
    answer.catch(() => {})
    await asked?.send(true)
    return answer
  },
)

/** Makes a call, says when it begins, and hears of nothing more until told; then ends its thread. */
export const leadAndDie = parallel(
  import.meta.url,
  async function leadAndDie(
    flights: Flights,
    key: unknown,
    begun: SendChan<unknown>,
    told: ReceiveChan<unknown>,
  ) {
    await flights.do(key, () => {
      begun.trySend(true)
      return endWhen(told)
    })
  },
)

/** Asks, says so, and when told ends its thread. */
export const followAndDie = parallel(
  import.meta.url,
  function followAndDie(
    flights: Flights,
    key: unknown,
    asked: SendChan<unknown>,
    told: ReceiveChan<unknown>,
  ): void {
    flights.do(key, () => 'its own').catch(() => {})
    asked.trySend(true)
    endWhen(told)
  },
)

/** Asks for a channel with the result, says so; answers what it got, and whether it is closed then. */
export const askForChan = parallel(
  import.meta.url,
  async function askForChan(flights: Flights, key: unknown, plan: Plan, asked: SendChan<unknown>) {
    const result = flights.doChan(key, fly(plan))
    await asked.send(true)
    const end: Result<unknown> | undefined = await result.receive()
    return { end, closed: result.closed }
  },
)

export const forget = parallel(import.meta.url, function forget(flights: Flights, key: unknown) {
  flights.forget(key)
})

/** Makes a call whose value is a function. */
export const leadToFunction = parallel(
  import.meta.url,
  async function leadToFunction(flights: Flights, key: unknown, plan: Plan) {
    const { value } = await flights.do(key, async () => {
      await fly(plan)()
      return { deep: [() => 1] }
    })
    return typeof (value as { deep: unknown[] }).deep[0]
  },
)

/** Asks for keys at random, again and again; throws if two calls of one key are under way at once. */
export const askAtRandom = parallel(
  import.meta.url,
  async function askAtRandom(flights: Flights, active: Int32Array, times: number, seed: number) {
    const random = randomFrom(seed)
    let made = 0
    let shared = 0
    const visitor = async () => {
      for (let i = 0; i < times; i++) {
        const key = random(active.length)
        const answer = await flights.do(`key ${key}`, async () => {
          if (Atomics.add(active, key, 1) !== 0) throw new Error(`two calls of key ${key} at once`)
          made++
          for (let turns = random(3); turns > 0; turns--) await runtime.gosched()
          Atomics.sub(active, key, 1)
          return { key, list: [key, `${key}`] }
        })
        const { value } = answer as { value: { key: number; list: unknown[] } }
        if (value.key !== key || value.list[1] !== `${key}`)
          throw new Error(`another key's value: ${value.key}`)
        if (answer.shared) shared++
      }
    }
    await Promise.all(Array.from({ length: 8 }, visitor))
    return { made, shared, asked: 8 * times }
  },
)

/** Asks for each key that comes, and says that it does; answers how many answers it shared. */
export const followEach = parallel(
  import.meta.url,
  async function followEach(flights: Flights, keys: ReceiveChan<unknown>, asked: SendChan<unknown>) {
    let shared = 0
    for await (const key of keys) {
      const answer = flights.do(key, () => 'its own')
      await asked.send(true)
      if ((await answer).shared) shared++
    }
    return shared
  },
)
