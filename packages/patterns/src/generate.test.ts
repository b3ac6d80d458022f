import { getEventListeners } from 'node:events'
import { background, chan, runtime, withCancel } from '@millrace/core'
import { afterEach, describe, expect, test } from 'vitest'
import { generate, map, PipelineError, pipeline } from './index.js'

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

/** An endless source that notes what happens to it. */
function endless() {
  const log = { asked: 0, left: 0 }
  function* sync() {
    try {
      for (;;) yield ++log.asked
    } finally {
      log.left++
    }
  }
  async function* async() {
    try {
      for (;;) {
        await undefined
        yield ++log.asked
      }
    } finally {
      log.left++
    }
  }
  return { log, sync, async }
}

describe('generate', () => {
  test('sends the items of an iterable, and closes', async () => {
    expect(await collect(generate([1, 2, 3]))).toEqual([1, 2, 3])
    expect(await collect(generate('añ🙂'))).toEqual(['a', 'ñ', '🙂'])
    expect(await collect(generate(new Set<string>()))).toEqual([])
  })

  test('sends the items of an async iterable, and closes', async () => {
    async function* items() {
      yield 1
      await turn()
      yield 2
    }
    expect(await collect(generate(items()))).toEqual([1, 2])
  })

  test('sends what comes on a channel, and loses nothing when it is stopped', async () => {
    const source = chan<number>(3)
    await source.send(1)
    await source.send(2)
    const [ctx, cancel] = withCancel(background())
    const out = generate(source, ctx)
    expect(await out.receive()).toBe(1)
    expect(await out.receive()).toBe(2)
    await turn()
    cancel()
    await turn()
    expect(out.closed).toBe(true)
    await source.send(3)
    expect(source.length).toBe(1)
  })

  test('sends undefined as any other value', async () => {
    const out = generate([undefined, undefined])
    expect(await out.receiveOk()).toEqual({ value: undefined, ok: true })
    expect(await out.receiveOk()).toEqual({ value: undefined, ok: true })
    expect(await out.receiveOk()).toEqual({ value: undefined, ok: false })
  })

  test('asks for items as they are received', async () => {
    const { log, sync } = endless()
    const [ctx, cancel] = withCancel(background())
    const out = generate(sync(), ctx)
    await turn()
    expect(log.asked).toBe(1)
    await out.receive()
    await turn()
    expect(log.asked).toBe(2)
    cancel()
    await turn()
  })

  test.each(['sync', 'async'] as const)('stops and tells %s items when its options end', async kind => {
    const { log, [kind]: items } = endless()
    const controller = new AbortController()
    const out = generate<number>(items(), controller)
    expect(await out.receive()).toBe(1)
    await turn()
    controller.abort()
    await turn()
    expect(log.left).toBe(1)
    expect(await out.receive()).toBeUndefined()
    expect(out.closed).toBe(true)
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
  })

  test('does not wait for an async iterable that does not answer', async () => {
    let isLeft = false
    let answer = (_: IteratorResult<number>) => {}
    const items: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        next: () =>
          new Promise(resolve => {
            answer = resolve
          }),
        return: async () => {
          isLeft = true
          return { value: undefined, done: true }
        },
      }),
    }
    const [ctx, cancel] = withCancel(background())
    const out = generate(items, ctx)
    await turn()
    cancel()
    expect(await out.receive()).toBeUndefined()
    expect(isLeft).toBe(true)
    expect(runtime.numGoroutine()).toBe(2) // it is still asking
    answer({ value: undefined, done: true })
  })

  test('already cancelled, asks for nothing and closes', async () => {
    const { log, async } = endless()
    const [ctx, cancel] = withCancel(background())
    cancel()
    expect(await collect(generate(async(), ctx))).toEqual([])
    await turn()
    expect(log).toEqual({ asked: 0, left: 0 })
  })

  test('an error of its items is the error of the pipeline that it feeds', async () => {
    const error = new Error('source')
    function* items() {
      yield 1
      throw error
    }
    const seen: number[] = []
    const line = pipeline(
      background(),
      generate(items()),
      map((n: number) => n),
    )
    const reading = (async () => {
      for await (const n of line) seen.push(n)
    })()
    await expect(reading).rejects.toThrow(new PipelineError('generate', error))
    await expect(line.done).rejects.toMatchObject({ stage: 'generate', cause: error })
  })

  test('an error of its items is a panic, if there is no pipeline', async () => {
    const panics: unknown[] = []
    const others = process.listeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection')
    process.on('unhandledRejection', reason => panics.push(reason))
    try {
      const error = new Error('source')
      const out = generate({
        [Symbol.iterator]() {
          throw error
        },
      })
      expect(await out.receive()).toBeUndefined()
      await turn()
      expect(panics).toEqual([expect.objectContaining({ stage: 'generate', cause: error })])
    } finally {
      process.removeAllListeners('unhandledRejection')
      for (const listener of others) process.on('unhandledRejection', listener)
    }
  })
})
