import { expect, test } from 'vitest'
import { done, hasTime, spendLooks } from './budget.js'

test('looks before parking use the turn up, and the next turn gives time again', async () => {
  for (let looks = 0; looks < 16 * 1024; looks += 512) {
    expect(hasTime()).toBe(true)
    spendLooks(512)
  }
  expect(hasTime()).toBe(false)
  await done()
  expect(hasTime()).toBe(true)
})
