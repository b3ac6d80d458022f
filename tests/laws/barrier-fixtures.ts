import { type Context, parallel, type ReceiveChan, runtime, type SendChan } from '@millrace/core'
import type { Barrier } from '@millrace/sync'
import { endWhen } from './lock-fixtures.js'

// What the laws of Barrier start on other threads.

/** Arrives, says so, and answers with its index, or the code of the error. */
export const arrive = parallel(
  import.meta.url,
  async function arrive(barrier: Barrier, started: SendChan<unknown>, ctx?: Context) {
    const waiting = barrier.wait(ctx)
    waiting.catch(() => {})
    await started.send(true)
    try {
      return await waiting
    } catch (error) {
      return (error as { code?: string; message: string }).code ?? (error as Error).message
    }
  },
)

export const isBroken = parallel(import.meta.url, function isBroken(barrier: Barrier) {
  return barrier.broken
})

export const reset = parallel(import.meta.url, function reset(barrier: Barrier) {
  barrier.reset()
})

/** Arrives, says so, and when told ends its thread. */
export const arriveAndDie = parallel(
  import.meta.url,
  function arriveAndDie(barrier: Barrier, started: SendChan<unknown>, told: ReceiveChan<unknown>): void {
    barrier.wait().catch(() => {})
    started.trySend(true)
    endWhen(told)
  },
)

/** Goes through so many rounds as party `me`; throws when another is a round too far, or behind. Answers its indexes. */
export const march = parallel(
  import.meta.url,
  async function march(barrier: Barrier, rounds: Int32Array, me: number, count: number) {
    const indexes: number[] = []
    for (let round = 1; round <= count; round++) {
      if ((round + me) % 5 === 0) await runtime.gosched()
      Atomics.store(rounds, me, round)
      indexes.push(await barrier.wait())
      for (let party = 0; party < rounds.length; party++) {
        const theirs = Atomics.load(rounds, party)
        if (theirs < round || theirs > round + 1)
          throw new Error(`in round ${round} party ${party} is in round ${theirs}`)
      }
    }
    return indexes
  },
)
