// The thread that clears up after the dead, as the starter of a thread does when it is told of its end.

import type { Machine } from './machine.js'
import { awaitDeath, call, type Program } from './program.js'

export const reaper = (me: number): Program => ({
  operations: [
    {
      name: 'reap',
      *run() {
        const dead = yield awaitDeath
        yield call('threadReap', me, dead)
        return dead
      },
    },
  ],
})

/** Lets threads 1 to `threads - 1` hold `object` too, which thread 0 has made. */
export function shareAmong(machine: Machine, object: number, threads: number): void {
  for (let thread = 1; thread < threads; thread++) {
    machine.kernel.referenceSend!(object)
    machine.kernel.referenceArrive!(thread, object)
  }
}
