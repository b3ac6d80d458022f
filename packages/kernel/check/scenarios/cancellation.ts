// A context that several threads know. Whoever waits for its end learns of it, with its cause, or that its thread has died.

import { nextMail } from '../event-loop.js'
import { Again, call, type Operation, type Program, read } from '../program.js'
import { reaper, shareAmong } from '../reaper.js'
import type { Scenario } from '../scenario.js'

const STATE = 64
const CAUSE = 68
const LOST = 3

const cancel = (me: number, cancellation: number, state: number, cause: number): Operation => ({
  name: 'cancel',
  *run() {
    return yield call('cancellationCancel', me, cancellation, state, cause)
  },
})

const awaitEnd = (me: number, cancellation: number): Operation => ({
  name: 'await',
  *run(memory) {
    if (memory) yield* nextMail(me)
    const state = yield call('cancellationPark', me, cancellation)
    if (state === 0) return new Again('parked')
    return state === LOST ? [LOST] : [state, yield read(cancellation + CAUSE)]
  },
})

/** Thread 0 has made the context, which the others wait for; one of them dies if it must. */
function cancellationScenario(waiters: number, mortal?: 'owner' | 'waiter'): Scenario {
  const deaths = mortal ? 1 : 0
  return {
    name: `cancellation: cancel${' | await'.repeat(waiters)}${mortal ? `, and the ${mortal} may die` : ''}`,
    threads: waiters + 1 + deaths,
    deaths,
    make(machine) {
      const cancellation = machine.kernel.cancellationCreate!(0)
      shareAmong(machine, cancellation, waiters + 1)
      const programs: Program[] = [
        { operations: [cancel(0, cancellation, 7, 9)], mortal: mortal === 'owner' },
      ]
      for (let me = 1; me <= waiters; me++) {
        programs.push({ operations: [awaitEnd(me, cancellation)], mortal: mortal === 'waiter' && me === 1 })
      }
      if (mortal) programs.push(reaper(waiters + 1))
      return {
        names: {
          cancellation,
          'cancellation.state': cancellation + STATE,
          'cancellation.cause': cancellation + CAUSE,
        },
        programs,
        end({ machine, outcomes, isAsleep, isDead }) {
          const state = machine.word(cancellation + STATE)
          if (!isDead(0) && state !== 7) return `the state is ${state}, and its owner lives`
          const end = state === 7 ? '[[7,9]]' : `[[${LOST}]]`
          for (let thread = 1; thread <= waiters; thread++) {
            if (isDead(thread)) continue
            if (isAsleep(thread)) return `thread ${thread} sleeps, and the state is ${state}`
            const told = JSON.stringify(outcomes[thread])
            if (told !== end) return `thread ${thread} was told ${told} and not ${end}`
          }
          return undefined
        },
      }
    },
  }
}

export const cancellationScenarios: readonly Scenario[] = [
  cancellationScenario(1),
  cancellationScenario(2),
  cancellationScenario(1, 'owner'),
  cancellationScenario(1, 'waiter'),
]
