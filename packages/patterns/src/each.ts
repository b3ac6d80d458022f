import { type Chan, type Context, chan, go, type ReceiveChan, type SendChan } from '@millrace/core'
import { Semaphore } from '@millrace/sync'
import type { Stage } from './pipeline.js'
import { Run } from './run.js'
import { until } from './until.js'

/** What stages take that call a function with each value. */
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

type Call<A, R> = (value: A, ctx: Context) => R | PromiseLike<R>
/** Sends what is to be sent for a value and what the function made of it, if anything. */
type Emit<A, R, B> = (out: SendChan<B>, value: A, result: R, ctx: Context) => Promise<void> | undefined

interface Work<A, R, B> {
  fn: Call<A, R>
  emit: Emit<A, R, B>
  workers: number
  name: string
}

/**
 * A stage that calls `fn` with each value and the context of the run, which runs on the pool if it is `parallel`: what `map`, `filter` and `tap` have in common.
 *
 * @throws {TypeError} `fn` is no function. @throws {RangeError} `workers` or `buffer` is out of range.
 */
export function each<A, R, B>(
  kind: string,
  fn: Call<A, R>,
  emit: Emit<A, R, B>,
  options: MapOptions,
): Stage<A, B> {
  if (typeof fn !== 'function') throw new TypeError(`${kind}: the first argument must be a function`)
  const { workers = 1, ordered = true, buffer = 0, name = fn.name || kind } = options
  if (!Number.isInteger(workers) || workers < 1) {
    throw new RangeError(`${kind}: workers must be a whole number of at least 1, got ${String(workers)}`)
  }
  chan(buffer) // refuses a buffer that no channel can have, now rather than when the pipeline is made
  const work = { fn, emit, workers, name }

  return (source, ctx) => {
    const out = chan<B>(buffer)
    const run = new Run(ctx, [out])
    run.adopt(source)
    if (ordered && workers > 1) inOrder(source, out, run, work)
    else for (let i = 0; i < workers; i++) run.go(name, () => asTheyCome(source, out, run, work))
    return out
  }
}

async function asTheyCome<A, R, B>(
  source: ReceiveChan<A>,
  out: Chan<B>,
  { ctx }: Run,
  { fn, emit }: Work<A, R, B>,
): Promise<void> {
  for (;;) {
    const { value, ok } = await source.receiveOk(ctx)
    if (!ok) return
    await emit(out, value as A, (await go(fn, value as A, ctx)) as R, ctx)
  }
}

/**
 * One goroutine takes values and starts calls, each a goroutine too; another sends the results in the order of the values.
 *
 *   M1  calls that run            <= workers
 *   M2  values taken and not sent <= 2 * workers:  the one whose result is to be sent next, those in `calls`, and the one
 *                                                  that waits to get there
 */
function inOrder<A, R, B>(
  source: ReceiveChan<A>,
  out: Chan<B>,
  run: Run,
  { fn, emit, workers, name }: Work<A, R, B>,
): void {
  const { ctx } = run
  const idle = new Semaphore(workers)
  const calls = chan<{ value: A; result: Promise<R> }>(2 * workers - 2)

  run.go(name, async () => {
    for (;;) {
      await idle.acquire(1, ctx)
      const { value, ok } = await source.receiveOk(ctx)
      if (!ok) break
      const result = go(fn, value as A, ctx) as Promise<R>
      run.own(
        name,
        result.finally(() => idle.release()),
      )
      await calls.send({ value: value as A, result }, ctx)
    }
    calls.close()
  })
  run.go(name, async () => {
    for (;;) {
      const { value: call, ok } = await calls.receiveOk(ctx)
      if (!ok) return
      await emit(out, call.value, await until(call.result, ctx), ctx)
    }
  })
}
