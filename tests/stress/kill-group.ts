import process from 'node:process'
import { background, chan, go, main, runtime, ThreadLostError, withCancelCause } from '@millrace/core'
import { randomFrom, range, sleep } from '../laws/expect.js'
import { runGroup, type Tally } from './kill-group-fixtures.js'
import { isLong, say, seed } from './seed.js'

// Groups here and on threads of the pool, whose goroutines fail, wait, compute, and end their threads; and which are aborted at
// random moments. Every `wait` settles, after all of its group have ended; nobody is left out silently, and no place is lost.

const KILLS = isLong ? 2000 : 60
const THREADS = 4
const STANDSTILL_MS = 20_000

const random = randomFrom(seed)
const sum: Tally = { started: 0, refused: 0, well: 0, failed: 0, lost: 0, aborted: 0 }
let [rounds, lostGroups] = [0, 0]

function giveUp(reason: string): never {
  say({ failed: reason, rounds, sum, lostGroups, goroutines: runtime.numGoroutine(), seed })
  process.exit(1)
}

main(async () => {
  runtime.configure({ threads: THREADS })
  const never = chan<never>()
  let before = { rounds: -1, at: 0 }
  const watchdog = setInterval(() => {
    const now = performance.now()
    if (rounds !== before.rounds) before = { rounds, at: now }
    else if (now - before.at > STANDSTILL_MS) giveUp(`no round ended for ${STANDSTILL_MS} ms`)
  }, 500)

  const settled = async (group: Promise<Tally>) => {
    try {
      for (const [what, count] of Object.entries(await group)) sum[what as keyof Tally] += count
    } catch (error) {
      if (!(error instanceof ThreadLostError)) giveUp(`a group broke its promise: ${(error as Error).stack}`)
      lostGroups++
    }
  }
  for (; runtime.stats().threads.lost < KILLS; rounds++) {
    const [parent, cancel] = withCancelCause(background())
    const groups = range(6).map(i => {
      const seed = random(2 ** 30)
      return settled(i < 3 ? runGroup(parent, never, seed) : go(runGroup, parent, never, seed))
    })
    await sleep(random(15))
    cancel(new Error('aborted'))
    await Promise.all(groups)
  }
  clearInterval(watchdog)
  // What a lost group had started has heard of the parent's end.
  for (let i = 0; runtime.numGoroutine() > 1; i++) {
    if (i === 1000) giveUp('goroutines are left over')
    await sleep(10)
  }
  say({ ok: true, rounds, kills: runtime.stats().threads.lost, ...sum, lostGroups, seed })
})
