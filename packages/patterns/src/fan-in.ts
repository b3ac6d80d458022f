import { background, chan, type ReceiveChan } from '@millrace/core'
import { copy } from './copy.js'
import { Run } from './run.js'

/**
 * A channel, unbuffered, of whatever comes on any of `sources`; closed once all of them are closed and drained. Each source's
 * values stay in order.
 *
 * One value of each source is on its way. What stops the fan-in, a pipeline that receives from it, stops sources that
 * are made of patterns.
 *
 * @example
 * const both = fanIn(generate([1, 2]), generate([3]))
 * let sum = 0
 * for await (const n of both) sum += n
 * sum // => 6
 */
export function fanIn<T>(...sources: ReceiveChan<T>[]): ReceiveChan<T> {
  const out = chan<T>()
  const run = new Run(background(), [out])
  for (const source of sources) {
    run.adopt(source)
    run.go('fanIn', () => copy(source, out, run.ctx))
  }
  return out
}
