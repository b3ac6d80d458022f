import process from 'node:process'
import { go, main, runtime, sharedArray, ThreadLostError } from '@millrace/core'
import { currentThread } from '@millrace/kernel'
import { Mutex, OwnerLostError, RWMutex, Semaphore, WaitGroup } from '@millrace/sync'
import { randomFrom, range, sleep } from '../laws/expect.js'
import { AddedThreads } from './added-threads.js'
import { collect } from './collect.js'
import * as fixtures from './kill-lock-fixtures.js'
import { isLong, say, seed } from './seed.js'

// Threads are killed at random while their goroutines hold a Mutex, an RWMutex, permits of a Semaphore and the counts of WaitGroups,
// and wait for them. Nobody is ever let in beside somebody who should be alone, no permit is lost or made, who holds something and dies
// is told of at most once, nobody stands still, and memory stays flat.
//
//   kill-lock.js terminate     from outside: worker.terminate() on threads that this program has added to the pool
//   kill-lock.js exit          from inside: goroutines call process.exit at random steps

const fromOutside = process.argv[2] !== 'exit'
const KILLS = isLong ? 2000 : fromOutside ? 120 : 60
const THREADS = 4
const USERS = 16
const GROUPS = 4
const LIVES = isLong ? 2 ** 19 : 2 ** 15
const SUICIDAL = fromOutside ? 0 : 4000
const GROWTH = 2 ** 20
const STANDSTILL_MS = 20_000

const random = randomFrom(seed)
let [kills, lives, lost, groups, ended] = [0, 0, 0, 0, 0]
let isEnding = false

function giveUp(reason: string): never {
  say({ failed: reason, kills, lives, lost, groups, goroutines: runtime.numGoroutine(), seed })
  process.exit(1)
}

/** Whether a goroutine has ended well; it may have been lost. */
async function settled(goroutine: Promise<unknown>): Promise<void> {
  try {
    await goroutine
  } catch (error) {
    if (!(error instanceof ThreadLostError)) giveUp(`a goroutine failed: ${(error as Error).stack}`)
    lost++
  }
  ended++
}

main(async () => {
  say({ seed, long: isLong, kills: KILLS })
  runtime.configure({ threads: fromOutside ? 1 : THREADS, memory: { maximum: 2 ** 30 } })
  const { kernel } = currentThread()
  const added = new AddedThreads(fromOutside ? THREADS - 1 : 0, giveUp)
  while (!added.areUp) await sleep(5)

  const locks = { mutex: new Mutex(), rwMutex: new RWMutex(), semaphore: new Semaphore(fixtures.PERMITS) }
  const notes = sharedArray('i32', fixtures.words(LIVES))
  const use = async (suicidal: number, start: (orders: fixtures.Orders) => Promise<unknown>) => {
    while (!isEnding) {
      if (++lives === LIVES) giveUp('there were more lives than thought')
      await settled(
        start({ me: lives, lives: LIVES, most: 1 + random(100), seed: random(2 ** 31), suicidal }),
      )
    }
  }
  const useGroups = async () => {
    for (; !isEnding; groups++) {
      if (groups % 100 === 0) collect()
      const group = new WaitGroup()
      group.add(1)
      const users = range(3).map(() => settled(go(fixtures.useGroup, group, random(2 ** 31), SUICIDAL)))
      const waiting = group.wait()
      for (let i = random(3); i > 0; i--) await runtime.gosched()
      group.done()
      await Promise.all([waiting, ...users])
      await group.wait()
      if (group.count !== 0) giveUp(`${group.count} are still to be done in a group whose wait is over`)
    }
  }
  const roles = [
    ...range(USERS).map(() => use(SUICIDAL, orders => go(fixtures.useLocks, locks, notes, orders))),
    // One of this thread takes part too: it cannot die.
    use(0, orders => fixtures.useLocks(locks, notes, orders)),
    ...range(GROUPS).map(useGroups),
  ]

  let before = { ended: 0, groups: 0, steps: 0, at: performance.now() }
  const watchdog = setInterval(() => {
    const now = { ended, groups, steps: notes[fixtures.STEPS]!, at: performance.now() }
    const stands = (['groups', 'steps', 'ended'] as const).filter(what => now[what] === before[what])
    if (stands.length === 0) before = now
    else if (now.at - before.at > STANDSTILL_MS && !isEnding) giveUp(`no progress of ${stands}`)
    else if (now.at - before.at > 2 * STANDSTILL_MS) giveUp('it does not end')
  }, 500)

  let early = 0
  while (kills < KILLS) {
    if (kills <= (2 * KILLS) / 3) early = kernel.heapUsed()
    await sleep(fromOutside ? random(100) : 20)
    if (!fromOutside) kills = runtime.stats().threads.lost
    else if (await added.killOne(random)) kills++
  }
  isEnding = true
  await Promise.all(roles)
  clearInterval(watchdog)

  const { mutex, rwMutex, semaphore } = locks
  let untold = 0
  for (const tryLock of [() => mutex.tryLock(), () => rwMutex.tryLock()]) {
    try {
      if (!tryLock()) giveUp('a lock is held that nobody holds')
    } catch (error) {
      if (!(error instanceof OwnerLostError)) throw error
      untold++
      if (!tryLock()) giveUp('a lock is held after its owner was said to be lost')
    }
  }
  const { available } = semaphore
  if (available !== fixtures.PERMITS) giveUp(`there are ${available} permits of ${fixtures.PERMITS}`)
  const told = notes[fixtures.TOLD]! + untold
  if (told > 2 * kills)
    giveUp(`${told} were told of a lost owner, and ${kills} threads with two locks were lost`)
  const counter = notes[fixtures.COUNTER]!
  let grown = 0
  for (let me = 1; me <= lives; me++) grown += notes[fixtures.GROWN + me]!
  // Each that was lost may have made it grow once without knowing.
  if (counter < grown || counter > grown + lost)
    giveUp(`the counter is ${counter}, and ${grown} additions are known`)
  const growth = kernel.heapUsed() - early
  if (growth > GROWTH) giveUp(`shared memory grew by ${growth} bytes in the last third`)
  const steps = notes[fixtures.STEPS]
  say({ ok: true, kills, lives, lost, told, groups, steps, counter, growth, seed })
})
