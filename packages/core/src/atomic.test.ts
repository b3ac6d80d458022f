import { expect, test } from 'vitest'
// Pool threads load the compiled package, so the test has to as well.
import { AtomicBool, AtomicInt32, AtomicInt64, AtomicUint32, Counter, go } from '../dist/index.js'
import { count, same } from '../fixtures/counting.mjs'

test('add answers the new number and wraps around, the others answer the old one', () => {
  const n = new AtomicInt32(2 ** 31 - 1)
  expect(n.add(1)).toBe(-(2 ** 31))
  expect(n.swap(6)).toBe(-(2 ** 31))
  expect(n.and(3)).toBe(6)
  expect(n.or(8)).toBe(2)
  expect(n.load()).toBe(10)
  expect(n.compareAndSwap(9, 1)).toBe(false)
  expect(n.compareAndSwap(10, 1)).toBe(true)
  expect(n.load()).toBe(1)

  const u = new AtomicUint32()
  expect(u.add(-1)).toBe(2 ** 32 - 1)
  expect(u.compareAndSwap(-1, 5)).toBe(true)

  const big = new AtomicInt64(2n ** 63n - 1n)
  expect(big.add(1n)).toBe(-(2n ** 63n))
  expect(big.compareAndSwap(2n ** 63n, 0n)).toBe(true)

  const flag = new AtomicBool()
  expect(flag.swap(true)).toBe(false)
  expect(flag.compareAndSwap(true, false)).toBe(true)
  expect(flag.load()).toBe(false)
})

test('add answers what is stored, whatever was added', () => {
  for (const delta of [0.5, -0.5, 1.7, -1.7, 2 ** 32 + 3, 2 ** 53, Number.NaN, '5' as unknown as number]) {
    for (const start of [0, -1, 7]) {
      const [n, u] = [new AtomicInt32(start), new AtomicUint32(start)]
      expect(n.add(delta)).toBe(n.load())
      expect(u.add(delta)).toBe(u.load())
    }
  }
})

test('a boolean is true for whatever is truthy, and has and/or as the numbers have', () => {
  const flag = new AtomicBool(5 as unknown as boolean)
  expect(flag.load()).toBe(true)
  flag.store('' as unknown as boolean)
  expect(flag.swap('yes' as unknown as boolean)).toBe(false)
  expect(flag.compareAndSwap(true, false)).toBe(true)
  expect(flag.or(true)).toBe(false)
  expect(flag.and(true)).toBe(true)
  expect(flag.and(false)).toBe(true)
  expect(flag.or(false)).toBe(false)
  expect(flag.load()).toBe(false)
})

test('numbers that cross keep their value and are counted by many threads at once', async () => {
  const cells = {
    int32: new AtomicInt32(5),
    uint32: new AtomicUint32(0),
    int64: new AtomicInt64(2n ** 40n),
    counter: new Counter(),
    flag: new AtomicBool(),
  }
  cells.counter.add(7)
  const times = 20_000
  await Promise.all(Array.from({ length: 4 }, () => go(count, cells, times)))
  expect(cells.int32.load()).toBe(5 + 4 * times)
  expect(cells.uint32.load()).toBe(2 ** 32 - 4 * times)
  expect(cells.int64.load()).toBe(2n ** 40n + BigInt(4 * times))
  expect(cells.counter.sum()).toBe(7 + 4 * times)
  expect(cells.flag.load()).toBe(true)
})

test('the same number arriving twice is one', async () => {
  const n = new AtomicInt32()
  expect(await go(same, n, n)).toBe(true)
})
