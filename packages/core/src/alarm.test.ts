import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ManualClock } from '../fixtures/manual-clock.mjs'
import { Alarm } from './alarm.js'
import { type Clock, useClock } from './clock.js'

let clock: ManualClock
let before: Clock

beforeEach(() => {
  clock = new ManualClock()
  before = useClock(clock)
})
afterEach(() => {
  useClock(before)
})

const alarmed = (due: number, holds?: boolean) => {
  const state = { rang: [] as number[], alarm: new Alarm(() => state.rang.push(clock.now()), holds) }
  state.alarm.set(due)
  return state
}

describe('an alarm', () => {
  test('rings once, when its time has come', () => {
    const { rang } = alarmed(clock.time + 10)
    clock.advance(9.5)
    expect(rang).toEqual([])
    clock.advance(10)
    expect(rang).toEqual([1010])
    clock.advance(1e6)
    expect(rang).toEqual([1010])
  })

  test('never rings early, even if the host does', () => {
    clock.early = 3
    const { rang } = alarmed(clock.time + 10)
    clock.advance(1e3)
    expect(rang).toHaveLength(1)
    expect(rang[0]).toBeGreaterThanOrEqual(1010)
  })

  test('waits longer than a timer of the host can', () => {
    const year = 365 * 24 * 3600 * 1000
    const { rang } = alarmed(clock.time + year)
    clock.advance(year - 1)
    expect(rang).toEqual([])
    clock.advance(1)
    expect(rang).toEqual([1000 + year])
  })

  test('set to infinity, never rings, and keeps the process alive', () => {
    const { rang } = alarmed(Infinity)
    clock.advance(1e11)
    expect(rang).toEqual([])
    expect(clock.held).toBe(1)
  })

  test('can be cleared, and set again', () => {
    const { rang, alarm } = alarmed(clock.time + 10)
    alarm.clear()
    alarm.clear()
    clock.advance(20)
    expect(rang).toEqual([])
    alarm.set(clock.time + 5)
    alarm.set(clock.time + 7)
    clock.advance(20)
    expect(rang).toEqual([1027])
  })

  test('can be set again by its own ringing', () => {
    const rang: number[] = []
    const alarm = new Alarm(() => {
      rang.push(clock.now())
      if (rang.length < 3) alarm.set(clock.now() + 10)
    })
    alarm.set(clock.time)
    clock.advance(100)
    expect(rang).toEqual([1000, 1010, 1020])
  })

  test('keeps the process alive while it is set, unless told not to', () => {
    const first = alarmed(clock.time + 10)
    const second = alarmed(clock.time + 20, false)
    expect(clock.held).toBe(1)
    first.alarm.hold(false)
    expect(clock.held).toBe(0)
    second.alarm.hold(true)
    expect(clock.held).toBe(1)
    second.alarm.clear()
    expect(clock.held).toBe(0)
    first.alarm.hold(true)
    expect(clock.held).toBe(1)
    clock.advance(10)
    expect(first.rang).toHaveLength(1)
    expect(clock.held).toBe(0)
  })

  test('taken back before its time, costs the host nothing: the timer stays for the next', () => {
    for (let i = 0; i < 1000; i++) {
      const { alarm } = alarmed(clock.time + 1000)
      clock.block(1)
      alarm.clear()
    }
    expect(clock.timers).toHaveLength(1)
    expect(clock.held).toBe(0)
    clock.advance(1e6)
    expect(clock.timers).toHaveLength(0)
  })
})

test('alarms ring in the order of their times, and those of one time in the order they were set', () => {
  const rang: number[] = []
  const order = [30, 10, 20, 10, 30, 5]
  order.forEach((ms, i) => {
    new Alarm(() => rang.push(i)).set(clock.time + ms)
  })
  clock.advance(100)
  expect(rang).toEqual([5, 1, 3, 2, 0, 4])
})

test('any number of alarms, set and cleared in any order, ring as a sorted list would', () => {
  let seed = 7
  const random = (n: number) => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31
    return seed % n
  }
  const rang: number[] = []
  const alarms = Array.from({ length: 200 }, (_, i) => new Alarm(() => rang.push(i)))
  const model = new Map<number, [due: number, turn: number]>()
  let turn = 0
  for (let step = 0; step < 5000; step++) {
    const i = random(alarms.length)
    if (random(3) === 0) {
      alarms[i].clear()
      model.delete(i)
    } else {
      const due = clock.time + random(500)
      alarms[i].set(due)
      model.set(i, [due, turn++])
    }
    if (random(20) === 0) {
      clock.advance(random(50))
      const due = [...model].filter(([, [at]]) => at <= clock.time)
      due.sort(([, a], [, b]) => a[0] - b[0] || a[1] - b[1])
      expect(rang).toEqual(due.map(([i]) => i))
      for (const [i] of due) model.delete(i)
      rang.length = 0
    }
  }
})
