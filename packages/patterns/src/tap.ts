import type { Context } from '@millrace/core'
import { each, type MapOptions } from './each.js'
import type { Stage } from './pipeline.js'

/**
 * A stage that calls `fn` with each value, waits for it, and sends the value on as it was. All else is as with `map`.
 *
 * @throws {TypeError} `fn` is no function. @throws {RangeError} `workers` or `buffer` is out of range.
 *
 * @example
 * const seen: number[] = []
 * const line = pipeline(background(), generate([1, 2]), tap((n: number) => { seen.push(n) }))
 * for await (const _ of line);
 * seen // => [1, 2]
 */
export function tap<A>(fn: (value: A, ctx: Context) => unknown, options: MapOptions = {}): Stage<A, A> {
  return each<A, unknown, A>('tap', fn, (out, value, _result, ctx) => out.send(value, ctx), options)
}
