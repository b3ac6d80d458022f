// The thread that clears up after the dead, as the starter of a thread does when it is told of its end.

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
