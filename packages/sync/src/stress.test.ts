// Pool threads load the compiled packages, so the test has to as well.
import { describe, expect, test } from 'vitest'
import { Barrier, Mutex, RWMutex, Semaphore, WaitGroup } from '../dist/index.js'
import { worlds } from '../fixtures/worlds.mjs'

// Seeded: a failure names its seed, and comes again with it.

/** Mulberry32. */
function random(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

const SEEDS = worlds.flatMap(world => Array.from({ length: 8 }, (_, i) => ({ ...world, seed: i + 1 })))
const GOROUTINES = 16
const ROUNDS = 200

/** Lets others run: microtasks a random number of times, now and then the event loop. */
async function pause(below: (n: number) => number): Promise<void> {
  if (below(50) === 0) return new Promise(resolve => setImmediate(resolve))
  for (let i = below(4); i > 0; i--) await undefined
}

/** Waits, and gives up half of the time: already aborted, soon, or when it may be too late. Answers whether it was served. */
async function maybe(
  below: (n: number) => number,
  wait: (o?: { signal: AbortSignal }) => Promise<unknown>,
): Promise<boolean> {
  const choice = below(8)
  if (choice > 3) {
    await wait()
    return true
  }
  const controller = new AbortController()
  const reason = {}
  if (choice === 0) controller.abort(reason)
  const waiting = wait(controller).then(
    () => true,
    error => {
      expect(error).toBe(reason)
      return false
    },
  )
  await pause(below)
  controller.abort(reason)
  return waiting
}

describe.each(SEEDS)('$name, with seed $seed', ({ make, seed }) => {
  test('a Mutex keeps all others out of read, await, write', async () => {
    const below = random(seed)
    const mutex = await make(Mutex)
    let counter = 0
    let served = 0
    const worker = async () => {
      for (let i = 0; i < ROUNDS; i++) {
        if (below(10) === 0) {
          if (!mutex.tryLock()) continue
        } else if (!(await maybe(below, o => mutex.lock(o)))) continue
        served++
        const read = counter
        await pause(below)
        counter = read + 1
        mutex.unlock()
      }
    }
    await Promise.all(Array.from({ length: GOROUTINES }, worker))
    expect(counter).toBe(served)
    expect(mutex.locked).toBe(false)
  })

  test('an RWMutex keeps writers alone and readers together', async () => {
    const below = random(seed)
    const mutex = await make(RWMutex)
    let readers = 0
    let writers = 0
    let together = 0
    const worker = async () => {
      for (let i = 0; i < ROUNDS; i++) {
        if (below(4) === 0) {
          if (!(below(5) === 0 ? mutex.tryLock() : await maybe(below, o => mutex.lock(o)))) continue
          expect({ readers, writers: writers++ }).toEqual({ readers: 0, writers: 0 })
          await pause(below)
          writers--
          mutex.unlock()
        } else {
          if (!(below(5) === 0 ? mutex.tryRLock() : await maybe(below, o => mutex.rlock(o)))) continue
          expect(writers).toBe(0)
          together = Math.max(together, ++readers)
          await pause(below)
          readers--
          mutex.runlock()
        }
      }
    }
    await Promise.all(Array.from({ length: GOROUTINES }, worker))
    expect(together).toBeGreaterThan(1)
    expect(mutex.tryLock()).toBe(true)
  })

  test('a Semaphore neither loses nor invents permits', async () => {
    const below = random(seed)
    const size = 1 + below(7)
    const semaphore = await make(Semaphore, size)
    let held = 0
    const worker = async () => {
      for (let i = 0; i < ROUNDS; i++) {
        const n = below(size + 1)
        if (!(below(5) === 0 ? semaphore.tryAcquire(n) : await maybe(below, o => semaphore.acquire(n, o))))
          continue
        held += n
        expect(held).toBeLessThanOrEqual(size)
        await pause(below)
        held -= n
        semaphore.release(n)
      }
    }
    await Promise.all(Array.from({ length: GOROUTINES }, worker))
    expect(semaphore.available).toBe(size)
    expect(semaphore.tryAcquire(size)).toBe(true)
  })

  test('a WaitGroup releases all who wait, and not before', async () => {
    const below = random(seed)
    const group = await make(WaitGroup)
    for (let round = 0; round < 20; round++) {
      let running = 0
      for (let i = below(GOROUTINES); i >= 0; i--) {
        running++
        group.go(async () => {
          await pause(below)
          running--
        })
      }
      const waits = Array.from({ length: GOROUTINES }, async () => {
        if (await maybe(below, o => group.wait(o))) expect(running).toBe(0)
      })
      await Promise.all(waits)
      await group.wait()
      expect(group.count).toBe(0)
    }
  })

  test('a Barrier lets no party into the next round before all have finished this one', async () => {
    const below = random(seed)
    const barrier = await make(Barrier, GOROUTINES)
    const arrived = new Array<number>(GOROUTINES).fill(0)
    const worker = async (_: unknown, me: number) => {
      for (let round = 1; round <= 50; round++) {
        await pause(below)
        arrived[me] = round
        await barrier.wait()
        expect(Math.min(...arrived)).toBeGreaterThanOrEqual(round)
        expect(Math.max(...arrived)).toBeLessThanOrEqual(round + 1)
      }
    }
    await Promise.all(Array.from({ length: GOROUTINES }, worker))
    expect(barrier.waiting).toBe(0)
  })
})
