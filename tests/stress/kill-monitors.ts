import process from 'node:process'
import { go, main, runtime, ThreadLostError } from '@millrace/core'
import { currentThread, host } from '@millrace/kernel'
import { randomFrom, range, sleep } from '../laws/expect.js'
import { beginRound, ledgerWords, PERMITS, readLedger, Store, useStore } from './monitors-fixtures.js'
import { isLong, say, seed } from './seed.js'

// Goroutines of five threads use monitors (permits by three lines, a lock), while threads are killed at random moments. Nobody waits
// for ever, there are never more permits in use than there are, and in the end all are free.
//
//   kill-monitors.js none          nobody is killed
//   kill-monitors.js terminate     from outside: worker.terminate() on threads that this program has added to the pool
//   kill-monitors.js exit          from inside: goroutines call process.exit

const manner = process.argv[2]
const fromOutside = manner === 'terminate'
const fromInside = manner === 'exit'
const KILLS = manner === 'none' ? 0 : isLong ? 2000 : 60
const THREADS = 4
const USERS = 10
const STEPS = 400
const LEAST_RUNS = isLong ? 2000 : 40
const LIVES = isLong ? 2 ** 16 : 2 ** 12
const STANDSTILL_MS = 20_000
/** Shared memory that may be added after the first third: what dying threads had in hand, a few blocks each. */
const FLAT_BYTES = 2 ** 20

const random = randomFrom(seed)
let [kills, lives, runs, lost, had, gaveUp] = [0, 0, 0, 0, 0, 0]

main(async () => {
  runtime.configure({ threads: fromOutside ? 1 : THREADS })
  say({ manner, seed, long: isLong })
  const thread = currentThread()
  const { kernel, memory } = thread
  const store = new Store()

  const giveUp = (reason: string): never => {
    const { permits, lock } = store
    const waiting = range(3).map(line => permits.waits(line))
    say({
      failed: reason,
      ...{ kills, runs, lost, had, gaveUp, free: store.free, waiting, locked: lock.read(state => state[0]) },
      ...{ goroutines: runtime.numGoroutine(), seed },
    })
    process.exit(1)
  }

  const bytes = 4 * ledgerWords(LIVES)
  const ledger = thread.allocate(bytes)
  memory.u8.fill(0, ledger, ledger + bytes)

  const add = () => {
    const id = kernel.threadReserve()
    const life = kernel.threadLife(id)
    const program = new URL('./thread-entry.js', import.meta.resolve('@millrace/core'))
    const added = host.spawn(program, { memory: memory.memory, maximum: memory.maximum, id, life })
    const gone = new Promise<void>(resolve => {
      added.onExit(error => {
        if (error) giveUp(`a thread died of ${error.stack}`)
        kernel.threadReap(thread.id, id)
        resolve()
      })
    })
    return {
      async kill() {
        await added.terminate()
        await gone
      },
      get isUp() {
        return kernel.threadIsAlive(id) !== 0
      },
    }
  }

  const orders = (suicidal: number) => {
    if (lives === LIVES) giveUp('there were more lives than thought')
    return { life: lives++, lives: LIVES, ledger, steps: STEPS, seed: random(2 ** 31), suicidal }
  }
  const use = async (): Promise<void> => {
    while (kills < KILLS || runs < LEAST_RUNS) {
      try {
        const result = await go(useStore, store, orders(fromInside ? 4000 : 0))
        had += result.had
        gaveUp += result.gaveUp
      } catch (error) {
        if (!(error instanceof ThreadLostError)) giveUp(`a goroutine failed: ${(error as Error).stack}`)
        lost++
      }
      runs++
      if (fromInside) kills = runtime.stats().threads.lost
    }
  }

  /** Somebody begins to wait while one before him on this thread has been let pass, and does not know yet: he is not taken for that one. */
  const comeLate = async (): Promise<void> => {
    const said = ledger
    await go(beginRound, store, said) // there is another thread now
    Atomics.store(memory.i32, said >> 2, 0)
    const first = store.nextRound()
    const beginning = go(beginRound, store, said)
    while (Atomics.load(memory.i32, said >> 2) === 0); // stands still, so that the first is not told
    let isOver = false
    const second = store.nextRound().then(() => {
      isOver = true
    })
    await Promise.all([first, beginning])
    for (let i = 0; i < 10; i++) await runtime.gosched()
    if (isOver) giveUp('who came late was let pass with the one before him')
    store.giveBack(0)
    await second
    Atomics.store(memory.i32, said >> 2, 0)
  }

  let before = { runs: -1, at: 0 }
  const watchdog = setInterval(() => {
    const now = performance.now()
    if (runs !== before.runs) before = { runs, at: now }
    else if (now - before.at > STANDSTILL_MS) giveUp(`no goroutine ended for ${STANDSTILL_MS} ms`)
  }, 500)

  const added = fromOutside ? range(THREADS).map(add) : []
  while (added.some(({ isUp }) => !isUp)) await sleep(5)
  if (!fromOutside) await comeLate()
  const using = range(USERS).map(use)
  // One user is of this thread, which is not killed.
  using.push(
    (async () => {
      while (kills < KILLS || runs < LEAST_RUNS) await useStore(store, orders(0))
    })(),
  )
  let usedAtFirst = 0
  while (kills < KILLS) {
    await sleep(random(30))
    if (usedAtFirst === 0 && kills > KILLS / 3) usedAtFirst = kernel.heapUsed()
    if (!fromOutside) continue
    const i = random(THREADS)
    if (!added[i]!.isUp) continue
    const victim = added[i]!
    added[i] = add()
    await victim.kill()
    kills++
  }
  await Promise.all(using)
  clearInterval(watchdog)

  // The permits of the last who died come back with the next change.
  store.giveBack(0)
  if (store.free !== PERMITS) giveUp(`${store.free} permits are free in the end, of ${PERMITS}`)
  for (const line of range(3)) if (store.permits.waits(line)) giveUp(`somebody waits in line ${line}`)
  const { left, told } = readLedger(memory.i32, ledger, LIVES)
  if (left > 0) giveUp(`${left} permits are in use by nobody`)
  if (told > lost) giveUp(`${told} were told that the lock was lost, and ${lost} goroutines were`)
  const grew = usedAtFirst ? kernel.heapUsed() - usedAtFirst : 0
  if (grew > FLAT_BYTES) giveUp(`shared memory grew by ${grew} bytes`)
  say({ ok: true, manner, kills, runs, lost, had, gaveUp, told, grew, seed })
})
