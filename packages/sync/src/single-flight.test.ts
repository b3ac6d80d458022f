// Pool threads load the compiled packages, so the test has to as well.
import { describe, expect, test } from 'vitest'
import { SingleFlight } from '../dist/index.js'
import { worlds } from '../fixtures/worlds.mjs'

/** A function that ends when it is told to, and counts its calls. */
function controlled<V>() {
  const calls: { resolve: (value: V) => void; reject: (error: unknown) => void }[] = []
  const fn = () =>
    new Promise<V>((resolve, reject) => {
      calls.push({ resolve, reject })
    })
  return { calls, fn }
}

/** Lets everything happen that can happen by itself. */
const turn = async () => {
  for (let i = 0; i < 4; i++) await new Promise(resolve => setImmediate(resolve))
}

describe.each(worlds)('SingleFlight, $name', ({ make }) => {
  test('calls once for all who ask meanwhile, and tells them that they share', async () => {
    const flights = await make(SingleFlight<string, number>)
    const { calls, fn } = controlled<number>()
    const asks = [flights.do('key', fn), flights.do('key', fn), flights.do('key', fn)]
    await turn()
    expect(calls).toHaveLength(1)
    calls[0]!.resolve(7)
    expect(await Promise.all(asks)).toEqual(Array(3).fill({ value: 7, shared: true }))
  })

  test('does not share with who asks alone, nor with who asks later', async () => {
    const flights = await make(SingleFlight<string, number>)
    let n = 0
    expect(await flights.do('key', () => ++n)).toEqual({ value: 1, shared: false })
    expect(await flights.do('key', () => ++n)).toEqual({ value: 2, shared: false })
  })

  test('calls for each key', async () => {
    const flights = await make(SingleFlight<number, number>)
    const [a, b] = await Promise.all([flights.do(1, () => 10), flights.do(2, () => 20)])
    expect([a, b]).toEqual([
      { value: 10, shared: false },
      { value: 20, shared: false },
    ])
  })

  test('an error reaches all who share', async () => {
    const flights = await make(SingleFlight<string, number>)
    const error = new Error('flight')
    const { calls, fn } = controlled<number>()
    const asks = [flights.do('key', fn), flights.do('key', fn)]
    const result = flights.doChan('key', fn)
    await turn()
    calls[0]!.reject(error)
    for (const ask of asks) await expect(ask).rejects.toBe(error)
    expect(await result.receive()).toEqual({ value: undefined, error, shared: true })
    expect(await flights.do('key', () => 1)).toEqual({ value: 1, shared: false })
  })

  test('forget lets the next call fly while the first still does, and outlive it', async () => {
    const flights = await make(SingleFlight<string, string>)
    const { calls, fn } = controlled<string>()
    const first = flights.do('key', fn)
    flights.forget('key')
    const second = flights.do('key', fn)
    await turn()
    expect(calls).toHaveLength(2)
    calls[0]!.resolve('first')
    expect(await first).toEqual({ value: 'first', shared: false })
    const third = flights.do('key', fn) // joins the second
    calls[1]!.resolve('second')
    expect(await Promise.all([second, third])).toEqual(Array(2).fill({ value: 'second', shared: true }))
  })

  test('who gives up leaves the call to the others', async () => {
    const flights = await make(SingleFlight<string, number>)
    const { calls, fn } = controlled<number>()
    const controller = new AbortController()
    const first = flights.do('key', fn, controller)
    const second = flights.do('key', fn)
    controller.abort('enough')
    await expect(first).rejects.toBe('enough')
    await turn()
    calls[0]!.resolve(1)
    expect(await second).toEqual({ value: 1, shared: true })
  })

  test('doChan answers a channel that gets the one result and stays open', async () => {
    const flights = await make(SingleFlight<string, number>)
    const result = flights.doChan('key', () => 5)
    expect(result.capacity).toBe(1)
    expect(result.tryReceiveOk()).toBeUndefined()
    expect(await result.receive()).toEqual({ value: 5, error: undefined, shared: false })
    await turn()
    expect(result.closed).toBe(false)
  })

  test('the same primitive is the same key, and no other', async () => {
    const flights = await make(SingleFlight<unknown, number>)
    const { calls, fn } = controlled<number>()
    const keys = [
      1,
      '1',
      1n,
      true,
      'true',
      null,
      'null',
      undefined,
      'undefined',
      '',
      0,
      Number.NaN,
      '\ud800',
      Symbol('s'),
    ]
    const asks = keys.flatMap(key => [flights.do(key, fn), flights.do(key, fn)])
    const alsoZero = flights.do(-0, fn)
    await turn()
    expect(calls).toHaveLength(keys.length)
    for (const [i, { resolve }] of calls.entries()) resolve(i)
    const results = await Promise.all(asks)
    expect(results).toEqual(keys.flatMap((_, i) => Array(2).fill({ value: i, shared: true })))
    expect((await alsoZero).value).toBe(keys.indexOf(0))
  })

  test('an object is a key as well', async () => {
    const flights = await make(SingleFlight<object, number>)
    const { calls, fn } = controlled<number>()
    const key = { user: 7 }
    const asks = [flights.do(key, fn), flights.do(key, fn), flights.do({ user: 8 }, fn)]
    await turn()
    expect(calls).toHaveLength(2)
    for (const { resolve } of calls) resolve(1)
    expect((await Promise.all(asks)).map(({ shared }) => shared)).toEqual([true, true, false])
  })

  test('who asks in a function that flies for another key does not wait for itself', async () => {
    const flights = await make(SingleFlight<string, number>)
    const outer = await flights.do('a', async () => (await flights.do('b', () => 1)).value + 1)
    expect(outer).toEqual({ value: 2, shared: false })
  })

  test('a function that throws at once rejects, as does one that is none', async () => {
    const flights = await make(SingleFlight<string, number>)
    const error = new RangeError('at once')
    const fail = () => {
      throw error
    }
    await expect(flights.do('key', fail)).rejects.toBe(error)
    await expect(flights.do('key', undefined as never)).rejects.toThrow(TypeError)
    expect(await flights.do('key', () => 1)).toEqual({ value: 1, shared: false })
  })

  test('more calls at once than threads can tell each other are made all the same', async () => {
    const flights = await make(SingleFlight<number, number>)
    const { calls, fn } = controlled<number>()
    const keys = Array.from({ length: 8000 }, (_, key) => key)
    const asks = [...keys, ...keys].map(key => flights.do(key, fn))
    await turn()
    expect(calls).toHaveLength(keys.length)
    for (const { resolve } of calls) resolve(1)
    expect(await Promise.all(asks)).toEqual(asks.map(() => ({ value: 1, shared: true })))
  })
})
