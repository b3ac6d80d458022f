import {
  type Chan,
  chan,
  type ElementType,
  f64,
  parallel,
  type ReceiveChan,
  type SendChan,
  struct,
} from '@millrace/core'

// What the laws of typed channels and shared arrays start on other threads.

export const knowChannel = parallel(import.meta.url, function knowChannel(..._channels: Chan<never>[]) {})

/** Tries to send `value`; answers the error's name and message, or undefined. */
export const tryToSend = parallel(
  import.meta.url,
  async function tryToSend(sink: SendChan<never>, value: unknown) {
    try {
      await sink.send(value as never)
      return undefined
    } catch (error) {
      return `${(error as Error).name}: ${(error as Error).message}`
    }
  },
)

export const forward = parallel(
  import.meta.url,
  async function forward(source: ReceiveChan<unknown>, sink: SendChan<unknown>) {
    for await (const value of source) await sink.send(value)
    sink.close()
  },
)

export const makePoints = parallel(import.meta.url, function makePoints() {
  const points = chan(4, struct({ at: struct({ x: f64, y: f64 }) }))
  points.trySend({ at: { x: 1, y: 2.5 } })
  return points
})

export const makeTyped = parallel(
  import.meta.url,
  function makeTyped(type: ElementType<unknown>, within: { type: ElementType<unknown> }, value: unknown) {
    const channels = [chan(1, type), chan(1, within.type)] as const
    for (const channel of channels) channel.trySend(value)
    return channels
  },
)

export const waitForOne = parallel(
  import.meta.url,
  async function waitForOne(source: ReceiveChan<unknown>, ready: SendChan<boolean>) {
    const receiving = source.receive()
    await ready.send(true)
    return await receiving
  },
)

type Numbers = { [index: number]: number; length: number }

export const addOne = parallel(import.meta.url, function addOne(array: Numbers) {
  for (let i = 0; i < array.length; i++) array[i]!++
  return array.length
})

export const addAtomically = parallel(
  import.meta.url,
  function addAtomically(array: Int32Array<SharedArrayBuffer>, times: number) {
    for (let i = 0; i < times; i++) Atomics.add(array, i % array.length, 1)
  },
)

export const giveBack = parallel(import.meta.url, function giveBack<T>(thing: T) {
  return thing
})

export const areSame = parallel(import.meta.url, function areSame(a: unknown, b: { deep: unknown[] }) {
  return a === b.deep[0]
})

export const sumEnds = parallel(
  import.meta.url,
  async function sumEnds(source: ReceiveChan<Uint8Array>, sums: SendChan<number>) {
    for await (const bytes of source) await sums.send(bytes[0]! + bytes[bytes.length - 1]!)
    sums.close()
  },
)
