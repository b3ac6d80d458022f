// Pool threads load the compiled packages, so the test has to as well.
import { describe, expect, test } from 'vitest'
import { Semaphore, SyncMisuseError } from '../dist/index.js'
import { worlds } from '../fixtures/worlds.mjs'

/** Lets everything happen that can happen by itself. */
const turn = async () => {
  for (let i = 0; i < 4; i++) await new Promise(resolve => setImmediate(resolve))
}

describe.each(worlds)('Semaphore, $name', ({ make }) => {
  test('has so many permits, acquired and released in any number', async () => {
    const semaphore = await make(Semaphore, 5)
    await semaphore.acquire(3)
    expect(semaphore.available).toBe(2)
    await semaphore.acquire()
    expect(semaphore.available).toBe(1)
    expect(semaphore.tryAcquire(2)).toBe(false)
    expect(semaphore.tryAcquire()).toBe(true)
    semaphore.release(5)
    expect(semaphore.available).toBe(5)
  })

  test('a large request at the head holds back small ones that would fit', async () => {
    const semaphore = await make(Semaphore, 5)
    await semaphore.acquire(3)
    const order: string[] = []
    const waits = [
      semaphore.acquire(4).then(() => order.push('large')),
      semaphore.acquire(1).then(() => order.push('small')),
    ]
    await turn()
    expect(order).toEqual([])
    expect(semaphore.available).toBe(2)
    expect(semaphore.tryAcquire(1)).toBe(false)
    semaphore.release(3)
    await Promise.all(waits)
    expect(order).toEqual(['large', 'small'])
    expect(semaphore.available).toBe(0)
  })

  test('a release serves as many as it can, in order', async () => {
    const semaphore = await make(Semaphore, 4)
    await semaphore.acquire(4)
    const order: number[] = []
    const waits = [2, 1, 3, 1].map((n, i) => semaphore.acquire(n).then(() => order.push(i)))
    semaphore.release(4)
    await turn()
    expect(order).toEqual([0, 1])
    expect(semaphore.available).toBe(1)
    semaphore.release(3)
    await Promise.all(waits)
    expect(order).toEqual([0, 1, 2, 3])
  })

  test('those behind a cancelled head go on in the same call', async () => {
    const semaphore = await make(Semaphore, 3)
    await semaphore.acquire(1)
    const controller = new AbortController()
    const large = semaphore.acquire(3, controller)
    const small = semaphore.acquire(2)
    controller.abort('enough')
    expect(semaphore.available).toBe(0)
    await expect(large).rejects.toBe('enough')
    await small
  })

  test('more than there are in all is a RangeError at once, and disturbs nobody', async () => {
    const semaphore = await make(Semaphore, 2)
    await expect(semaphore.acquire(3)).rejects.toThrow(
      new RangeError('semaphore: cannot acquire 3 permits of 2'),
    )
    expect(semaphore.tryAcquire(3)).toBe(false)
    await semaphore.acquire(2)
  })

  test('refuses a number of permits that is none', async () => {
    for (const n of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => new Semaphore(n)).toThrow(RangeError)
      const semaphore = await make(Semaphore, 2)
      await expect(semaphore.acquire(n)).rejects.toThrow(RangeError)
      expect(() => semaphore.tryAcquire(n)).toThrow(RangeError)
      expect(() => semaphore.release(n)).toThrow(RangeError)
      expect(semaphore.available).toBe(2)
    }
  })

  test('says so when more is released than was acquired, and releases nothing', async () => {
    const semaphore = await make(Semaphore, 2)
    expect(() => semaphore.release()).toThrow(new SyncMisuseError('semaphore: released more than held'))
    await semaphore.acquire()
    expect(() => semaphore.release(2)).toThrow(SyncMisuseError)
    expect(semaphore.available).toBe(1)
  })

  test('none permits are had at once, unless somebody waits', async () => {
    const semaphore = await make(Semaphore, 1)
    await semaphore.acquire(0)
    await semaphore.acquire(1)
    await semaphore.acquire(0)
    const order: string[] = []
    const waits = [
      semaphore.acquire(1).then(() => order.push('one')),
      semaphore.acquire(0).then(() => order.push('none')),
    ]
    await turn()
    expect(order).toEqual([])
    semaphore.release()
    await Promise.all(waits)
    expect(order).toEqual(['one', 'none'])
  })

  test('withPermits releases them, also after an error', async () => {
    const semaphore = await make(Semaphore, 3)
    expect(await semaphore.withPermits(2, () => semaphore.available)).toBe(1)
    const error = new Error('inside')
    await expect(
      semaphore.withPermits(3, async () => {
        throw error
      }),
    ).rejects.toBe(error)
    expect(semaphore.available).toBe(3)
  })
})
