import { type Chan, chan, go, type ReceiveChan } from '@millrace/core'
import { Semaphore } from '@millrace/sync'
import type { Stage } from './pipeline.js'
import { Run } from './run.js'
import { until } from './until.js'

export interface MapOptions {
  /** How many calls of the function run at a time. A whole number of at least 1; 1 unless given. */
  workers?: number
  /** Whether results come in the order of what they are made from; true unless given. */
  ordered?: boolean
  /** Results that may wait to be received: the capacity of the stage's channel. 0 unless given. */
  buffer?: number
  /** What errors call the stage; the name of the function unless given. */
  name?: string
}

/**
 * A stage that sends what `fn` makes of each value. A `parallel` function runs on the pool: then the workers are threads.
 *
 * What `fn` throws ends the pipeline. Calls that are running then, or when it is stopped, are waited for.
 *
 * In order, up to twice as many values as there are workers are taken from the source ahead of the one that is to be sent next.
 *
 * @throws {RangeError} `workers` or `buffer` is out of range.
 *
 * @example
 * const squares = pipeline(background(), generate([1, 2, 3]), map((n: number) => n * n, { workers: 2 }))
 * await squares.receive() // => 1
 */
export function map<A, B>(fn: (value: A) => B | PromiseLike<B>, options: MapOptions = {}): Stage<A, B> {
  const { workers = 1, ordered = true, buffer = 0, name = fn.name || 'map' } = options
  if (!Number.isInteger(workers) || workers < 1) {
    throw new RangeError(`map: workers must be a whole number of at least 1, got ${String(workers)}`)
  }
  chan(buffer) // refuses a buffer that no channel can have, now rather than when the pipeline is made

  return (source, ctx) => {
    const out = chan<B>(buffer)
    const run = new Run(ctx, [out])
    run.adopt(source)
    if (ordered && workers > 1) mapInOrder(source, out, run, { fn, workers, name })
    else for (let i = 0; i < workers; i++) run.go(name, () => mapEach(source, out, run, fn))
    return out
  }
}

async function mapEach<A, B>(
  source: ReceiveChan<A>,
  out: Chan<B>,
  { ctx }: Run,
  fn: (value: A) => B | PromiseLike<B>,
): Promise<void> {
  for (;;) {
    const { value, ok } = await source.receiveOk(ctx)
    if (!ok) return
    await out.send(await go(fn, value as A), ctx)
  }
}

/**
 * One goroutine takes values and starts calls, each a goroutine too; another sends the results in the order of the values.
 *
 *   M1  calls that run            <= workers
 *   M2  values taken and not sent <= 2 * workers:  the one whose result is to be sent next, those in `calls`, and the one
 *                                                  that waits to get there
 */
function mapInOrder<A, B>(
  source: ReceiveChan<A>,
  out: Chan<B>,
  run: Run,
  { fn, workers, name }: { fn: (value: A) => B | PromiseLike<B>; workers: number; name: string },
): void {
  const { ctx } = run
  const idle = new Semaphore(workers)
  const calls = chan<{ result: Promise<B> }>(2 * workers - 2)

  run.go(name, async () => {
    for (;;) {
      await idle.acquire(1, ctx)
      const { value, ok } = await source.receiveOk(ctx)
      if (!ok) break
      const result = go(fn, value as A) as Promise<B>
      run.own(
        name,
        result.finally(() => idle.release()),
      )
      await calls.send({ result }, ctx)
    }
    calls.close()
  })
  run.go(name, async () => {
    for (;;) {
      const { value: call, ok } = await calls.receiveOk(ctx)
      if (!ok) return
      await out.send(await until(call.result, ctx), ctx)
    }
  })
}
