import { chan, type ReceiveChan, select, send, type WaitOptions } from '@millrace/core'
import { contextOf } from './context-of.js'
import { Run } from './run.js'

/**
 * `n` channels, unbuffered, that share the values of `source`: each value goes to one of them, one that is being received from.
 * All are closed once `source` is closed and drained, or `options` end.
 *
 * At most one value is on its way: a slow receiver holds up nothing but itself. Costs time in proportion to `n` for each value.
 *
 * @throws {RangeError} `n` is not a whole number of at least 1.
 *
 * @example
 * const [left, right] = fanOut(generate([1, 2, 3]), 2)
 * const sums = await Promise.all([left, right].map(async half => {
 *   let sum = 0
 *   for await (const n of half) sum += n
 *   return sum
 * }))
 * sums[0] + sums[1] // => 6
 */
export function fanOut<T>(source: ReceiveChan<T>, n: number, options?: WaitOptions): ReceiveChan<T>[] {
  if (!Number.isInteger(n) || n < 1) {
    throw new RangeError(`fanOut: n must be a whole number of at least 1, got ${String(n)}`)
  }
  const outs = Array.from({ length: n }, () => chan<T>())
  const run = new Run(contextOf(options), outs)
  run.adopt(source)
  run.go('fanOut', async () => {
    for (;;) {
      const { value, ok } = await source.receiveOk(run.ctx)
      if (!ok) return
      await select(
        outs.map(out => send(out, value as T)),
        run.ctx,
      )
    }
  })
  return outs
}
