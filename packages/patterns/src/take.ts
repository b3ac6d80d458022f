import { chan } from '@millrace/core'
import type { Stage } from './pipeline.js'
import { Run } from './run.js'

/**
 * A stage that sends the first `n` values and then ends: what comes before it in the pipeline is stopped, and waited for. It never
 * takes more than it sends; what a plain channel still holds stays there.
 *
 * @throws {RangeError} `n` is not a whole number of at least 0.
 *
 * @example
 * function* endless() { for (let i = 0; ; i++) yield i }
 * const seen: number[] = []
 * for await (const n of pipeline(background(), generate(endless()), take(3))) seen.push(n)
 * seen // => [0, 1, 2]
 */
export function take<T>(n: number): Stage<T, T> {
  if (!Number.isSafeInteger(n) || n < 0) {
    throw new RangeError(`take: n must be a whole number of at least 0, got ${String(n)}`)
  }
  return (source, ctx) => {
    const out = chan<T>()
    const run = new Run(ctx, [out])
    run.adopt(source)
    run.go('take', async () => {
      for (let left = n; left > 0; left--) {
        const { value, ok } = await source.receiveOk(run.ctx)
        if (!ok) return
        await out.send(value as T, run.ctx)
      }
      run.finish()
    })
    return out
  }
}
