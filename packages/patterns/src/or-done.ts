import { type Context, chan, type ReceiveChan } from '@millrace/core'
import { copy } from './copy.js'
import { Run } from './run.js'

/**
 * A channel, unbuffered, of the values of `source` that is closed when `source` is closed and drained, or as soon as `ctx` ends: so that a
 * plain `for await` over it ends with `ctx`, too. Go's or-done-channel.
 *
 * One value is on its way; if `ctx` ends before somebody receives it, it is lost. A source that is made of patterns is stopped with `ctx`;
 * a plain channel stays as it is.
 *
 * @example
 * const [ctx, cancel] = withCancel(background())
 * const values = orDone(ctx, chan<number>())
 * cancel()
 * await values.receive() // => undefined
 */
export function orDone<T>(ctx: Context, source: ReceiveChan<T>): ReceiveChan<T> {
  const out = chan<T>()
  const run = new Run(ctx, [out])
  run.adopt(source)
  run.go('orDone', () => copy(source, out, run.ctx))
  return out
}
