// The least that waking a thread takes: one that waits in `Atomics.waitAsync`.

import { hrtime } from 'node:process'
import type { Run } from '../../contestant.js'
import { microseconds, wakeUps } from '../../measure.js'
import { plays, start } from './threads.js'

interface Sleeper {
  /** The bell, and that of who answers. */
  readonly bells: Int32Array<SharedArrayBuffer>
  readonly at: Float64Array<SharedArrayBuffer>
  readonly base: bigint
}

/** Tells, whenever it is woken, when that was. */
function sleep({ bells, at, base }: Sleeper): void {
  const { async, value } = Atomics.waitAsync(bells, 0, 0)
  const wake = (): void => {
    at[0] = microseconds(base)
    Atomics.store(bells, 0, 0)
    Atomics.store(bells, 1, 1)
    Atomics.notify(bells, 1)
    sleep({ bells, at, base })
  }
  if (async) void value.then(wake)
  else wake()
}

plays<Sleeper>(import.meta.url, (sleeper, main) => {
  sleep(sleeper)
  main.on('message', () => {}) // keeps the thread
})

/** Microseconds until a thread that waits in `Atomics.waitAsync` is told. */
export const waking =
  (p: number): Run =>
  async count => {
    const bells = new Int32Array(new SharedArrayBuffer(8))
    const at = new Float64Array(new SharedArrayBuffer(8))
    const base = hrtime.bigint()
    const thread = await start<Sleeper>(import.meta.url, { bells, at, base })
    const took = await wakeUps(count, p, async () => {
      Atomics.store(bells, 1, 0)
      const sent = microseconds(base)
      Atomics.store(bells, 0, 1)
      Atomics.notify(bells, 0)
      await Atomics.waitAsync(bells, 1, 0).value
      return at[0] - sent
    })
    await thread.terminate()
    return took
  }
