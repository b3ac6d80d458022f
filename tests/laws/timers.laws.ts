import { after, chan, go, type ReceiveChan, Ticker, Timer, trySelect } from '@millrace/core'
import { equal, isError, ok, range, rejects, staysParked } from './expect.js'
import type { Law } from './law.js'
import { identity } from './parallel-fixtures.js'
import * as fixtures from './timer-fixtures.js'

const HOUR_MS = 3_600_000

/** Lets `fn` of another thread wait for `timer`; resolves once it is about to. */
async function elsewhere(
  fn: typeof fixtures.awaitTimer,
  timer: ReceiveChan<Date>,
): Promise<{ date: Promise<Date | undefined> }> {
  const started = chan<void>(1)
  const date = go(fn, started, timer)
  await Promise.race([started.receive(), date])
  return { date }
}

/** Rules 86 to 89 of Go's, and rule 4 of the API: the channel of a timer is the same one on every thread. */
export const timerLaws: Law[] = [
  {
    name: "a timer's channel crosses: it rings on another thread with the date it was set to, and not before",
    rule: 'API 4',
    async run() {
      const before = Date.now()
      const { date } = await elsewhere(fixtures.awaitTimer, after(30))
      const told = (await date)!.getTime()
      ok(told >= before + 30, `rang for ${told - before} ms`)
      ok(Date.now() >= told, `rang ${told - Date.now()} ms too early`)
    },
  },
  {
    name: 'it is the same object wherever it arrives, and back home',
    rule: 'API 4',
    async run() {
      const { c } = new Timer(HOUR_MS)
      equal(await go(identity, c), c)
      equal(await go(identity, { deep: [c] }), { deep: [c] })
      equal([c.length, c.capacity, c.closed], [0, 0, false])
    },
  },
  {
    name: 'of all who wait for one timer on all threads exactly one receives',
    rule: 86,
    async run() {
      for (const ms of [0, 1, 5]) {
        const [received, end] = [chan<Date>(8), chan<never>()]
        const timer = new Timer(HOUR_MS)
        const passing = range(5).map(() => go(fixtures.passOn, timer.c, received, end))
        equal(timer.reset(ms), true)
        await received.receive()
        equal(timer.stop(), false, 'stop, after it rang')
        end.close()
        await Promise.all(passing)
        equal(received.length, 0, 'more dates')
      }
    },
  },
  {
    name: 'ticks are received once each, by whoever comes first, and keep their phase',
    rule: 88,
    async run() {
      const period = 4
      const ticker = new Ticker(period)
      // Room for those that are under way when it is stopped.
      const [ticks, end] = [chan<Date>(64), chan<never>()]
      const passing = range(3).map(() => go(fixtures.passOn, ticker.c, ticks, end))
      const times: number[] = []
      while (times.length < 30) times.push((await ticks.receive())!.getTime())
      ticker.stop()
      end.close()
      await Promise.all(passing)
      while (ticks.length > 0) times.push(ticks.tryReceive()!.getTime())
      const sorted = [...new Set(times)].sort((a, b) => a - b)
      equal(sorted.length, times.length, 'different ticks')
      for (const time of sorted) equal((time - sorted[0]!) % period, 0, 'the phase')
    },
  },
  {
    name: 'stopped at home, it rings nowhere; set again, it rings for who waited meanwhile',
    rule: 86,
    async run() {
      const timer = new Timer(HOUR_MS)
      const { date } = await elsewhere(fixtures.awaitTimer, timer.c)
      equal(timer.stop(), true)
      await staysParked('a receiver of a timer that is stopped', date)
      equal(timer.reset(1), false)
      ok((await date) instanceof Date, 'no date')
      equal(timer.stop(), false, 'what another thread has taken')
    },
  },
  {
    name: 'set to ring sooner, it does so on other threads too',
    rule: 87,
    async run() {
      const timer = new Timer(HOUR_MS)
      const waiting = await Promise.all(range(3).map(() => elsewhere(fixtures.awaitTimer, timer.c)))
      await ringForEach(
        timer,
        waiting.map(({ date }) => date),
      )
    },
  },
  {
    name: 'set anew, it wakes a thread that blocks for it',
    rule: 36,
    needs: ['threads'],
    async run() {
      const timer = new Timer(HOUR_MS)
      timer.stop()
      const { date } = await elsewhere(fixtures.awaitTimerSync, timer.c)
      timer.reset(HOUR_MS)
      timer.reset(1)
      ok((await date) instanceof Date, 'no date')
    },
  },
  {
    name: 'those who waited when it crossed are served as before',
    rule: 107,
    async run() {
      const timer = new Timer(HOUR_MS)
      const first = timer.c.receive()
      const { date } = await elsewhere(fixtures.awaitTimer, timer.c)
      const second = timer.c.receive()
      await ringForEach(timer, [first, second, date])
      equal(trySelect([timer.c]), undefined)
    },
  },
  {
    name: 'a Timer itself stays on its thread, and says that its channel can cross',
    rule: 'API 5',
    async run() {
      for (const thing of [new Timer(HOUR_MS), new Ticker(HOUR_MS)]) {
        const error = await rejects(go(identity, thing as never), 'sending it')
        isError(error, 'ERR_DATA_CLONE', 'args[0]')
        ok(String((error as Error).message).includes('its channel, c, can cross'), String(error))
      }
    },
  },
]

/** Lets it ring until all have received. */
async function ringForEach(timer: Timer, waiting: Promise<Date | undefined>[]): Promise<void> {
  for (const left = new Set(waiting); left.size > 0; ) {
    timer.reset(1)
    const [served, date] = await Promise.race([...left].map(async one => [one, await one] as const))
    ok(date instanceof Date, 'no date')
    left.delete(served)
  }
}
