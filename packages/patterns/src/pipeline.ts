import { type Context, chan, type ReceiveChan } from '@millrace/core'
import { copy } from './copy.js'
import { PipelineError } from './errors.js'
import { Run } from './run.js'

/**
 * Makes a channel of what it makes of another. It starts goroutines, which end when `source` is closed and drained, or when
 * `ctx` ends; then it closes its channel.
 */
export type Stage<A, B> = (source: ReceiveChan<A>, ctx: Context) => ReceiveChan<B>

/**
 * What comes out of a pipeline. Leaving a `for await` over it stops it; the loop throws the error that the pipeline has
 * failed with.
 */
export type Pipeline<T> = ReceiveChan<T> & {
  /**
   * Resolves when the pipeline has come to its end or been stopped, and nothing of it is running any more. Rejects with the first
   * error, or with the cause of the context if that ended it.
   */
  readonly done: Promise<void>
  /** Stops it: sources and stages end, `done` resolves when they have. */
  stop(): void
}

/**
 * Joins stages into a pipeline, which owns their errors and their end: `source` flows through the first stage into the next, and so
 * on. What the last one sends is received from what this answers.
 *
 * It ends, with everything in it, when all values have been received; when a stage, or a source that is made of patterns,
 * throws: a PipelineError then names the stage; when `ctx` ends; when it is stopped, or a `for await` over it is left. Leaving the
 * loop waits until nothing of it is running any more. Goroutines that were started by hand to feed `source` are not its own.
 *
 * An error that is neither thrown by a loop nor asked for with `done` is a panic.
 *
 * @throws {TypeError} `source` is no channel, a stage no function, or `ctx` no context.
 *
 * @example
 * const words = pipeline(background(), generate(['mill', 'race']), map((word: string) => word.toUpperCase()))
 * const seen: string[] = []
 * for await (const word of words) seen.push(word)
 * seen // => ['MILL', 'RACE']
 */
export function pipeline<A>(ctx: Context, source: ReceiveChan<A>): Pipeline<A>
export function pipeline<A, B>(ctx: Context, source: ReceiveChan<A>, first: Stage<A, B>): Pipeline<B>
export function pipeline<A, B, C>(
  ctx: Context,
  source: ReceiveChan<A>,
  first: Stage<A, B>,
  second: Stage<B, C>,
): Pipeline<C>
export function pipeline<A, B, C, D>(
  ctx: Context,
  source: ReceiveChan<A>,
  first: Stage<A, B>,
  second: Stage<B, C>,
  third: Stage<C, D>,
): Pipeline<D>
export function pipeline<A, B, C, D, E>(
  ctx: Context,
  source: ReceiveChan<A>,
  first: Stage<A, B>,
  second: Stage<B, C>,
  third: Stage<C, D>,
  fourth: Stage<D, E>,
): Pipeline<E>
export function pipeline<A, B, C, D, E, F>(
  ctx: Context,
  source: ReceiveChan<A>,
  first: Stage<A, B>,
  second: Stage<B, C>,
  third: Stage<C, D>,
  fourth: Stage<D, E>,
  fifth: Stage<E, F>,
): Pipeline<F>
export function pipeline<A, B, C, D, E, F, G>(
  ctx: Context,
  source: ReceiveChan<A>,
  first: Stage<A, B>,
  second: Stage<B, C>,
  third: Stage<C, D>,
  fourth: Stage<D, E>,
  fifth: Stage<E, F>,
  sixth: Stage<F, G>,
): Pipeline<G>
export function pipeline<A, B, C, D, E, F, G, H>(
  ctx: Context,
  source: ReceiveChan<A>,
  first: Stage<A, B>,
  second: Stage<B, C>,
  third: Stage<C, D>,
  fourth: Stage<D, E>,
  fifth: Stage<E, F>,
  sixth: Stage<F, G>,
  seventh: Stage<G, H>,
): Pipeline<H>
export function pipeline<A, B, C, D, E, F, G, H, I>(
  ctx: Context,
  source: ReceiveChan<A>,
  first: Stage<A, B>,
  second: Stage<B, C>,
  third: Stage<C, D>,
  fourth: Stage<D, E>,
  fifth: Stage<E, F>,
  sixth: Stage<F, G>,
  seventh: Stage<G, H>,
  eighth: Stage<H, I>,
): Pipeline<I>
/** With stages that are not known one by one, all of one type. */
export function pipeline<T>(ctx: Context, source: ReceiveChan<T>, ...stages: Stage<T, T>[]): Pipeline<T>
export function pipeline(
  ctx: Context,
  source: ReceiveChan<unknown>,
  ...stages: Stage<never, unknown>[]
): Pipeline<unknown> {
  for (const [i, stage] of stages.entries()) {
    if (typeof stage !== 'function') {
      throw new TypeError(
        `pipeline: stage ${i} must be a function (source, ctx) => channel, got ${typeof stage}`,
      )
    }
  }
  const out = chan<unknown>()
  const run = new Run(ctx, [out], { isLast: true })
  const last = join(source, stages, run)
  if (last) {
    run.go('pipeline', async () => {
      await copy(last, out, run.ctx)
      run.finish()
    })
  }
  return Object.assign(out, {
    done: run.done,
    stop: () => run.stop(),
    [Symbol.asyncIterator]: () => iterate(out, run),
  })
}

/** Builds the stages one upon the other. Answers what comes out, or undefined if one of them threw. */
function join(
  source: ReceiveChan<unknown>,
  stages: Stage<never, unknown>[],
  run: Run,
): ReceiveChan<unknown> | undefined {
  let last = source
  run.adopt(last)
  for (const [i, stage] of stages.entries()) {
    try {
      last = stage(last as ReceiveChan<never>, run.ctx)
      run.adopt(last)
    } catch (error) {
      run.fail(stage.name || String(i), error)
      return undefined
    }
  }
  return last
}

function iterate<T>(out: ReceiveChan<T>, run: Run): AsyncIterator<T, undefined> {
  run.done.catch(() => {}) // from now on the loop tells
  const end: IteratorResult<T, undefined> = { value: undefined, done: true }
  return {
    async next() {
      const { value, ok } = await out.receiveOk()
      if (ok) return { value, done: false }
      await run.done
      return end
    },
    async return() {
      run.stop()
      try {
        await run.done
      } catch (error) {
        // Who leaves the loop need not be told that the context has ended; of an error nobody else would hear.
        if (error instanceof PipelineError) throw error
      }
      return end
    },
  }
}
