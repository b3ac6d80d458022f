import { background, type Context, chan, go, type ReceiveChan, withCancel } from '@millrace/core'
import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  checkLeaks,
  collect,
  deferred,
  endless,
  isPending,
  numbers,
  onManualClock,
  turn,
} from '../fixtures/testing.js'
import { batch, fanIn, fanOut, filter, generate, map, orDone, pipeline, take, tap, tee } from './index.js'

checkLeaks()

/** A source that tells whether it was left. */
function watched() {
  const state = { given: 0, isLeft: false }
  function* items() {
    try {
      for (const n of endless()) {
        state.given++
        yield n
      }
    } finally {
      state.isLeft = true
    }
  }
  return { state, source: generate(items()) }
}

describe('the function of a stage', () => {
  const stages = {
    map: <A>(fn: (value: A, ctx: Context) => Promise<boolean>, workers: number) => map(fn, { workers }),
    filter: <A>(fn: (value: A, ctx: Context) => Promise<boolean>, workers: number) => filter(fn, { workers }),
    tap: <A>(fn: (value: A, ctx: Context) => Promise<boolean>, workers: number) => tap(fn, { workers }),
  }
  for (const [kind, make] of Object.entries(stages)) {
    test.each([1, 2])(
      `${kind} with %i workers: its context ends when the pipeline is cancelled`,
      async workers => {
        const [ctx, cancel] = withCancel(background())
        const begun = deferred()
        let own: Context | undefined
        const waits = make(async (_value: number, runs) => {
          own = runs
          begun.resolve()
          await runs.done().receive()
          return true
        }, workers)
        const line = pipeline(ctx, generate([1]), waits as never)
        await begun.promise
        expect(own!.err()).toBeUndefined()
        cancel()
        await expect(line.done).rejects.toThrow('context canceled')
        expect(own!.err()).toBeDefined()
      },
    )
  }

  test('learns that another stage has failed', async () => {
    const begun = deferred()
    let hasLearnt = false
    const line = pipeline(
      background(),
      generate([1, 2]),
      map(async (n, ctx) => {
        expectTypeOf(ctx).toEqualTypeOf<Context>()
        if (n === 1) return n
        begun.resolve()
        await ctx.done().receive()
        hasLearnt = true
        return n
      }),
      tap(async function fails() {
        await begun.promise
        throw new Error('boom')
      }),
    )
    await expect(line.done).rejects.toThrow(/"fails": boom/)
    expect(hasLearnt).toBe(true)
  })
})

describe('filter', () => {
  test('sends what the function answers true of, in order', async () => {
    const line = pipeline(
      background(),
      generate(numbers(10)),
      filter(n => n % 3 === 0),
    )
    expectTypeOf(line.receive).returns.resolves.toEqualTypeOf<number | undefined>()
    expect(await collect(line)).toEqual([0, 3, 6, 9])
  })

  test('a type predicate narrows what comes out', async () => {
    const mixed: (string | number)[] = ['a', 1, 'b']
    const line = pipeline(
      background(),
      generate(mixed),
      filter((x: string | number): x is string => typeof x === 'string'),
    )
    expectTypeOf(line.receive).returns.resolves.toEqualTypeOf<string | undefined>()
    expect(await collect(line)).toEqual(['a', 'b'])
  })

  test('with several workers keeps the order, whichever is ready first', async () => {
    const gates = numbers(4).map(() => deferred<boolean>())
    const line = pipeline(
      background(),
      generate(numbers(4)),
      filter((n: number) => gates[n]!.promise, { workers: 4 }),
    )
    const all = collect(line)
    await turn()
    for (const n of [3, 1, 2, 0]) gates[n]!.resolve(n !== 2)
    expect(await all).toEqual([0, 1, 3])
  })

  test('without order sends what is ready', async () => {
    const gate = deferred<boolean>()
    const line = pipeline(
      background(),
      generate(numbers(3)),
      filter((n: number) => (n === 0 ? gate.promise : true), { workers: 2, ordered: false }),
    )
    expect([await line.receive(), await line.receive()]).toEqual([1, 2])
    gate.resolve(true)
    expect(await collect(line)).toEqual([0])
  })

  test('what it throws names the stage and stops the source', async () => {
    const { state, source } = watched()
    const error = new Error('boom')
    const line = pipeline(
      background(),
      source,
      filter(function suspicious(n: number): boolean {
        if (n === 3) throw error
        return true
      }),
    )
    await expect(collect(line)).rejects.toMatchObject({ stage: 'suspicious', cause: error })
    expect(state.isLeft).toBe(true)
  })
})

describe('tap', () => {
  test('calls the function with each value before it is sent, and sends the value itself', async () => {
    const values = numbers(3).map(n => ({ n }))
    const seen: unknown[] = []
    const line = pipeline(
      background(),
      generate(values),
      tap(async value => {
        await undefined
        seen.push(value)
        return 'ignored'
      }),
    )
    expectTypeOf(line.receive).returns.resolves.toEqualTypeOf<{ n: number } | undefined>()
    for (const value of values) {
      expect(await line.receive()).toBe(value)
      expect(seen).toContain(value)
    }
    expect(await line.receive()).toBeUndefined()
  })

  test('what it throws ends the pipeline, by its name', async () => {
    const line = pipeline(
      background(),
      generate([1]),
      tap(() => Promise.reject(new Error('boom')), { name: 'log' }),
    )
    await expect(collect(line)).rejects.toThrow('pipeline: stage "log": boom')
  })
})

describe('take', () => {
  test('sends the first values, ends, and stops the source', async () => {
    const { state, source } = watched()
    const line = pipeline(background(), source, take(3))
    expectTypeOf(line.receive).returns.resolves.toEqualTypeOf<number | undefined>()
    expect(await collect(line)).toEqual([0, 1, 2])
    await line.done
    expect(state.isLeft).toBe(true)
    expect(state.given).toBeLessThanOrEqual(4)
  })

  test('stops stages before it, and those after it end', async () => {
    const { state, source } = watched()
    const line = pipeline(
      background(),
      source,
      map(n => n * 2),
      take(5),
      map(n => n + 1),
      take(2),
    )
    expect(await collect(line)).toEqual([1, 3])
    expect(state.isLeft).toBe(true)
  })

  test('more than there are is all', async () => {
    expect(await collect(pipeline(background(), generate([1, 2]), take(10)))).toEqual([1, 2])
  })

  test('0 takes nothing', async () => {
    const source = chan<number>(1)
    source.trySend(1)
    expect(await collect(pipeline(background(), source, take(0)))).toEqual([])
    expect(source.length).toBe(1)
  })

  test('leaves in a plain channel what it does not send', async () => {
    const source = chan<number>(5)
    for (const n of numbers(5)) source.trySend(n)
    expect(await collect(pipeline(background(), source, take(2)))).toEqual([0, 1])
    expect(await source.receiveMany(5)).toEqual([2, 3, 4])
  })
})

describe('batch', () => {
  test('sends arrays of n, the last one shorter', async () => {
    const line = pipeline(background(), generate(numbers(7)), batch(3))
    expectTypeOf(line.receive).returns.resolves.toEqualTypeOf<number[] | undefined>()
    expect(await collect(line)).toEqual([[0, 1, 2], [3, 4, 5], [6]])
  })

  test('sends no empty array', async () => {
    expect(await collect(pipeline(background(), generate([]), batch(3)))).toEqual([])
    expect(await collect(pipeline(background(), generate([1, 2]), batch(2)))).toEqual([[1, 2]])
  })

  test('what it sends is a plain array', async () => {
    const [first] = await collect(pipeline(background(), generate([1]), batch(2)))
    expect(Object.keys(first!)).toEqual(['0'])
  })

  test('sends one that is not full when its time is over, counted from its first value', () =>
    onManualClock(async clock => {
      const source = chan<number>()
      const line = pipeline(background(), source, batch(3, { everyMs: 100 }))
      let next = line.receive()
      await turn()
      clock.advance(1000) // nothing has come: no time runs
      expect(await isPending(next)).toBe(true)
      await source.send(1)
      await turn()
      clock.advance(60)
      await source.send(2)
      await turn()
      clock.advance(39)
      expect(await isPending(next)).toBe(true)
      clock.advance(1)
      expect(await next).toEqual([1, 2])
      next = line.receive()
      for (const n of [3, 4, 5]) await source.send(n)
      expect(await next).toEqual([3, 4, 5])
      next = line.receive()
      await source.send(6)
      source.close()
      expect(await next).toEqual([6])
      expect(await line.receive()).toBeUndefined()
      expect(clock.timers).toEqual([])
    }))

  test('takes no more values while a batch waits: back-pressure', async () => {
    const { state, source } = watched()
    const line = pipeline(background(), source, batch(2))
    await turn()
    expect(state.given).toBe(5) // a batch that waits at the end, one behind it, and one value at the source
    line.stop()
    await line.done
  })

  test('an error of its source comes instead of what it has gathered', async () => {
    function* failing() {
      yield 1
      throw new Error('boom')
    }
    await expect(
      collect(pipeline(background(), generate(failing()), batch(2, { everyMs: 1e6 }))),
    ).rejects.toThrow('boom')
  })
})

describe('tee', () => {
  test('gives every value to every channel', async () => {
    const outs = tee(generate(numbers(20)), 3)
    expectTypeOf(outs).toEqualTypeOf<ReceiveChan<number>[]>()
    expect(await Promise.all(outs.map(collect))).toEqual([numbers(20), numbers(20), numbers(20)])
  })

  test('goes at the pace of the slowest', async () => {
    const { state, source } = watched()
    const [ctx, cancel] = withCancel(background())
    const [fast, slow] = tee(source, 2, ctx)
    expect(await fast!.receive()).toBe(0)
    const next = fast!.receive()
    expect(await isPending(next)).toBe(true)
    expect(await slow!.receive()).toBe(0)
    expect(await next).toBe(1)
    cancel()
    await turn()
    expect([fast!.closed, slow!.closed, state.isLeft]).toEqual([true, true, true])
  })

  test('a pipeline that stops holds up the others no more, and the last one stops the source', async () => {
    const { state, source } = watched()
    const [left, right] = tee(source, 2).map(out => pipeline(background(), out))
    expect([await left!.receive(), await right!.receive()]).toEqual([0, 0])
    left!.stop()
    await left!.done
    for (const n of numbers(5, 1)) expect(await right!.receive()).toBe(n)
    expect(state.isLeft).toBe(false)
    right!.stop()
    await right!.done
    await turn()
    expect(state.isLeft).toBe(true)
  })

  test('an error of its source reaches all pipelines', async () => {
    function* failing() {
      yield 1
      throw new Error('boom')
    }
    const lines = tee(generate(failing()), 2).map(out => pipeline(background(), out))
    for (const result of await Promise.allSettled(lines.map(collect)))
      expect(result).toMatchObject({ status: 'rejected', reason: { stage: 'generate' } })
  })
})

describe('orDone', () => {
  test('gives what comes, to the end', async () => {
    const values = orDone(background(), generate([1, 2]))
    expectTypeOf(values).toEqualTypeOf<ReceiveChan<number>>()
    expect(await collect(values)).toEqual([1, 2])
  })

  test('ends with the context, so that a loop over a silent channel ends', async () => {
    const [ctx, cancel] = withCancel(background())
    const silent = chan<number>(1)
    const loop = collect(orDone(ctx, silent))
    expect(await isPending(loop)).toBe(true)
    cancel()
    expect(await loop).toEqual([])
    expect(silent.closed).toBe(false)
  })

  test('is closed at once if the context has ended', async () => {
    const [ctx, cancel] = withCancel(background())
    cancel()
    const source = chan<number>(1)
    source.trySend(1)
    expect(await collect(orDone(ctx, source))).toEqual([])
    expect(source.length).toBe(1)
  })

  test('stops a source that is made of patterns', async () => {
    const { state, source } = watched()
    const [ctx, cancel] = withCancel(background())
    const values = orDone(ctx, source)
    expect(await values.receive()).toBe(0)
    cancel()
    await turn()
    expect([values.closed, state.isLeft]).toEqual([true, true])
  })
})

describe('misuse', () => {
  test('is a RangeError at once, and takes nothing', () => {
    const source = chan<number>(1)
    source.trySend(1)
    for (const n of [-1, 1.5, Number.NaN, Infinity, '3' as never]) {
      expect(() => take(n)).toThrow(/^take: n must be a whole number of at least 0, got /)
      expect(() => batch(n)).toThrow(/^batch: n must be a whole number of at least 1, got /)
      expect(() => tee(source, n)).toThrow(/^tee: n must be a whole number of at least 1, got /)
    }
    expect(() => batch(0)).toThrow(RangeError)
    expect(() => tee(source, 0)).toThrow(RangeError)
    for (const everyMs of [0, -1, Number.NaN, '5' as never])
      expect(() => batch(1, { everyMs })).toThrow(
        /^batch: everyMs must be a number of milliseconds above 0, got /,
      )
    for (const stage of [map, filter, tap])
      for (const workers of [0, -1, 1.5, Number.NaN])
        expect(() => stage((n: number) => n > 1, { workers })).toThrow(
          new RegExp(`^${stage.name}: workers must be a whole number of at least 1, got `),
        )
    expect(() => filter((n: number) => n > 1, { buffer: -1 })).toThrow(RangeError)
    expect(() => map(undefined as never)).toThrow('map: the first argument must be a function')
    expect(source.length).toBe(1)
  })

  test('of what is no source and no stage is a TypeError at once', async () => {
    const source = chan<number>()
    for (const wrong of [undefined, null, 7, {}, [1, 2]] as never[]) {
      expect(() => pipeline(background(), wrong)).toThrow(/^a source must be a channel \(generate makes one/)
      expect(() => tee(wrong, 2)).toThrow(TypeError)
      expect(() => orDone(background(), wrong)).toThrow(TypeError)
      expect(() => fanIn(source, wrong)).toThrow(TypeError)
      expect(() => fanOut(wrong, 2)).toThrow(TypeError)
    }
    for (const wrong of [undefined, null, 7, {}] as never[])
      expect(() => generate(wrong)).toThrow(/^generate: the items must be iterable, or a channel, got /)
    expect(() => pipeline(background(), source, undefined as never)).toThrow(
      /^pipeline: stage 0 must be a function \(source, ctx\) => channel, got undefined$/,
    )
    expect(() => pipeline(undefined as never, source)).toThrow('cannot create context from nil parent')
    const noChannel = pipeline(background(), source, function forgetful() {} as never)
    await expect(collect(noChannel)).rejects.toThrow(
      /^pipeline: stage "forgetful": a source must be a channel/,
    )
    source.close()
  })
})

test('all together: back-pressure from the end to the source, and an early leave stops it', async () => {
  const { state, source } = watched()
  const line = pipeline(
    background(),
    source,
    map(async n => n * 2, { workers: 2 }),
    filter(n => n % 4 === 0),
    tap(() => {}),
    batch(2),
    take(100),
  )
  await turn()
  const given = state.given
  await turn()
  expect(state.given, 'it went on although nobody received').toBe(given)
  expect(given).toBeLessThan(30)
  const seen: number[][] = []
  for await (const pair of line) {
    seen.push(pair)
    if (seen.length === 3) break
  }
  expect(seen).toEqual([
    [0, 4],
    [8, 12],
    [16, 20],
  ])
  expect(state.isLeft).toBe(true)
})

test('a goroutine may own a pipeline', async () => {
  const sum = await go(async () => {
    let sum = 0
    for await (const n of pipeline(background(), generate(endless()), take(10))) sum += n
    return sum
  })
  expect(sum).toBe(45)
})
