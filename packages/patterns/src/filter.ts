import type { Context } from '@millrace/core'
import { each, type MapOptions } from './each.js'
import type { Stage } from './pipeline.js'

/**
 * A stage that sends those values of which `fn` answers true, or anything that counts as true. All else is as with `map`: `fn` may
 * be `parallel`, there may be several workers, and the order is kept unless told otherwise. What is sent is the value itself, not the
 * copy that a `parallel` function was given.
 *
 * @throws {TypeError} `fn` is no function. @throws {RangeError} `workers` or `buffer` is out of range.
 *
 * @example
 * const odd = pipeline(background(), generate([1, 2, 3]), filter((n: number) => n % 2 === 1))
 * const seen: number[] = []
 * for await (const n of odd) seen.push(n)
 * seen // => [1, 3]
 */
export function filter<A, B extends A>(
  fn: (value: A, ctx: Context) => value is B,
  options?: MapOptions,
): Stage<A, B>
export function filter<A>(
  fn: (value: A, ctx: Context) => boolean | PromiseLike<boolean>,
  options?: MapOptions,
): Stage<A, A>
export function filter<A>(
  fn: (value: A, ctx: Context) => boolean | PromiseLike<boolean>,
  options: MapOptions = {},
): Stage<A, A> {
  return each<A, boolean, A>(
    'filter',
    fn,
    (out, value, isWanted, ctx) => (isWanted ? out.send(value, ctx) : undefined),
    options,
  )
}
