import { background, cause, go, runtime } from '@millrace/core'
import { WaitGroup } from '@millrace/sync'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { Group } from './index.js'
// @ts-expect-error plain JavaScript
import { square } from './parallel-fixture.mjs'

afterEach(() => expect(runtime.numGoroutine(), 'goroutines that are left').toBe(1))
afterAll(() => runtime.shutdown())

describe('with a parallel function', () => {
  test('a Group runs it on the pool, within its limit', async () => {
    const group = new Group()
    group.setLimit(2)
    const results: unknown[] = []
    for (let n = 0; n < 8; n++) await group.go(async () => results.push(await go(square, n)))
    for (let n = 0; n < 8; n++) await group.go(square, n)
    await group.wait()
    expect(results).toHaveLength(8)
    expect(results).toContainEqual({ result: 49, isMainThread: false })
  })

  test('its error is the error of the group, and the cause of its context', async () => {
    const [group, ctx] = Group.withContext(background())
    await group.go(square, 1)
    await group.go(square, 13)
    await expect(group.wait()).rejects.toThrow(new RangeError('thirteen'))
    expect(cause(ctx)).toBeInstanceOf(RangeError)
  })

  test('a WaitGroup counts it', async () => {
    const group = new WaitGroup()
    group.go(square, 3)
    expect(group.count).toBe(1)
    await group.wait()
    expect(group.count).toBe(0)
  })
})
