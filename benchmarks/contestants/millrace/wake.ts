import { hrtime } from 'node:process'
import { chan, go, parallel, type ReceiveChan, runtime, type SendChan } from '@millrace/core'
import type { Ways } from '../../contestant.js'
import { idleCpu, microseconds, wakeUps } from '../../measure.js'
import { twoStations } from './threads.js'

// Waking a thread, and what waiting costs.

const tellWhen = parallel(
  import.meta.url,
  async function tellWhen(source: ReceiveChan<number>, sink: SendChan<number>, base: bigint) {
    for await (const _ of source) await sink.send(microseconds(base))
  },
)

const wake = (p: number) => async (count: number) => {
  runtime.configure({ threads: 1 })
  const base = hrtime.bigint()
  const out = chan<number>(1)
  const back = chan<number>(1)
  void go(tellWhen, out, back, base)
  const took = await wakeUps(count, p, async () => {
    const sent = microseconds(base)
    await out.send(1)
    return (await back.receive())! - sent
  })
  out.close()
  return took
}

async function idle(ms: number): Promise<number> {
  const stations = await twoStations()
  const took = await idleCpu(ms)
  for (const station of stations) station.end()
  return took
}

export const wakeWays: Ways = {
  'wake/p50': { '': wake(0.5) },
  'wake/p99': { '': wake(0.99) },
  'wake/idle-cpu': { '': idle },
}
