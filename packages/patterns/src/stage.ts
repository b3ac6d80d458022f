import { type Context, chan, go, type ReceiveChan, type SendChan } from '@millrace/core'
import type { Stage } from './pipeline.js'
import { Run } from './run.js'

export interface StageOptions {
  /** How many copies of the function run beside each other. A whole number of at least 1; 1 unless given. */
  workers?: number
  /** Values that may wait to be received: the capacity of the stage's channel. 0 unless given. */
  buffer?: number
  /** What errors call the stage; the name of the function unless given. */
  name?: string
}

/**
 * A stage made of a goroutine: `fn` receives from `source` until that ends, sends on `sink` what it likes, and returns. A `parallel`
 * function runs on a thread of the pool; `workers` copies share the source and the sink, and what they send is in no order then.
 *
 * For whole streams where `map` would start a call per value: between threads only the values cross. `fn` passes `ctx` to whatever waits, so
 * that it ends when the pipeline does. It need not close `sink`, which closes when all copies have returned; what comes before in
 * the pipeline is stopped then. What it throws ends the pipeline.
 *
 * @throws {TypeError} `fn` is no function. @throws {RangeError} `workers` or `buffer` is out of range.
 *
 * @example
 * export const evens = parallel(
 *   import.meta.url,
 *   async function evens(source: ReceiveChan<number>, sink: SendChan<number>, ctx: Context) {
 *     for (;;) {
 *       const { value, ok } = await source.receiveOk(ctx)
 *       if (!ok) return
 *       if (value % 2 === 0) await sink.send(value, ctx)
 *     }
 *   },
 * )
 * const line = pipeline(background(), generate([1, 2, 3, 4]), stage(evens))
 * await line.receive() // => 2
 * await line.receive() // => 4
 * await line.done
 */
export function stage<A, B>(
  fn: (source: ReceiveChan<A>, sink: SendChan<B>, ctx: Context) => unknown,
  options: StageOptions = {},
): Stage<A, B> {
  if (typeof fn !== 'function') throw new TypeError('stage: the first argument must be a function')
  const { workers = 1, buffer = 0, name = fn.name || 'stage' } = options
  if (!Number.isInteger(workers) || workers < 1) {
    throw new RangeError(`stage: workers must be a whole number of at least 1, got ${String(workers)}`)
  }
  chan(buffer) // refuses a buffer that no channel can have
  return (source, ctx) => {
    const out = chan<B>(buffer)
    const run = new Run(ctx, [out])
    run.adopt(source)
    let running = workers
    for (let i = 0; i < workers; i++) {
      run.go(name, async () => {
        await go(fn, source, out, run.ctx)
        // All have returned, perhaps before the end of the source: nobody wants more of it.
        if (--running === 0) run.finish()
      })
    }
    return out
  }
}
