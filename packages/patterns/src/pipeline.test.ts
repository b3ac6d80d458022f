import {
  background,
  Canceled,
  type Context,
  chan,
  go,
  type ReceiveChan,
  runtime,
  select,
  withCancel,
  withCancelCause,
} from '@millrace/core'
import { afterEach, describe, expect, expectTypeOf, test } from 'vitest'
import { generate, map, PipelineError, pipeline, type Stage } from './index.js'

/** Lets everything happen that can happen by itself. */
const turn = async () => {
  for (let i = 0; i < 4; i++) await new Promise(resolve => setImmediate(resolve))
}

afterEach(async () => {
  await turn()
  expect(runtime.numGoroutine(), 'goroutines left behind').toBe(1)
})

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const value of values) all.push(value)
  return all
}

const numbers = (n: number) => Array.from({ length: n }, (_, i) => i)

function* endless() {
  for (let i = 0; ; i++) yield i
}

const double = map(function double(n: number) {
  return n * 2
})

/** A stage of somebody else's: the first n values, and then the end, with the source left as it is. */
const take =
  <T>(n: number): Stage<T, T> =>
  (source, ctx) => {
    const out = chan<T>()
    void go(async () => {
      try {
        for (let i = 0; i < n; i++) {
          const { value, ok } = await source.receiveOk(ctx)
          if (!ok) return
          await out.send(value as T, ctx)
        }
      } catch {
      } finally {
        out.close()
      }
    })
    return out
  }

describe('pipeline', () => {
  test('sends values through all stages in order, and ends', async () => {
    const line = pipeline(
      background(),
      generate(numbers(100)),
      double,
      map((n: number) => `${n}`),
    )
    expectTypeOf(line.receive).returns.resolves.toEqualTypeOf<string | undefined>()
    expect(await collect(line)).toEqual(numbers(100).map(n => `${n * 2}`))
    await line.done
    expect(line.closed).toBe(true)
    expect(runtime.numGoroutine()).toBe(1)
  })

  test('infers the types of stages from the source', async () => {
    const line = pipeline(
      background(),
      generate(['a', 'bc']),
      map(word => word.length),
      map(n => n > 1),
    )
    expectTypeOf(line.receive).returns.resolves.toEqualTypeOf<boolean | undefined>()
    expect(await collect(line)).toEqual([false, true])
  })

  test('without stages is its source', async () => {
    expect(await collect(pipeline(background(), generate([1, 2])))).toEqual([1, 2])
  })

  test('takes stages that are not known one by one', async () => {
    const line = pipeline(background(), generate([1]), ...Array<Stage<number, number>>(10).fill(double))
    expect(await collect(line)).toEqual([1024])
  })

  test('is a channel: it can be received from, and be a case of select', async () => {
    const line = pipeline(background(), generate([1, 2]), double)
    const hit = await select({ line, never: null })
    expect(hit).toEqual({ case: 'line', value: 2, ok: true })
    expect(await line.receiveOk()).toEqual({ value: 4, ok: true })
    expect(await line.receiveOk()).toEqual({ value: undefined, ok: false })
    await line.done
  })

  test('leaving the loop stops sources and stages, and waits for them', async () => {
    let isLeft = false
    function* source() {
      try {
        yield* endless()
      } finally {
        isLeft = true
      }
    }
    const line = pipeline(background(), generate(source()), double, double)
    for await (const n of line) if (n === 40) break
    expect(isLeft).toBe(true)
    expect(runtime.numGoroutine()).toBe(1)
    await line.done
  })

  test('a loop body that throws stops it, too, and its error comes through', async () => {
    const error = new Error('body')
    const line = pipeline(background(), generate(endless()), double)
    const loop = (async () => {
      for await (const _ of line) throw error
    })()
    await expect(loop).rejects.toBe(error)
    await line.done
    expect(runtime.numGoroutine()).toBe(1)
  })

  test('leaving the loop waits for a call that is running', async () => {
    let end = () => {}
    let isOver = false
    const line = pipeline(
      background(),
      generate([1, 2]),
      map(async (n: number) => {
        if (n === 2) {
          await new Promise<void>(resolve => {
            end = resolve
          })
          isOver = true
        }
        return n
      }),
    )
    const loop = (async () => {
      for await (const _ of line) {
        await turn() // the second call has begun
        break
      }
    })()
    let hasLeft = false
    void loop.then(() => {
      hasLeft = true
    })
    await turn()
    await turn()
    expect(hasLeft).toBe(false)
    end()
    await loop
    expect(isOver).toBe(true)
  })

  test('stop stops it; done resolves, and the channel is closed', async () => {
    const line = pipeline(background(), generate(endless()), double)
    expect(await line.receive()).toBe(0)
    line.stop()
    line.stop()
    await line.done
    expect(await line.receive()).toBeUndefined()
    expect(await collect(line)).toEqual([])
  })

  test('a stage that ends early ends everything', async () => {
    const line = pipeline(background(), generate(endless()), double, take(3), double)
    expect(await collect(line)).toEqual([0, 4, 8])
    await line.done
  })

  test('an error cancels everything, and the loop throws it with the stage named', async () => {
    const error = new Error('boom')
    let isLeft = false
    function* source() {
      try {
        yield* endless()
      } finally {
        isLeft = true
      }
    }
    const seen: number[] = []
    const line = pipeline(
      background(),
      generate(source()),
      double,
      map(function explode(n: number) {
        if (n === 6) throw error
        return n
      }),
      double,
    )
    const loop = (async () => {
      for await (const n of line) seen.push(n)
    })()
    await expect(loop).rejects.toThrow(/^pipeline: stage "explode": boom$/)
    await expect(loop).rejects.toMatchObject({
      name: 'PipelineError',
      code: 'ERR_PIPELINE',
      stage: 'explode',
      cause: error,
    })
    expect(isLeft).toBe(true)
    expect(runtime.numGoroutine()).toBe(1)
    expect(seen).toEqual([0, 4, 8].slice(0, seen.length))
    await expect(line.done).rejects.toBe(await loop.catch(e => e))
  })

  test('an error tells the functions that are running, by the context', async () => {
    const error = new Error('boom')
    let told: unknown
    const line = pipeline(background(), generate([1, 2]), (source, ctx) => {
      void go(async () => {
        await ctx.done().receive()
        told = ctx.signal.reason
      })
      return map(() => Promise.reject(error))(source, ctx)
    })
    await expect(line.done).rejects.toThrow(PipelineError)
    await turn()
    expect(told).toMatchObject({ cause: error })
  })

  test('an error is told at once, though a call beside it is still running', async () => {
    let end = () => {}
    let isTold = false
    const line = pipeline(
      background(),
      generate(numbers(2)),
      map(
        n =>
          n === 1
            ? Promise.reject(new Error('boom'))
            : new Promise<void>(resolve => {
                end = resolve
              }),
        { workers: 2 },
      ),
      (source, ctx) => {
        void go(async () => {
          await ctx.done().receive()
          isTold = true
        })
        return source
      },
    )
    let isOver = false
    const over = line.done.catch(error => {
      isOver = true
      return error
    })
    await turn()
    expect({ isTold, isOver }).toEqual({ isTold: true, isOver: false })
    end()
    expect(await over).toMatchObject({ message: 'pipeline: stage "map": boom' })
  })

  test('of several errors the first one counts', async () => {
    const ends: ((error: Error) => void)[] = []
    const line = pipeline(
      background(),
      generate(numbers(3)),
      map(() => new Promise<never>((_, reject) => ends.push(reject)), { workers: 3, name: 'slow' }),
    )
    line.done.catch(() => {})
    await turn()
    ends[1]!(new Error('first'))
    await turn()
    ends[0]!(new Error('second'))
    ends[2]!(new Error('third'))
    await expect(line.done).rejects.toThrow('pipeline: stage "slow": first')
  })

  test('leaving the loop when it has failed throws the error', async () => {
    const error = new Error('boom')
    const line = pipeline(
      background(),
      generate([1, 2]),
      map(
        (n: number) => {
          if (n === 2) throw error
          return n
        },
        { name: 'second' },
      ),
    )
    const loop = (async () => {
      for await (const _ of line) {
        await turn()
        break
      }
    })()
    await expect(loop).rejects.toMatchObject({ stage: 'second', cause: error })
  })

  test('a stage that cannot be made is an error as any other', async () => {
    const error = new Error('cannot')
    function broken(): ReceiveChan<number> {
      throw error
    }
    const line = pipeline(background(), generate(endless()), double, broken, double)
    await expect(collect(line)).rejects.toMatchObject({ stage: 'broken', cause: error })
  })

  test('an error that nobody asks for is a panic', async () => {
    const panics: unknown[] = []
    const others = process.listeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection')
    process.on('unhandledRejection', reason => panics.push(reason))
    try {
      const error = new Error('boom')
      const line = pipeline(
        background(),
        generate([1]),
        map(() => Promise.reject(error)),
      )
      expect(await line.receive()).toBeUndefined()
      await turn()
      expect(panics).toEqual([expect.objectContaining({ cause: error })])
    } finally {
      process.removeAllListeners('unhandledRejection')
      for (const listener of others) process.on('unhandledRejection', listener)
    }
  })

  test('its context ends it: the loop throws the cause, as it is', async () => {
    const [ctx, cancel] = withCancelCause(background())
    const why = new Error('why')
    const line = pipeline(ctx, generate(endless()), double)
    const loop = (async () => {
      for await (const n of line) if (n === 10) cancel(why)
    })()
    await expect(loop).rejects.toBe(why)
    await expect(line.done).rejects.toBe(why)
    expect(runtime.numGoroutine()).toBe(1)
  })

  test('ended by its context, it is no panic, and may be left', async () => {
    const [ctx, cancel] = withCancel(background())
    const line = pipeline(ctx, generate(endless()), double)
    await line.receive()
    cancel()
    expect(await line.receive()).toBeUndefined()
    await turn()
    const other = pipeline(background(), generate(endless()), double)
    for await (const _ of other) break

    const [own, cancelOwn] = withCancel(background())
    for await (const _ of pipeline(own, generate(endless()))) {
      cancelOwn()
      break
    }
  })

  test('with a context that has ended, nothing is asked for', async () => {
    const [ctx, cancel] = withCancel(background())
    cancel()
    let isAsked = false
    const source = generate({
      *[Symbol.iterator]() {
        isAsked = true
        yield 1
      },
    })
    const line = pipeline(ctx, source, double)
    await expect(collect(line)).rejects.toThrow(Canceled)
    await turn()
    expect(isAsked).toBe(true) // the source has a context of its own, and had asked for one
  })

  test('can be the source of another, and a part of one', async () => {
    const inner = pipeline(background(), generate(numbers(5)), double)
    const nested = (source: ReceiveChan<number>, ctx: Context) => pipeline(ctx, source, double, double)
    expect(await collect(pipeline(background(), inner, nested))).toEqual([0, 8, 16, 24, 32])
    await inner.done
  })

  test('as the source of another it fails and stops with that', async () => {
    const error = new Error('boom')
    const bad = map(function bad(n: number) {
      if (n === 2) throw error
      return n
    })
    const failing = pipeline(background(), pipeline(background(), generate(endless()), bad), double)
    await expect(collect(failing)).rejects.toMatchObject({ stage: 'bad', cause: error })

    const inner = pipeline(background(), generate(endless()))
    const outer = pipeline(background(), inner, double)
    await outer.receive()
    outer.stop()
    await outer.done
    await inner.done
    expect(runtime.numGoroutine()).toBe(1)
  })

  test('cut short by a context of its own it is an error of the other, not the end of the values', async () => {
    const [ctx, cancel] = withCancelCause(background())
    const why = new Error('why')
    const outer = pipeline(background(), pipeline(ctx, generate(endless()), double), double)
    await outer.receive()
    cancel(why)
    await expect(collect(outer)).rejects.toMatchObject({ name: 'PipelineError', cause: why })
  })

  test('that has failed before is an error of the other', async () => {
    const error = new Error('boom')
    const inner = pipeline(
      background(),
      generate([1]),
      map(() => Promise.reject(error)),
    )
    await expect(inner.done).rejects.toThrow(PipelineError)
    await expect(collect(pipeline(background(), inner))).rejects.toMatchObject({ cause: error })
  })

  test('leaves a channel that is fed by hand open, and takes nothing from it afterwards', async () => {
    const source = chan<number>(10)
    for (const n of numbers(10)) source.trySend(n)
    const line = pipeline(background(), source, double)
    for await (const n of line) if (n === 2) break
    expect(source.closed).toBe(false)
    const left = source.length
    await turn()
    expect(source.length).toBe(left)
    expect(left).toBeGreaterThanOrEqual(5)
  })
})

describe('map', () => {
  test('runs as many calls at a time as it has workers', async () => {
    for (const ordered of [true, false]) {
      const ends: (() => void)[] = []
      const wait = () => new Promise<void>(resolve => ends.push(resolve))
      const line = pipeline(background(), generate(numbers(9)), map(wait, { workers: 3, ordered }))
      const all = collect(line)
      for (let calls = 3; calls <= 9; calls++) {
        await turn()
        expect(ends).toHaveLength(calls)
        ends[calls - 3]!()
      }
      ends[7]!()
      ends[8]!()
      expect(await all).toHaveLength(9)
    }
  })

  test('never runs more calls at a time than it has workers, and keeps the order if it is to', async () => {
    for (const ordered of [true, false]) {
      for (const workers of [1, 2, 5]) {
        let running = 0
        let most = 0
        const line = pipeline(
          background(),
          generate(numbers(50)),
          map(
            async (n: number) => {
              most = Math.max(most, ++running)
              for (let i = n % 7; i > 0; i--) await undefined
              if (n % 5 === 0) await turn()
              running--
              return n
            },
            { workers, ordered },
          ),
        )
        const all = await collect(line)
        expect(most).toBeLessThanOrEqual(workers)
        if (ordered) expect(all).toEqual(numbers(50))
        else expect(all.sort((a, b) => a - b)).toEqual(numbers(50))
      }
    }
  })

  test('in order, takes at most twice as many values ahead as it has workers', async () => {
    const workers = 3
    let asked = 0
    function* source() {
      for (;;) yield ++asked
    }
    let end = () => {}
    const line = pipeline(
      background(),
      generate(source()),
      map(
        (n: number) =>
          n === 1
            ? new Promise<number>(resolve => {
                end = () => resolve(n)
              })
            : n,
        { workers },
      ),
    )
    await turn()
    // One is being sent by the source, and one has been asked for by nobody but the source itself.
    expect(asked).toBeLessThanOrEqual(2 * workers + 1)
    end()
    expect(await line.receive()).toBe(1)
    expect(await line.receive()).toBe(2)
    line.stop()
    await line.done
  })

  test('unordered, sends what is ready first', async () => {
    let end = () => {}
    const line = pipeline(
      background(),
      generate([1, 2]),
      map(
        (n: number) =>
          n === 1
            ? new Promise<number>(resolve => {
                end = () => resolve(n)
              })
            : n,
        { workers: 2, ordered: false },
      ),
    )
    expect(await line.receive()).toBe(2)
    end()
    expect(await line.receive()).toBe(1)
    await line.done
  })

  test('has a buffer, if asked for', async () => {
    let calls = 0
    const stage = map(() => ++calls, { buffer: 3 })
    const [ctx, cancel] = withCancel(background())
    const out = stage(generate(endless(), ctx), ctx)
    await turn()
    expect(out.capacity).toBe(3)
    expect(out.length).toBe(3)
    expect(calls).toBe(4)
    cancel()
    await turn()
  })

  test('is a stage for any context: cancelling it stops it and its source', async () => {
    const [ctx, cancel] = withCancel(background())
    const out = double(generate(endless()), ctx)
    expect(await out.receive()).toBe(0)
    cancel()
    await turn()
    expect(out.closed).toBe(true)
    expect(runtime.numGoroutine()).toBe(1)
  })

  test('an error is known before the channel closes, however it is derived', async () => {
    for (const workers of [1, 4]) {
      for (const ordered of [true, false]) {
        for (let at = 0; at < 20; at++) {
          const line = pipeline(
            background(),
            generate(numbers(20)),
            (source, ctx) => {
              const [own] = withCancel(ctx)
              return map(
                (n: number) => {
                  if (n === at) throw new Error(`at ${at}`)
                  return n
                },
                { workers, ordered },
              )(source, own)
            },
            double,
          )
          await expect(collect(line)).rejects.toThrow(`at ${at}`)
        }
      }
    }
  })

  test('refuses options that are out of range', () => {
    for (const workers of [0, 1.5, Number.NaN]) expect(() => map(n => n, { workers })).toThrow(RangeError)
    for (const buffer of [-1, 1.5]) expect(() => map(n => n, { buffer })).toThrow(RangeError)
  })

  test('calls its function with the value alone', async () => {
    const line = pipeline(
      background(),
      generate(['10', '11']),
      map(Number.parseInt as (text: string) => number),
    )
    expect(await collect(line)).toEqual([10, 11])
  })
})
