import type { Context } from '@millrace/core'
import { each, type MapOptions } from './each.js'
import type { Stage } from './pipeline.js'

/**
 * A stage that sends what `fn` makes of each value. A `parallel` function runs on the pool: then the workers are threads.
 *
 * What `fn` throws ends the pipeline. Calls that are running then, or when it is stopped, are waited for: `fn` gets a context that ends
 * with the pipeline, and can stop early.
 *
 * In order, up to twice as many values as there are workers are taken from the source ahead of the one that is to be sent next.
 *
 * @throws {TypeError} `fn` is no function. @throws {RangeError} `workers` or `buffer` is out of range.
 *
 * @example
 * const squares = pipeline(background(), generate([1, 2, 3]), map((n: number) => n * n, { workers: 2 }))
 * await squares.receive() // => 1
 */
export function map<A, B>(
  fn: (value: A, ctx: Context) => B | PromiseLike<B>,
  options: MapOptions = {},
): Stage<A, B> {
  return each<A, B, B>('map', fn, (out, _value, result, ctx) => out.send(result, ctx), options)
}
