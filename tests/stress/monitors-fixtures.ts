import process from 'node:process'
import {
  crossesWith,
  FAILED,
  LOST,
  Monitor,
  monitorRules,
  PASS,
  parallel,
  runtime,
  type State,
  WAIT,
} from '@millrace/core'
import { currentThread } from '@millrace/kernel'
import { randomFrom } from '../laws/expect.js'

// Two monitors with rules of their own, and goroutines that use them and may be killed with their thread at any moment. What is held is
// also kept in words of shared memory beside them (Ledger), which outlive whoever wrote them.

export const PERMITS = 7

const [FREE, ROUND] = [0, 1]
/** Lines: so many permits at once; one each, all alike; the next round, which begins when anything is given back. */
const [MANY, ONE, NEXT_ROUND] = [0, 1, 2]

const storeRules = monitorRules({
  name: 'stress/store.monitor',
  size: 2,
  lines: 3,
  counted: line => line === ONE,
  attempt(state, line, ticket) {
    if (line === NEXT_ROUND) return state[ROUND] > ticket ? PASS : WAIT
    if (state[FREE] < ticket) return WAIT
    state[FREE] -= ticket
    return PASS
  },
  held: (line, ticket) => (line === NEXT_ROUND ? 0 : ticket),
  heldInAll: state => PERMITS - state[FREE],
  ownerLost(state, held) {
    state[FREE] += held
    state[ROUND]++
  },
})

const lockRules = monitorRules({
  name: 'stress/lock.monitor',
  size: 2,
  lines: 1,
  gated: true,
  attempt(state, _line, _ticket, { thread }) {
    if (state[0] === LOST) {
      state[0] = 0
      return FAILED
    }
    if (state[0] !== 0) return WAIT
    state[0] = 1 + thread
    state[1] = 0
    return PASS
  },
  failure: () => new HolderLost(),
})

class HolderLost extends Error {}

/** Permits of which goroutines take some and give them back, and a lock. */
export class Store {
  readonly permits: Monitor
  readonly lock: Monitor

  static {
    crossesWith(
      Store,
      'stress/store',
      (store): [Monitor, Monitor] => [store.permits, store.lock],
      (permits, lock) => new Store(permits, lock),
    )
  }

  constructor(permits = new Monitor(storeRules, PERMITS), lock = new Monitor(lockRules)) {
    this.permits = permits
    this.lock = lock
  }

  get free(): number {
    return this.permits.read(state => state[FREE])
  }

  nextRound(): Promise<void> {
    return this.permits.wait(NEXT_ROUND, state => state[ROUND])
  }

  giveBack(n: number): void {
    this.permits.change(state => {
      if (state[FREE] + n > PERMITS)
        throw new Error(`${n} permits are given back, and ${state[FREE]} are free`)
      state[FREE] += n
      state[ROUND]++
    }, n)
  }
}

// A ledger: {in use, whose the lock is, how many were told that it was lost}, and for each life {permits, its thread's life}.

const HEAD = 4
const [IN_USE, OWNER, TOLD] = [0, 1, 2]
export const ledgerWords = (lives: number): number => HEAD + 2 * lives

class Ledger {
  readonly #start: number
  readonly #life: number
  readonly #lives: number

  constructor(at: number, life: number, lives: number) {
    this.#start = at >> 2
    this.#life = life
    this.#lives = lives
    Atomics.store(this.#words, this.#of(life) + 1, currentThread().life() | 0)
  }

  get #words(): Int32Array<SharedArrayBuffer> {
    return currentThread().memory.i32
  }

  #of(life: number): number {
    return this.#start + HEAD + 2 * life
  }

  #isDead(life: number): boolean {
    const thread = Atomics.load(this.#words, this.#of(life) + 1) >>> 0
    return thread !== 0 && currentThread().kernel.lifeIsAlive(thread) === 0
  }

  /**
   * Says so if more are in use than there are: what the dead had is not. A life's own word says at least what it has in the sum, wherever
   * it dies; and it is dead before anybody gets what it held.
   */
  take(n: number): void {
    Atomics.store(this.#words, this.#of(this.#life), n)
    let inUse = Atomics.add(this.#words, this.#start + IN_USE, n) + n
    for (let life = 0; inUse > PERMITS && life < this.#lives; life++)
      if (this.#isDead(life)) inUse -= Atomics.load(this.#words, this.#of(life))
    if (inUse > PERMITS) throw new Error(`${inUse} permits are in use, of ${PERMITS}`)
  }

  give(n: number): void {
    Atomics.sub(this.#words, this.#start + IN_USE, n)
    Atomics.store(this.#words, this.#of(this.#life), 0)
  }

  enter(): void {
    const before = Atomics.exchange(this.#words, this.#start + OWNER, this.#life + 1)
    if (before !== 0 && !this.#isDead(before - 1))
      throw new Error(`${before - 1} and ${this.#life} have the lock`)
  }

  leave(): void {
    Atomics.compareExchange(this.#words, this.#start + OWNER, this.#life + 1, 0)
  }

  told(): void {
    Atomics.add(this.#words, this.#start + TOLD, 1)
  }
}

/** What became of the permits in use, by the ledger. */
export function readLedger(words: Int32Array, at: number, lives: number): { left: number; told: number } {
  const start = at >> 2
  let left = words[start + IN_USE]!
  for (let life = 0; life < lives; life++) left -= words[start + HEAD + 2 * life]!
  return { left, told: words[start + TOLD]! }
}

interface Orders {
  readonly life: number
  readonly lives: number
  readonly ledger: number
  readonly steps: number
  readonly seed: number
  /** One of how many steps ends the thread; 0 = none. */
  readonly suicidal: number
}

const ENOUGH = 'enough'

/** Uses the store, in all ways; answers how often it got something, and how often it gave up. */
export const useStore = parallel(import.meta.url, async function useStore(store: Store, orders: Orders) {
  const { life, lives, steps, seed, suicidal } = orders
  const random = randomFrom(seed)
  const ledger = new Ledger(orders.ledger, life, lives)
  const { permits, lock } = store
  const result = { had: 0, gaveUp: 0, steps: 0 }

  const stumble = async (): Promise<void> => {
    if (suicidal > 0 && random(suicidal) === 0) process.exit(random(2))
    if (random(20) === 0) await runtime.gosched()
  }
  /** A signal that is aborted at some moment: at once, soon, later, or never. */
  const soon = (): { signal: AbortSignal } | undefined => {
    const moment = random(8)
    if (moment > 3) return undefined
    const controller = new AbortController()
    const abort = () => controller.abort(ENOUGH)
    if (moment === 0) abort()
    else if (moment === 1) queueMicrotask(abort)
    else if (moment === 2) void runtime.gosched().then(abort)
    else setTimeout(abort, random(3))
    return controller
  }
  /** Whether it got what it waited for. */
  const got = async (wait: Promise<void>): Promise<boolean> => {
    try {
      await wait
      result.had++
      return true
    } catch (error) {
      if (error instanceof HolderLost) ledger.told()
      else if (error === ENOUGH) result.gaveUp++
      else throw error
      return false
    }
  }

  const withPermits = async (): Promise<void> => {
    const line = random(2) === 0 ? MANY : ONE
    const n = line === ONE ? 1 : 1 + random(PERMITS)
    const has = random(6) === 0 ? permits.try(line, n) : await got(permits.wait(line, n, soon()))
    if (!has) return
    ledger.take(n)
    await stumble()
    ledger.give(n)
    store.giveBack(n)
  }
  const withLock = async (): Promise<void> => {
    if (!(await got(lock.wait(0, 0, soon())))) return
    ledger.enter()
    await stumble()
    ledger.leave()
    lock.release(state => {
      state[0] = state[1] = 0
    })
  }
  const nextRound = async (): Promise<void> => {
    // Somebody has to end the round: this goroutine itself, if all others wait for it too.
    let since = 0
    const next = permits.wait(
      NEXT_ROUND,
      (state: State) => {
        since = state[ROUND]
        return since
      },
      soon(),
    )
    const passed = got(next)
    store.giveBack(0)
    if (!(await passed)) return
    const now = permits.read(state => state[ROUND])
    if (now <= since)
      throw new Error(`round ${now} was begun, and it was ${since} when somebody began to wait`)
  }

  for (; result.steps < steps; result.steps++) {
    await stumble()
    await [withPermits, withLock, withPermits, nextRound][random(4)]!()
  }
  return result
})

/** Begins a round, and says so in a word. */
export const beginRound = parallel(import.meta.url, async function beginRound(store: Store, said: number) {
  store.giveBack(0)
  Atomics.store(currentThread().memory.i32, said >> 2, 1)
})
