import { afterEach, expect, test, vi } from 'vitest'
import { done, hasTime, spendLooks } from './budget.js'

afterEach(() => void vi.restoreAllMocks())

const OPERATIONS = 1024
const LOOKS_IN_ALL = 16 * OPERATIONS

/** How many looks there is time for. */
function looksUntilTurn(afterEachLook = (): void => {}): number {
  let looks = 0
  for (; hasTime(); looks += 512) {
    spendLooks(512)
    afterEachLook()
  }
  return looks
}

/** Lets the event loop have a turn. */
async function turn(): Promise<void> {
  looksUntilTurn()
  await done()
}

/** A clock that goes only when it is told to. */
function stopClock(): (ms: number) => void {
  let now = performance.now()
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  return ms => {
    now += ms
  }
}

test('looks before parking use the turn up, and the next turn gives time again', async () => {
  const pass = stopClock()
  await turn()
  expect(hasTime()).toBe(true)
  expect(looksUntilTurn(() => pass(1))).toBe(LOOKS_IN_ALL)
  expect(hasTime()).toBe(false)
  await done()
  expect(hasTime()).toBe(true)
})

test('what takes less than a millisecond needs no turn yet', async () => {
  const pass = stopClock()
  await turn()
  // At each multiple of OPERATIONS the clock is looked at: 0.4, 0.8 and 1.2 ms.
  expect(looksUntilTurn(() => pass(0.4 / 32))).toBe(3 * LOOKS_IN_ALL)
})

test('the event loop has a turn also where the clock stands still', async () => {
  stopClock()
  await turn()
  expect(looksUntilTurn()).toBe(4 * LOOKS_IN_ALL)
  expect(hasTime()).toBe(false)
})
