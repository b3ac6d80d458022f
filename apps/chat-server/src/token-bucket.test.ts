import { expect, it } from 'vitest'
import { TokenBucket } from './token-bucket.js'

it('gives the burst at once, then its rate', () => {
  let now = 0
  const bucket = new TokenBucket(10, 3, () => now)
  const take = (times: number): number =>
    Array.from({ length: times }, () => bucket.tryTake()).filter(Boolean).length
  expect(take(10)).toBe(3)
  expect(bucket.waitMs).toBe(100)
  now = 99
  expect(take(1)).toBe(0)
  now = 100
  expect(take(5)).toBe(1)
  now = 10_000
  expect(take(10)).toBe(3)
})
