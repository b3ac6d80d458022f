// The thread that clears up after the dead, as the starter of a thread does when it is told of its end.

import type { Machine } from './machine.js'
import { awaitDeath, call, type Outcome, type Program, read } from './program.js'

/** Its answer is whom it has reaped; given words to read before it does, what was in them follows. */
export const reaper = (me: number, words: readonly number[] = []): Program => ({
  operations: [
    {
      name: 'reap',
      *run() {
        const dead = yield awaitDeath
        const found: Outcome[] = []
        for (const word of words) found.push(yield read(word))
        yield call('threadReap', me, dead)
        return words.length === 0 ? dead : [dead, ...found]
      },
    },
  ],
})

/** Lets threads 0 to `threads - 1` hold `object` too, which thread `maker` has made. */
export function shareAmong(machine: Machine, object: number, threads: number, maker = 0): void {
  for (let thread = 0; thread < threads; thread++) {
    if (thread === maker) continue
    machine.kernel.referenceSend!(object)
    machine.kernel.referenceArrive!(thread, object)
  }
}
