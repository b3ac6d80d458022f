import { expect, test } from 'vitest'
import { PATIENCE_MS, type Scenario } from './scenario.js'
import { findCount, fittingCount, fullCount, mayVary, trialCount } from './sizes.js'

const scenario: Scenario = { what: 'one', unit: 'ns', count: 1_000_000, base: 'go', threads: 1 }

test('what is fast does all, what is slow a part that there is patience for', () => {
  expect(fittingCount(scenario, 1_000_000, PATIENCE_MS, false)).toBe(1_000_000)
  expect(fittingCount(scenario, 1_000_000, PATIENCE_MS * 1.5, false)).toBe(500_000)
  expect(fittingCount(scenario, 1_000_000, PATIENCE_MS * 15, false)).toBe(50_000)
  expect(fittingCount(scenario, 1_000_000, PATIENCE_MS * 1e6, false)).toBe(1000)
})

test('a scenario may have more patience of its own', () => {
  const patient = { ...scenario, patienceMs: PATIENCE_MS * 10 }
  expect(fittingCount(patient, 1_000_000, PATIENCE_MS * 10, false)).toBe(1_000_000)
})

test('nothing is tried or done fewer times than ten, or than it is asked for', () => {
  expect(trialCount(1_000_000)).toBe(10_000)
  expect(trialCount(100)).toBe(10)
  expect(trialCount(3)).toBe(3)
  expect(fittingCount(scenario, 100, 1e12, false)).toBe(10)
})

test('a quick run does a tenth, but once what is done once', () => {
  expect(fullCount(scenario, false)).toBe(1_000_000)
  expect(fullCount(scenario, true)).toBe(100_000)
  expect(fullCount({ ...scenario, unit: 'ms', count: 5 }, true)).toBe(1)
  expect(fullCount({ ...scenario, once: true, count: 5 }, true)).toBe(5)
  expect(mayVary(scenario)).toBe(true)
  expect(mayVary({ ...scenario, isSize: true })).toBe(false)
  expect(mayVary({ ...scenario, unit: 'bytes' })).toBe(false)
})

test('what seems slow until it is compiled is tried again, as far as that goes', async () => {
  const tried: number[] = []
  // 10 ms to be compiled, then as many ns each as there is patience for a million.
  const cold = async (count: number) => {
    tried.push(count)
    return PATIENCE_MS / 4 + (PATIENCE_MS * 1e5) / count
  }
  expect(await findCount(scenario, 1_000_000, false, cold)).toBe(1_000_000)
  expect(tried.length).toBeGreaterThan(1)

  tried.length = 0
  const slow = async (count: number) => {
    tried.push(count)
    return PATIENCE_MS * 15
  }
  expect(await findCount(scenario, 1_000_000, false, slow)).toBe(50_000)
  expect(tried).toEqual([10_000, 50_000, 50_000])
})

test('one slow trial is not believed, two are', async () => {
  const trials =
    (...slow: boolean[]) =>
    async () =>
      PATIENCE_MS * (slow.shift() ? 1e6 : 1)
  expect(await findCount(scenario, 1_000_000, false, trials(true))).toBe(1_000_000)
  expect(await findCount(scenario, 1_000_000, false, trials(true, true))).toBe(1000)
})
