// A context that several threads know. Whoever waits for its end learns of it, with its cause.

import { nextMail } from '../event-loop.js'
import { Again, call, type Operation, type Program, read } from '../program.js'
import { reaper } from '../reaper.js'
import type { Scenario } from '../scenario.js'

const STATE = 64
const CAUSE = 68

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
    return state === 0 ? new Again('parked') : [state, yield read(cancellation + CAUSE)]
  },
})

function cancellationScenario(waiters: number, deaths: number): Scenario {
  return {
    name: `cancellation: cancel${' | await'.repeat(waiters)}${deaths ? ', with a death' : ''}`,
    threads: waiters + 1 + deaths,
    deaths,
    make(machine) {
      const cancellation = machine.kernel.cancellationCreate!(0)
      const programs: Program[] = [{ operations: [cancel(0, cancellation, 7, 9)], mortal: true }]
      for (let me = 1; me <= waiters; me++) programs.push({ operations: [awaitEnd(me, cancellation)] })
      if (deaths) programs.push(reaper(waiters + 1))
      return {
        names: {
          cancellation,
          'cancellation.state': cancellation + STATE,
          'cancellation.cause': cancellation + CAUSE,
        },
        programs,
        end({ machine, outcomes, isAsleep }) {
          for (let thread = 1; thread <= waiters; thread++) {
            if (isAsleep(thread)) {
              if (machine.word(cancellation + STATE) !== 0)
                return `thread ${thread} sleeps, and it is cancelled`
            } else if (JSON.stringify(outcomes[thread]) !== '[[7,9]]')
              return `thread ${thread} was told ${JSON.stringify(outcomes[thread])}`
          }
          return undefined
        },
      }
    },
  }
}

export const cancellationScenarios: readonly Scenario[] = [
  cancellationScenario(1, 0),
  cancellationScenario(2, 0),
  cancellationScenario(1, 1),
]
