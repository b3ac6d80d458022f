import { getEventListeners } from 'node:events'
import { background, Canceled, type Context, withCancelCause } from '@millrace/core'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { checkLeaks, isPending, onManualClock, turn } from '../fixtures/testing.js'
import { RetryError, type RetryOptions, retry } from './index.js'

checkLeaks()

const boom = (attempt: number): never => {
  throw new Error(`attempt ${attempt}`)
}

/** What it waits between the attempts. */
async function waits(options: RetryOptions): Promise<number[]> {
  const all: number[] = []
  await expect(retry(boom, { ...options, onRetry: (_, __, waitMs) => all.push(waitMs) })).rejects.toThrow(
    RetryError,
  )
  return all
}

describe('retry', () => {
  test('answers the first result', async () => {
    expect(await retry(() => 7)).toBe(7)
    expect(await retry(async attempt => attempt)).toBe(1)
  })

  test('tries again after an error, and counts the attempts from 1', async () => {
    const attempts: number[] = []
    const result = await retry(
      attempt => {
        attempts.push(attempt)
        return attempt < 3 ? boom(attempt) : 'done'
      },
      { initialMs: 0 },
    )
    expect(result).toBe('done')
    expect(attempts).toEqual([1, 2, 3])
  })

  test('gives up after so many retries; the cause is the last error', async () => {
    const failed = retry(boom, { retries: 2, initialMs: 0 })
    await expect(failed).rejects.toThrow(RetryError)
    await expect(failed).rejects.toThrow(/^retry: gave up after 3 attempts: attempt 3$/)
    await expect(failed).rejects.toMatchObject({
      code: 'ERR_RETRY',
      attempts: 3,
      cause: expect.objectContaining({ message: 'attempt 3' }),
    })
    await expect(retry(boom, { retries: 0 })).rejects.toMatchObject({ attempts: 1 })
  })

  test('retryIf false throws the error as it is', async () => {
    const error = new Error('for good')
    let calls = 0
    const failed = retry(
      () => {
        calls++
        throw error
      },
      { retryIf: e => e !== error },
    )
    await expect(failed).rejects.toBe(error)
    expect(calls).toBe(1)
  })

  test('retryIf with a number waits so long', async () => {
    expect(await waits({ retries: 2, initialMs: 1e6, retryIf: () => 1 })).toEqual([1, 1])
  })

  test('without jitter, waits longer each time, up to the maximum', async () => {
    expect(await waits({ retries: 5, jitter: 'none', initialMs: 1, factor: 2, maxMs: 5 })).toEqual([
      1, 2, 4, 5, 5,
    ])
  })

  test('with full jitter, waits up to that', async () => {
    const most = [1, 2, 4, 5, 5]
    const all = await waits({ retries: 5, initialMs: 1, factor: 2, maxMs: 5 })
    expect(all).toHaveLength(5)
    for (const [i, ms] of all.entries()) {
      expect(ms).toBeGreaterThanOrEqual(0)
      expect(ms).toBeLessThanOrEqual(most[i]!)
    }
    expect(new Set(all).size).toBeGreaterThan(1)
  })

  test('with decorrelated jitter, waits between the initial wait and three times the last one', async () => {
    const all = await waits({ retries: 8, jitter: 'decorrelated', initialMs: 1, maxMs: 4 })
    let last = 1
    for (const ms of all) {
      expect(ms).toBeGreaterThanOrEqual(1)
      expect(ms).toBeLessThanOrEqual(Math.min(4, last * 3))
      last = ms
    }
  })

  test('gives up rather than begin an attempt too late', async () => {
    const failed = retry(boom, { jitter: 'none', initialMs: 1000, maxElapsedMs: 500 })
    await expect(failed).rejects.toMatchObject({ attempts: 1 })
  })

  test('tells before each wait', async () => {
    const log: unknown[] = []
    await retry(attempt => (attempt < 3 ? boom(attempt) : 0), {
      jitter: 'none',
      initialMs: 1,
      onRetry: (error, attempt, waitMs) => log.push([(error as Error).message, attempt, waitMs]),
    })
    expect(log).toEqual([
      ['attempt 1', 1, 1],
      ['attempt 2', 2, 2],
    ])
  })

  test('already aborted, does not call the function', async () => {
    const reason = new Error('before')
    let calls = 0
    await expect(retry(() => calls++, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(calls).toBe(0)
  })

  test('aborted while the function runs, rejects at once, and the function is told', async () => {
    const controller = new AbortController()
    const reason = new Error('meanwhile')
    let ctx: Context | undefined
    let end = () => {}
    const failed = retry(
      (_, own) => {
        ctx = own
        return new Promise<void>(resolve => {
          end = resolve
        })
      },
      { signal: controller.signal },
    )
    await turn()
    controller.abort(reason)
    expect(ctx!.err()).toBeInstanceOf(Canceled)
    await expect(failed).rejects.toBe(reason)
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
    end()
  })

  test('aborted while it waits, rejects at once', async () => {
    const controller = new AbortController()
    const reason = new Error('meanwhile')
    const failed = retry(boom, {
      initialMs: 1e6,
      maxMs: 1e6,
      jitter: 'none',
      signal: controller.signal,
      onRetry: () => queueMicrotask(() => controller.abort(reason)),
    })
    await expect(failed).rejects.toBe(reason)
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
  })

  test('a function that fails because of the abort is not tried again', async () => {
    const controller = new AbortController()
    const reason = new Error('meanwhile')
    let calls = 0
    const failed = retry(
      async (_, ctx) => {
        calls++
        controller.abort(reason)
        ctx.signal.throwIfAborted()
      },
      { signal: controller.signal, initialMs: 0 },
    )
    await expect(failed).rejects.toBe(reason)
    expect(calls).toBe(1)
  })

  test('takes a context for its options', async () => {
    const [ctx, cancel] = withCancelCause(background())
    const why = new Error('why')
    const failed = retry(async (_, own) => void (await own.done().receive()), ctx)
    await turn()
    cancel(why)
    await expect(failed).rejects.toBe(why)
  })

  test('the context of the function ends with it', async () => {
    let ctx: Context | undefined
    await retry((_, own) => {
      ctx = own
      expect(own.err()).toBeUndefined()
    })
    expect(ctx!.err()).toBeInstanceOf(Canceled)
  })

  test('waits exactly as long as it says, by the clock', () =>
    onManualClock(async clock => {
      const attempts: number[] = []
      const result = retry(
        attempt => {
          attempts.push(attempt)
          return attempt < 4 ? boom(attempt) : 'done'
        },
        { jitter: 'none', initialMs: 100, factor: 3, maxMs: 500 },
      )
      for (const ms of [100, 300, 500]) {
        await turn()
        const count = attempts.length
        clock.advance(ms - 1)
        await turn()
        expect(attempts).toHaveLength(count)
        clock.advance(1)
      }
      expect(await result).toBe('done')
      expect(attempts).toEqual([1, 2, 3, 4])
    }))

  test('jitter is what the random numbers make of it', async () => {
    const none: RetryOptions = { retries: 3, initialMs: 0, maxMs: 0 }
    expect(await waits({ ...none, random: () => 0.5 })).toEqual([0, 0, 0])
    expect(await waits({ retries: 3, initialMs: 1, maxMs: 3, random: () => 0.5 })).toEqual([0.5, 1, 1.5])
    expect(
      await waits({ retries: 4, jitter: 'decorrelated', initialMs: 1, maxMs: 4, random: () => 0.5 }),
    ).toEqual([2, 3.5, 4, 4])
  })

  test('a delay that the server asks for is waited for, also above the maximum; one that has passed is none', () =>
    onManualClock(async clock => {
      const error = (retryAfter: number) => Object.assign(new Error('busy'), { retryAfter })
      const asked = [5000, -20]
      const seen: number[] = []
      const result = retry(
        () => {
          if (asked.length > 0) throw error(asked.shift()!)
          return 'done'
        },
        {
          maxMs: 10,
          retryIf: e => (e as { retryAfter: number }).retryAfter,
          onRetry: (_, __, waitMs) => seen.push(waitMs),
        },
      )
      await turn()
      clock.advance(4999)
      expect(await isPending(result)).toBe(true)
      clock.advance(1)
      expect(await result).toBe('done')
      expect(seen).toEqual([5000, 0])
    }))

  test('the time that all of it may take is counted from the call, attempts included', async () => {
    let now = 0
    const attempts: number[] = []
    const failed = retry(
      attempt => {
        attempts.push(attempt)
        now += 40
        boom(attempt)
      },
      { initialMs: 0, retries: Infinity, maxElapsedMs: 100, now: () => now },
    )
    await expect(failed).rejects.toMatchObject({ attempts: 3 })
    expect(attempts).toEqual([1, 2, 3])
  })

  test('any error is tried again, whatever was thrown', async () => {
    for (const thrown of [new TypeError('network'), 'text', undefined, null, { odd: true }, 0]) {
      let calls = 0
      const result = retry(
        () => {
          if (calls++ === 0) throw thrown
          return calls
        },
        { initialMs: 0 },
      )
      expect(await result).toBe(2)
      const gaveUp = await retry(() => Promise.reject(thrown), { retries: 0 }).catch(error => error)
      expect(gaveUp).toBeInstanceOf(RetryError)
      expect(gaveUp.cause).toBe(thrown)
    }
  })

  test('an option that should be a function and is none is refused before fn is called', async () => {
    for (const option of ['retryIf', 'onRetry', 'now', 'random']) {
      let calls = 0
      const refused = retry(() => ++calls, { [option]: 1 })
      await expect(refused).rejects.toThrow(TypeError)
      await expect(refused).rejects.toThrow(new RegExp(`^retry: ${option} must be a function, got number$`))
      expect(calls).toBe(0)
    }
  })

  test('a number that makes no sense does not hide the error', async () => {
    const error = new Error('down')
    const fail = () => Promise.reject(error)
    await expect(retry(fail, { retryIf: () => Number.NaN })).rejects.toMatchObject({
      name: 'RangeError',
      cause: error,
    })
    await expect(retry(fail, { retries: 1, retryIf: () => -1 })).rejects.toMatchObject({
      code: 'ERR_RETRY',
      attempts: 2,
      cause: error,
    })
  })

  test('an error of retryIf or onRetry ends it', async () => {
    const own = new Error('own')
    const fail = () => {
      throw own
    }
    await expect(retry(boom, { retryIf: fail })).rejects.toBe(own)
    await expect(retry(boom, { onRetry: fail })).rejects.toBe(own)
    await expect(retry(boom, { retryIf: () => Number.NaN })).rejects.toThrow(
      /^retry: retryIf must answer a boolean or milliseconds, got NaN$/,
    )
  })

  test('a thousand retries on one signal leave no listener', async () => {
    const { signal } = new AbortController()
    await Promise.all(
      Array.from({ length: 1000 }, () =>
        retry(attempt => (attempt < 3 ? boom(attempt) : 0), { signal, initialMs: 0 }),
      ),
    )
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  test('infers its result', () => {
    expectTypeOf(retry(async () => 'text')).toEqualTypeOf<Promise<string>>()
    expectTypeOf(retry(() => 1)).toEqualTypeOf<Promise<number>>()
  })

  test('refuses options that are out of range, and calls nothing', async () => {
    let calls = 0
    const fn = () => calls++
    for (const options of [
      { retries: -1 },
      { retries: 1.5 },
      { retries: Number.NaN },
      { initialMs: Number.NaN },
      { maxMs: -1 },
      { factor: -1 },
      { maxElapsedMs: -1 },
      { initialMs: '5' as never },
      { jitter: 'some' as never },
    ]) {
      await expect(retry(fn, options)).rejects.toThrow(RangeError)
    }
    await expect(retry(undefined as never)).rejects.toThrow(/^retry: the first argument must be a function$/)
    expect(calls).toBe(0)
  })
})

describe('what retryIf answers', () => {
  test('nothing, or anything that counts as false, is no', async () => {
    for (const answer of [undefined, null, '']) {
      let calls = 0
      const failing = retry(
        attempt => {
          calls++
          return boom(attempt)
        },
        { retryIf: () => answer as unknown as boolean, initialMs: 0 },
      )
      await expect(failing).rejects.toThrow(new Error('attempt 1'))
      expect(calls).toBe(1)
    }
  })

  test('a promise is refused: it would count as yes', async () => {
    const error = await retry(boom, { retryIf: (async () => false) as unknown as () => boolean }).catch(
      e => e,
    )
    expect(error).toEqual(new TypeError('retry: retryIf must answer at once, got a promise'))
    expect(error.cause).toEqual(new Error('attempt 1'))
  })

  test('a signal in the place of the options is refused', async () => {
    const signal = AbortSignal.abort() as unknown as RetryOptions
    await expect(retry(() => 1, signal)).rejects.toThrow(/^options must be \{ signal \} or a Context/)
  })
})
