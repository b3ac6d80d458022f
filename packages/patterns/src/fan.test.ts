import { background, chan, go, runtime, withCancel } from '@millrace/core'
import { afterEach, describe, expect, test } from 'vitest'
import { fanIn, fanOut, generate, map, pipeline } from './index.js'

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

const numbers = (n: number, from = 0) => Array.from({ length: n }, (_, i) => from + i)

function* endless() {
  for (let i = 0; ; i++) yield i
}

const ascending = (a: number, b: number) => a - b

describe('fanIn', () => {
  test('sends whatever comes on any source, each in order, and closes after the last', async () => {
    const all = await collect(
      fanIn(generate(numbers(100)), generate(numbers(50, 1000)), generate<number>([])),
    )
    expect(all.filter(n => n < 1000)).toEqual(numbers(100))
    expect(all.filter(n => n >= 1000)).toEqual(numbers(50, 1000))
    expect(all).toHaveLength(150)
  })

  test('of nothing is closed', async () => {
    expect(await collect(fanIn())).toEqual([])
  })

  test('a silent source does not hold up the others', async () => {
    const silent = chan<number>()
    const out = fanIn(silent, generate([1, 2]))
    expect([await out.receive(), await out.receive()]).toEqual([1, 2])
    silent.close()
    expect(await out.receive()).toBeUndefined()
  })

  test('a pipeline that stops, stops the sources, too', async () => {
    const line = pipeline(background(), fanIn(generate(endless()), fanIn(generate(endless()))))
    let n = 0
    for await (const _ of line) if (++n === 10) break
    await line.done
    expect(runtime.numGoroutine()).toBe(1)
  })

  test('an error of a source reaches the pipeline, and stops the other sources', async () => {
    const error = new Error('source')
    const failing = {
      *[Symbol.iterator]() {
        yield 1
        throw error
      },
    }
    const line = pipeline(background(), fanIn(generate(endless()), generate(failing)))
    await expect(collect(line)).rejects.toMatchObject({ stage: 'generate', cause: error })
  })
})

describe('fanOut', () => {
  test('shares the values among its channels: each goes to one', async () => {
    const outs = fanOut(generate(numbers(300)), 3)
    const parts = await Promise.all(outs.map(collect))
    expect(parts.flat().sort(ascending)).toEqual(numbers(300))
    for (const part of parts) {
      expect(part.length).toBeGreaterThan(0)
      expect(part).toEqual([...part].sort(ascending))
    }
  })

  test('a receiver that does not receive holds up nothing', async () => {
    const [, busy] = fanOut(generate(numbers(100)), 2)
    expect(await collect(busy!)).toEqual(numbers(100))
  })

  test('closes all when its options end', async () => {
    const [ctx, cancel] = withCancel(background())
    const source = chan<number>()
    const outs = fanOut(source, 2, ctx)
    await turn()
    cancel()
    expect(await Promise.all(outs.map(collect))).toEqual([[], []])
    expect(source.trySend(1)).toBe(false)
  })

  test('and fanIn with a stage in between is a pool of workers', async () => {
    const ctx = background()
    const double = map((n: number) => n * 2)
    const line = pipeline(ctx, fanIn(...fanOut(generate(numbers(100)), 4).map(part => double(part, ctx))))
    expect((await collect(line)).sort(ascending)).toEqual(numbers(100).map(n => n * 2))
  })

  test('stops its source when all that receive from it have stopped, and not before', async () => {
    const [left, right] = fanOut(generate(endless()), 2)
    const one = pipeline(background(), left!)
    const other = pipeline(background(), right!)
    await one.receive()
    await other.receive()
    one.stop()
    await one.done
    await turn()
    for (let i = 0; i < 10; i++) expect((await other.receiveOk()).ok).toBe(true)
    other.stop()
    await other.done
    await turn()
    expect(runtime.numGoroutine()).toBe(1)
  })

  test('an error of its source reaches all that receive from it', async () => {
    const error = new Error('source')
    const lines = fanOut(
      generate({
        [Symbol.iterator]() {
          throw error
        },
      }),
      2,
    ).map(part => pipeline(background(), part))
    for (const line of lines)
      await expect(line.done).rejects.toMatchObject({ stage: 'generate', cause: error })
  })

  test('refuses a number that is none', () => {
    const source = chan<number>()
    for (const n of [0, -1, 1.5, Number.NaN]) expect(() => fanOut(source, n)).toThrow(RangeError)
  })
})

test('a thousand values through fans of fans arrive once each', async () => {
  const ctx = background()
  const inner = fanIn(...fanOut(generate(numbers(1000)), 5))
  const outer = fanIn(...fanOut(inner, 7, ctx))
  const sum = await go(async () => (await collect(pipeline(ctx, outer))).reduce((a, b) => a + b, 0))
  expect(sum).toBe(499_500)
})
