import process from 'node:process'
import { parallel, runtime, type WaitOptions } from '@millrace/core'
import { currentThread } from '@millrace/kernel'
import type { Mutex, RWMutex, Semaphore, WaitGroup } from '@millrace/sync'
import { randomFrom } from '../laws/expect.js'
import { collect } from './collect.js'

// Goroutines that hold locks and may be killed with their thread at any moment. What they hold they note in shared memory, which
// outlives them. Whoever holds a place writes his number there; it may be taken over once the thread of that number is dead, and as
// locks are only given back then, whoever is let in finds a place, or somebody has been let in who should not have been.

export const PERMITS = 5
export const THREADS = 64

/** Words of the notes. */
export const MUTEX = 0
export const WRITER = 1
export const PERMIT = 2
/** Grows by 1 under the mutex, in two steps. */
export const COUNTER = PERMIT + PERMITS
/** How often somebody was told that an owner was lost. */
export const TOLD = COUNTER + 1
/** Everything that was done. */
export const STEPS = TOLD + 1
/** Readers of each thread, and of which of its lives. */
export const READING = STEPS + 1
export const READING_LIFE = READING + THREADS
/** How often each number knows that it made COUNTER grow; and the life of its thread. */
export const GROWN = READING_LIFE + THREADS
export const lifeWord = (lives: number): number => GROWN + lives
export const words = (lives: number): number => GROWN + 2 * lives

export interface Locks {
  readonly mutex: Mutex
  readonly rwMutex: RWMutex
  readonly semaphore: Semaphore
}

export interface Orders {
  /** Its number, from 1 on; and how many there are. */
  readonly me: number
  readonly lives: number
  readonly most: number
  readonly seed: number
  /** One of how many steps ends the thread; 0 = none. */
  readonly suicidal: number
}

async function stumble(random: (n: number) => number, suicidal: number): Promise<void> {
  if (suicidal > 0 && random(suicidal) === 0) process.exit(random(2))
  if (random(20) === 0) await runtime.gosched()
  else if (random(2) === 0) await undefined
}

const GAVE_UP = new Error('gave up')

export const useLocks = parallel(
  import.meta.url,
  async function useLocks({ mutex, rwMutex, semaphore }: Locks, notes: Int32Array, orders: Orders) {
    const { me, lives, most, seed, suicidal } = orders
    const random = randomFrom(seed)
    const thread = currentThread()
    const { kernel, id } = thread
    const life = thread.life()
    const isAlive = (word: number) => kernel.lifeIsAlive(Atomics.load(notes, word) >>> 0) !== 0
    Atomics.store(notes, lifeWord(lives) + me, life)
    if (Atomics.exchange(notes, READING_LIFE + id, life) >>> 0 !== life) Atomics.store(notes, READING + id, 0)

    const enter = (what: string, first: number, places: number, count: number): number[] => {
      const mine: number[] = []
      for (let tries = 0; mine.length < count; tries++) {
        if (tries === 100_000) throw new Error(`too many hold ${what}`)
        for (let place = first; place < first + places && mine.length < count; place++) {
          const seen = Atomics.load(notes, place)
          if (seen !== 0 && (seen === me || isAlive(lifeWord(lives) + seen))) continue
          if (Atomics.compareExchange(notes, place, seen, me) === seen) mine.push(place)
        }
      }
      return mine
    }
    const leave = (places: number[]): void => {
      for (const place of places) Atomics.store(notes, place, 0)
    }

    /** Waits, and now and then gives up; answers whether it has what it waited for. */
    const has = async (
      wait: (options?: WaitOptions) => Promise<void>,
      now: () => boolean,
    ): Promise<boolean> => {
      try {
        const way = random(8)
        if (way === 0) return now()
        if (way > 2) await wait()
        else {
          const controller = new AbortController()
          const waiting = wait(controller)
          waiting.catch(() => {})
          for (let i = random(5); i > 0; i--) await (random(3) === 0 ? runtime.gosched() : undefined)
          controller.abort(GAVE_UP)
          await waiting
        }
        return true
      } catch (error) {
        if (error === GAVE_UP) return false
        if ((error as { code?: string }).code !== 'ERR_OWNER_LOST') throw error
        Atomics.add(notes, TOLD, 1)
        return false
      }
    }

    const uses = [
      async () => {
        if (
          !(await has(
            options => mutex.lock(options),
            () => mutex.tryLock(),
          ))
        )
          return
        const places = enter('the mutex', MUTEX, 1, 1)
        const seen = notes[COUNTER]!
        await stumble(random, suicidal)
        notes[COUNTER] = seen + 1
        notes[GROWN + me]!++
        leave(places)
        mutex.unlock()
      },
      async () => {
        if (
          !(await has(
            options => rwMutex.lock(options),
            () => rwMutex.tryLock(),
          ))
        )
          return
        const places = enter('the RWMutex for writing', WRITER, 1, 1)
        for (let thread = 0; thread < THREADS; thread++) {
          if (Atomics.load(notes, READING + thread) > 0 && isAlive(READING_LIFE + thread))
            throw new Error('a reader beside a writer')
        }
        await stumble(random, suicidal)
        leave(places)
        rwMutex.unlock()
      },
      async () => {
        if (
          !(await has(
            options => rwMutex.rlock(options),
            () => rwMutex.tryRLock(),
          ))
        )
          return
        Atomics.add(notes, READING + id, 1)
        for (let look = 0; look < 2; look++) {
          const writer = Atomics.load(notes, WRITER)
          if (writer !== 0 && isAlive(lifeWord(lives) + writer)) throw new Error('a writer beside a reader')
          await stumble(random, suicidal)
        }
        Atomics.sub(notes, READING + id, 1)
        rwMutex.runlock()
      },
      async () => {
        const n = 1 + random(PERMITS)
        if (
          !(await has(
            options => semaphore.acquire(n, options),
            () => semaphore.tryAcquire(n),
          ))
        )
          return
        const places = enter('permits', PERMIT, PERMITS, n)
        await stumble(random, suicidal)
        leave(places)
        semaphore.release(n)
      },
    ]
    for (let step = 0; step < most; step++) {
      await stumble(random, suicidal)
      await uses[random(uses.length)]!()
      Atomics.add(notes, STEPS, 1)
    }
  },
)

/** Lets a group wait for goroutines of its own, and waits with it. */
export const useGroup = parallel(
  import.meta.url,
  async function useGroup(group: WaitGroup, seed: number, suicidal: number) {
    const random = randomFrom(seed)
    let running = 0
    for (let i = random(8); i >= 0; i--) {
      running++
      group.go(async () => {
        for (let steps = random(20); steps > 0; steps--) await stumble(random, suicidal)
        running--
      })
    }
    await stumble(random, suicidal)
    if (random(200) === 0) collect()
    await group.wait()
    if (running > 0) throw new Error(`the wait was over before ${running} goroutines were`)
  },
)
