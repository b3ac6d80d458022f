import { type Chan, type Context, chan, go, type ReceiveChan, type WaitOptions } from '@millrace/core'
import { contextOf } from './context-of.js'
import { copy } from './copy.js'
import { Run } from './run.js'
import { until } from './until.js'

/**
 * A channel of `items`, unbuffered, which a goroutine sends and then closes. The items are asked for one by one: one is waiting
 * to be received, the next has not been asked for.
 *
 * It ends early, and `items` is told (`return`), when `options` end, or when what receives from it does: a pipeline, a
 * fan-in. The channel is closed then. An error of `items` is an error of the pipeline, stage "generate"; without one, a panic.
 *
 * @throws {TypeError} `items` cannot be iterated.
 *
 * @example
 * const numbers = generate([1, 2, 3])
 * await numbers.receive() // => 1
 */
export function generate<T>(items: Iterable<T> | AsyncIterable<T>, options?: WaitOptions): ReceiveChan<T> {
  if (!isIterable(items)) {
    throw new TypeError(`generate: the items must be iterable, or a channel, got ${typeof items}`)
  }
  const out = chan<T>()
  const run = new Run(contextOf(options), [out])
  if (isChannel(items)) run.adopt(items)
  run.go('generate', () => sendAll(items, out, run.ctx))
  return out
}

async function sendAll<T>(items: Iterable<T> | AsyncIterable<T>, out: Chan<T>, ctx: Context): Promise<void> {
  if (isChannel(items)) return copy(items, out, ctx)
  const iterator = (items as AsyncIterable<T>)[Symbol.asyncIterator]?.()
  if (iterator) return sendAsync(iterator, out, ctx)
  for (const item of items as Iterable<T>) await out.send(item, ctx)
}

async function sendAsync<T>(items: AsyncIterator<T>, out: Chan<T>, ctx: Context): Promise<void> {
  for (;;) {
    let next: IteratorResult<T>
    try {
      next = await until(
        go(() => items.next()),
        ctx,
      )
    } catch (error) {
      // It may be waiting for what never comes: it is told, and not waited for.
      if (ctx.err()) void leave(items)
      throw error
    }
    if (next.done) return
    try {
      await out.send(next.value, ctx)
    } catch (error) {
      await leave(items)
      throw error
    }
  }
}

/** Tells `items` that no more are wanted. Nobody is left to hear what goes wrong in that. */
async function leave(items: AsyncIterator<unknown>): Promise<void> {
  try {
    await items.return?.()
  } catch {}
}

const isIterable = (items: object): boolean => {
  if (items === undefined || items === null) return false
  const { [Symbol.iterator]: sync, [Symbol.asyncIterator]: async } = items as Partial<
    Iterable<unknown> & AsyncIterable<unknown>
  >
  return typeof sync === 'function' || typeof async === 'function'
}

const isChannel = <T>(items: Iterable<T> | AsyncIterable<T>): items is ReceiveChan<T> =>
  typeof (items as ReceiveChan<T>).receiveOk === 'function'
