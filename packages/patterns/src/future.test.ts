import { getEventListeners } from 'node:events'
import { Canceled, type Context, runtime, type WaitOptions } from '@millrace/core'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { checkLeaks, deferred, isPending, panicsIn, turn } from '../fixtures/testing.js'
import { Future } from './index.js'

checkLeaks()

describe('Future', () => {
  test('starts at once, though never before it is returned, and gives its result to all who ask', async () => {
    let calls = 0
    const future = new Future(async () => {
      calls++
      return 'result'
    })
    expectTypeOf(future).toEqualTypeOf<Future<string>>()
    expect([calls, future.settled]).toEqual([0, false])
    await turn()
    expect([calls, future.settled]).toEqual([1, true])
    expect(await Promise.all([future.get(), future.get()])).toEqual(['result', 'result'])
    expect(await future.get()).toBe('result')
    expect(calls).toBe(1)
  })

  test('gives its error as it is', async () => {
    for (const thrown of [new Error('boom'), 'text', undefined]) {
      const future = new Future(() => {
        throw thrown
      })
      expect(await future.get().catch(error => ({ error }))).toEqual({ error: thrown })
      expect(future.settled).toBe(true)
    }
  })

  test('a wait that is given up ends nothing else', async () => {
    const gate = deferred<number>()
    const future = new Future(() => gate.promise)
    const controller = new AbortController()
    const reason = new Error('impatient')
    const impatient = future.get({ signal: controller.signal })
    const patient = future.get()
    controller.abort(reason)
    await expect(impatient).rejects.toBe(reason)
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
    await expect(future.get({ signal: controller.signal })).rejects.toBe(reason)
    expect(future.settled).toBe(false)
    gate.resolve(7)
    expect(await patient).toBe(7)
    await expect(future.get({ signal: controller.signal })).rejects.toBe(reason)
  })

  test('cancelled, tells those who wait, those who come later, and the function', async () => {
    const gate = deferred()
    let ctx: Context | undefined
    const future = new Future(own => {
      ctx = own
      return gate.promise
    })
    const waiting = future.get()
    await turn()
    const reason = new Error('changed my mind')
    future.cancel(reason)
    expect(future.settled).toBe(true)
    expect(ctx!.err()).toBeInstanceOf(Canceled)
    expect(ctx!.signal.reason).toBe(reason)
    await expect(waiting).rejects.toBe(reason)
    await expect(future.get()).rejects.toBe(reason)
    future.cancel(new Error('again'))
    gate.reject(new Error('ignored'))
    await turn()
    await expect(future.get()).rejects.toBe(reason)
  })

  test('cancelled before the function has begun, it is Canceled and nobody’s panic', async () => {
    const panics = await panicsIn(async () => {
      const future = new Future(async ctx => {
        await ctx.done().receive()
        throw ctx.err()
      })
      future.cancel()
      await turn()
      await expect(future.get()).rejects.toThrow(Canceled)
    })
    expect(panics).toEqual([])
  })

  test('cancelled in the same tick, its function is not called', async () => {
    let calls = 0
    const count = () => ++calls
    const reason = new Error('not needed')
    for (const make of [() => new Future(count), () => Future.run(count)]) {
      const future = make()
      future.cancel(reason)
      await expect(future.get()).rejects.toBe(reason)
    }
    await turn()
    expect(calls).toBe(0)
  })

  test('cancelled when it has a result, keeps it', async () => {
    const future = new Future(() => 1)
    await future.get()
    future.cancel()
    expect(await future.get()).toBe(1)
  })

  test('the context ends when the function has', async () => {
    let ctx: Context | undefined
    await new Future(own => {
      ctx = own
    }).get()
    expect(ctx!.err()).toBeInstanceOf(Canceled)
  })

  test('that fails and is not asked is a panic', async () => {
    const error = new Error('boom')
    const panics = await panicsIn(async () => {
      new Future(() => Promise.reject(error))
    })
    expect(panics).toEqual([error])
  })

  test('run calls a function with arguments', async () => {
    const future = Future.run((a: number, b: number) => a + b, 1, 2)
    expectTypeOf(future).toEqualTypeOf<Future<number>>()
    expect(await future.get()).toBe(3)
    expect(await Future.run(Math.max, 4, 9).get()).toBe(9)
    expect(await Future.run(async () => 'text').get()).toBe('text')
  })

  test('refuses what is no function', () => {
    expect(() => new Future(1 as never)).toThrow(/^Future: the first argument must be a function$/)
    expect(() => Future.run(undefined as never)).toThrow(TypeError)
  })
})

describe('of several', () => {
  const later = () => deferred<string>()

  test('all gives all results in order, typed', async () => {
    const gate = later()
    const all = Future.all([new Future(() => gate.promise), new Future(() => 1), new Future(() => true)])
    expectTypeOf(all).toEqualTypeOf<Promise<[string, number, boolean]>>()
    expect(await isPending(all)).toBe(true)
    gate.resolve('a')
    expect(await all).toEqual(['a', 1, true])
    expect(await Future.all([])).toEqual([])
  })

  test('all rejects with the first error; the others go on', async () => {
    const gate = later()
    const slow = new Future(() => gate.promise)
    const error = new Error('boom')
    const other = new Future<never>(() => Promise.reject(error))
    await expect(Future.all([slow, other])).rejects.toBe(error)
    expect(slow.settled).toBe(false)
    gate.resolve('a')
    expect(await slow.get()).toBe('a')
  })

  test('any gives the first result, or an AggregateError', async () => {
    const fails = () => new Future<string>(() => Promise.reject(new Error('no')))
    expect(await Future.any([fails(), new Future(() => 'yes'), fails()])).toBe('yes')
    await expect(Future.any([fails(), fails()])).rejects.toThrow(AggregateError)
    await expect(Future.any([])).rejects.toThrow(AggregateError)
  })

  test('race gives what comes first, an error too', async () => {
    const gate = later()
    const slow = new Future(() => gate.promise)
    expect(await Future.race([slow, new Future(() => 'fast')])).toBe('fast')
    const error = new Error('fast, too')
    await expect(Future.race([slow, new Future<string>(() => Promise.reject(error))])).rejects.toBe(error)
    gate.resolve('late')
  })

  test('allSettled tells how each ended', async () => {
    const error = new Error('boom')
    const settled = Future.allSettled([new Future(() => 1), new Future<never>(() => Promise.reject(error))])
    expectTypeOf(settled).toEqualTypeOf<
      Promise<[PromiseSettledResult<number>, PromiseSettledResult<never>]>
    >()
    expect(await settled).toEqual([
      { status: 'fulfilled', value: 1 },
      { status: 'rejected', reason: error },
    ])
  })

  test('each can be given up, with the reason as it is', async () => {
    const gate = later()
    const slow = new Future(() => gate.promise)
    const all = [Future.all, Future.any, Future.race, Future.allSettled] as ((
      futures: Future<string>[],
      options: WaitOptions,
    ) => Promise<unknown>)[]
    for (const several of all) {
      const controller = new AbortController()
      const reason = new Error('impatient')
      const waiting = several([slow], { signal: controller.signal })
      await turn()
      controller.abort(reason)
      await expect(waiting).rejects.toBe(reason)
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
    }
    expect(runtime.numGoroutine()).toBe(2)
    gate.resolve('done')
    expect(await slow.get()).toBe('done')
  })
})

describe('Future.all and its kin', () => {
  test('take anything that can be iterated, and know the types of all', async () => {
    const [one, two] = [new Future(() => 1), new Future(() => 'two')]
    expect(await Future.all(new Set([one]) as unknown as [Future<number>])).toEqual([1])
    const any = await Future.any([one, two])
    expectTypeOf(any).toEqualTypeOf<number | string>()
    const race = await Future.race([one, two])
    expectTypeOf(race).toEqualTypeOf<number | string>()
    expect([any, race]).toEqual([1, 1])
  })

  test('reject what is no future, with its place', async () => {
    const futures = [new Future(() => 1), Promise.resolve(2)] as unknown as Future<number>[]
    for (const name of ['all', 'any', 'race', 'allSettled'] as const) {
      await expect(Future[name](futures)).rejects.toThrow(`Future.${name}: [1] is no Future`)
    }
  })

  test('a loop over a result that is there lets timers have their turns', async () => {
    const future = new Future(() => 1)
    await future.get()
    let isOver = false
    setTimeout(() => {
      isOver = true
    }, 0)
    for (let i = 0; i < 1e7 && !isOver; i++) await future.get()
    expect(isOver).toBe(true)
  })
})
