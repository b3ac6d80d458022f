import { type Context, chan, type ReceiveChan, type SendChan, type WaitOptions } from '@millrace/core'
import { contextOf } from './context-of.js'
import { Run } from './run.js'

/**
 * `n` channels, unbuffered, each of which gives every value of `source`. All are closed once `source` is closed and drained, or
 * `options` end.
 *
 * The next value is taken when all channels have given the one before: the slowest receiver sets the pace, so receive from all of
 * them, at the same time. One that a pipeline has stopped receiving from is left out from then on; when all are, the source is
 * stopped. The values are not copied: all receivers get the same object.
 *
 * @throws {RangeError} `n` is not a whole number of at least 1.
 *
 * @example
 * const [left, right] = tee(generate([1, 2]), 2)
 * await Promise.all([left.receive(), right.receive()]) // => [1, 1]
 * await Promise.all([left.receive(), right.receive()]) // => [2, 2]
 */
export function tee<T>(source: ReceiveChan<T>, n: number, options?: WaitOptions): ReceiveChan<T>[] {
  if (!Number.isSafeInteger(n) || n < 1) {
    throw new RangeError(`tee: n must be a whole number of at least 1, got ${String(n)}`)
  }
  const outs = Array.from({ length: n }, () => chan<T>())
  const run = new Run(contextOf(options), outs)
  run.adopt(source)
  const branches = outs.map(out => ({ out, wanted: run.whileWanted(out) }))
  run.go('tee', async () => {
    for (;;) {
      const { value, ok } = await source.receiveOk(run.ctx)
      if (!ok) return
      await Promise.all(branches.map(({ out, wanted }) => sendIfWanted(out, value as T, wanted, run.ctx)))
    }
  })
  return outs
}

async function sendIfWanted<T>(out: SendChan<T>, value: T, wanted: Context, ctx: Context): Promise<void> {
  try {
    await out.send(value, wanted)
  } catch (error) {
    const isLeft = wanted.err() && !ctx.err()
    if (!isLeft) throw error
  }
}
