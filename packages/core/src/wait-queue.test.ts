import { afterEach, describe, expect, test } from 'vitest'
import { collect } from '../fixtures/collect.mjs'
import { NOTHING, parkedGoroutines, SingleWaiter, type Waiter, WaitQueue } from './wait-queue.js'

const waiter = (value: unknown = undefined): Waiter => new SingleWaiter(value, NOTHING, () => {}, undefined)

function inOrder(queue: WaitQueue): Waiter[] {
  const all: Waiter[] = []
  for (let one = queue.first; one; one = queue.after(one)) all.push(one)
  return all
}

/** Mulberry32: numbers below `n` that depend on the seed alone. */
function randomBelow(seed: number): (n: number) => number {
  let state = seed
  return n => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % n
  }
}

afterEach(() => expect(parkedGoroutines.count).toBe(0))

describe('WaitQueue', () => {
  // Around the sizes of its array; with gaps in all places. `MILLRACE_SEED=<seed>` does one again.
  for (const most of [1, 2, 5, 6, 9, 65, 66, 300]) {
    const seed = Number(process.env.MILLRACE_SEED ?? (Math.random() * 2 ** 32) | 0)
    test(`is first come, first served, whoever leaves (${most} at most, seed ${seed})`, () => {
      const random = randomBelow(seed)
      const queue = new WaitQueue(() => {})
      const model: Waiter[] = []
      for (let step = 0; step < 3000; step++) {
        const what = random(10)
        // Runs of joining and of leaving, so that it is full and empty at different places.
        const joins = step % 600 < 400 ? what < 6 : what < 4
        if (joins && model.length < most) {
          const one = waiter(step)
          if (what === 0) model.unshift(one)
          else model.push(one)
          if (what === 0) queue.unshift(one)
          else queue.push(one)
        } else if (!joins && model.length > 0) {
          if (what < 8) expect(queue.shift()).toBe(model.shift())
          else queue.unlink(model.splice(random(model.length), 1)[0])
        }
        expect(queue.first).toBe(model[0])
        if (step % 7 === 0) expect(inOrder(queue)).toEqual(model)
      }
      while (model.length > 0) expect(queue.shift()).toBe(model.shift())
      expect(queue.first).toBe(undefined)
      expect(queue.shift()).toBe(undefined)
    })
  }

  test('takes no more room, however many come and go behind those who stay', () => {
    const queue = new WaitQueue(() => {})
    const stay = [waiter(), waiter()]
    for (const one of stay) queue.push(one)
    let last = waiter()
    queue.push(last)
    // Each before the one ahead of it leaves: a gap every time.
    for (let i = 0; i < 100_000; i++) {
      const next = waiter()
      queue.push(next)
      queue.unlink(last)
      last = next
    }
    expect(inOrder(queue)).toEqual([...stay, last])
    expect(last.place).toBeLessThan(16)
    // The other way round there is not even a gap.
    queue.unlink(last)
    const places = [waiter(), waiter()].map(one => {
      queue.push(one)
      queue.unlink(one)
      return one.place
    })
    expect(places[1]).toBe(places[0])
    while (queue.shift()) {}
  })

  test('gives its room back, and goes on', () => {
    const queue = new WaitQueue(() => {})
    for (let round = 0; round < 3; round++) {
      const all = Array.from({ length: 1000 }, () => waiter(round))
      for (const one of all) queue.push(one)
      expect(inOrder(queue)).toEqual(all)
      for (const one of all.slice(0, 997)) expect(queue.shift()).toBe(one)
      // Few need few places.
      expect(Math.max(...inOrder(queue).map(({ place }) => place))).toBeLessThan(64)
      expect(inOrder(queue)).toEqual(all.slice(997))
      while (queue.shift()) {}
    }
  })

  test.each(['oldest', 'newest'])('who leaves may be the %s of all but the first and the last', which => {
    const queue = new WaitQueue(() => {})
    const all = Array.from({ length: 200 }, () => waiter())
    for (const one of all) queue.push(one)
    const leaving = all.slice(1, -1)
    if (which === 'newest') leaving.reverse()
    for (const one of leaving) {
      queue.unlink(one)
      all.splice(all.indexOf(one), 1)
      expect(inOrder(queue)).toEqual(all)
    }
    while (queue.shift()) {}
  })

  test('nobody stands behind one who has left', () => {
    const queue = new WaitQueue(() => {})
    const [first, second, third] = [waiter(), waiter(), waiter()]
    for (const one of [first, second, third]) queue.push(one)
    queue.unlink(second)
    expect(queue.after(second)).toBe(undefined)
    expect(queue.after(first)).toBe(third)
    queue.shift()
    expect(queue.after(first)).toBe(undefined)
    queue.shift()
  })

  test.each([30, 150])('keeps nobody of %i who has been served or has left', async count => {
    const queue = new WaitQueue(() => {})
    const refs: WeakRef<Waiter>[] = []
    const fill = (): void => {
      const all = Array.from({ length: count }, () => waiter())
      for (const one of all) {
        refs.push(new WeakRef(one))
        queue.push(one)
      }
      for (let i = 0; i < 10; i++) queue.shift()
      for (const one of all.slice(15, -5)) queue.unlink(one)
    }
    fill()
    await new Promise(resolve => setTimeout(resolve, 1))
    collect()
    expect(refs.filter(ref => ref.deref() !== undefined)).toHaveLength(10)
    while (queue.shift()) {}
  })
})
