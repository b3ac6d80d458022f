// Pool threads load the compiled packages, so the test has to as well.
import { describe, expect, test } from 'vitest'
import { Once, onceFunc, onceValue } from '../dist/index.js'
import { worlds } from '../fixtures/worlds.mjs'

/** Lets everything happen that can happen by itself. */
const turn = async () => {
  for (let i = 0; i < 4; i++) await new Promise(resolve => setImmediate(resolve))
}

describe.each(worlds)('Once, $name', ({ make }) => {
  test('calls the function of the first call only, at once', async () => {
    const once = await make(Once)
    const calls: string[] = []
    const first = once.do(() => calls.push('first'))
    expect(calls).toEqual(['first'])
    await Promise.all([first, once.do(() => calls.push('second'))])
    await once.do(() => calls.push('third'))
    expect(calls).toEqual(['first'])
    expect(once.done).toBe(true)
  })

  test('lets others wait until the call has ended', async () => {
    const once = await make(Once)
    const order: string[] = []
    const first = once.do(async () => {
      await turn()
      order.push('call')
    })
    const others = [0, 1].map(i => once.do(() => {}).then(() => order.push(`other ${i}`)))
    expect(once.done).toBe(false)
    await Promise.all([first, ...others])
    expect(order).toEqual(['call', 'other 0', 'other 1'])
  })

  test('an error reaches the first call alone; the others find it done', async () => {
    const once = await make(Once)
    const error = new Error('once')
    const first = once.do(async () => {
      await turn()
      throw error
    })
    const second = once.do(() => {})
    await expect(first).rejects.toBe(error)
    await second
    expect(once.done).toBe(true)
    await once.do(() => {
      throw new Error('must not be called')
    })
  })

  test('a function that throws at once counts as done, too', async () => {
    const once = await make(Once)
    const error = new Error('once')
    await expect(
      once.do(() => {
        throw error
      }),
    ).rejects.toBe(error)
    expect(once.done).toBe(true)
  })

  test('called from inside its function it waits for ever', async () => {
    const once = await make(Once)
    const controller = new AbortController()
    const outer = once.do(() => once.do(() => {}, controller))
    await turn()
    expect(once.done).toBe(false)
    controller.abort('deadlock')
    await expect(outer).rejects.toBe('deadlock')
  })
})

describe('onceValue', () => {
  test('gives every caller the value of the one call', async () => {
    let calls = 0
    const value = onceValue(async () => {
      await turn()
      return { call: ++calls }
    })
    const [a, b] = await Promise.all([value(), value()])
    expect(a).toEqual({ call: 1 })
    expect(b).toBe(a)
    expect(await value()).toBe(a)
  })

  test('throws the same error to every caller', async () => {
    let calls = 0
    const value = onceValue(() => {
      throw new Error(`call ${++calls}`)
    })
    const errors = (await Promise.allSettled([value(), value(), value()])).map(
      o => (o as PromiseRejectedResult).reason,
    )
    expect(errors[0].message).toBe('call 1')
    expect(new Set(errors).size).toBe(1)
    await expect(value()).rejects.toBe(errors[0])
  })

  test('keeps an error that is undefined', async () => {
    const value = onceValue(() => Promise.reject(undefined))
    await expect(value()).rejects.toBe(undefined)
    await expect(value()).rejects.toBe(undefined)
  })

  test('a caller that gives up does not disturb the call', async () => {
    let end = (_: number) => {}
    const value = onceValue(
      () =>
        new Promise<number>(resolve => {
          end = resolve
        }),
    )
    const first = value()
    const controller = new AbortController()
    const second = value(controller)
    controller.abort('enough')
    await expect(second).rejects.toBe('enough')
    end(1)
    expect(await first).toBe(1)
    expect(await value()).toBe(1)
  })
})

describe('onceFunc', () => {
  test('calls its function once, and answers nothing', async () => {
    let calls = 0
    const fn = onceFunc(() => ++calls)
    expect(await Promise.all([fn(), fn()])).toEqual([undefined, undefined])
    await fn()
    expect(calls).toBe(1)
  })

  test('throws the same error to every caller', async () => {
    const error = new Error('once')
    const fn = onceFunc(() => {
      throw error
    })
    await expect(fn()).rejects.toBe(error)
    await expect(fn()).rejects.toBe(error)
  })
})
