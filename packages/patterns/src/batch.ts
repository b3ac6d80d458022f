import { type Context, chan, type ReceiveChan, select, Timer } from '@millrace/core'
import type { Stage } from './pipeline.js'
import { Run } from './run.js'

export interface BatchOptions {
  /** Sends a batch that is not full so many milliseconds after its first value came. Never, unless given. */
  everyMs?: number
}

/**
 * A stage that sends the values in arrays of `n`; the last one may be shorter, and none is empty.
 *
 * While a full batch waits to be received no values are taken. If the pipeline fails or is stopped, the values of a batch that is not
 * full are gone with it.
 *
 * @throws {RangeError} `n` is not a whole number of at least 1, or `everyMs` not a number above 0.
 *
 * @example
 * const pairs = pipeline(background(), generate([1, 2, 3]), batch<number>(2))
 * await pairs.receive() // => [1, 2]
 * await pairs.receive() // => [3]
 */
export function batch<T>(
  n: number,
  { everyMs = Number.POSITIVE_INFINITY }: BatchOptions = {},
): Stage<T, T[]> {
  if (!Number.isSafeInteger(n) || n < 1) {
    throw new RangeError(`batch: n must be a whole number of at least 1, got ${String(n)}`)
  }
  if (typeof everyMs !== 'number' || !(everyMs > 0)) {
    throw new RangeError(`batch: everyMs must be a number of milliseconds above 0, got ${String(everyMs)}`)
  }
  return (source, ctx) => {
    const out = chan<T[]>()
    const run = new Run(ctx, [out])
    run.adopt(source)
    run.go('batch', async () => {
      for (let isLast = false; !isLast; ) {
        const values: T[] = []
        isLast = await fill(values, source, n, everyMs, run.ctx)
        if (values.length > 0) await out.send(values, run.ctx)
      }
    })
    return out
  }
}

/** Receives up to `n` values; answers whether there are no more. The time begins with the first, so no batch is empty for it. */
async function fill<T>(
  values: T[],
  source: ReceiveChan<T>,
  n: number,
  everyMs: number,
  ctx: Context,
): Promise<boolean> {
  const first = await source.receiveOk(ctx)
  if (!first.ok) return true
  values.push(first.value)
  const timer = new Timer(everyMs)
  try {
    while (values.length < n) {
      const hit = await select({ next: source, late: timer.c }, ctx)
      if (hit.case === 'late') break
      if (!hit.ok) return true
      values.push(hit.value as T)
    }
    return false
  } finally {
    timer.stop()
  }
}
