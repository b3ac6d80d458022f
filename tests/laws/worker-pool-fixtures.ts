import {
  type AtomicBool,
  type Context,
  go,
  parallel,
  type ReceiveChan,
  type SendChan,
  withCancelCause,
} from '@millrace/core'
import { WorkerPool } from '@millrace/patterns'
import { randomFrom } from './expect.js'
import { here } from './parallel-fixtures.js'

// What the laws of worker pools start on other threads.

type Exits = { process: { exit(code: number): never } }

export const square = parallel(import.meta.url, async function square(n: number) {
  if (n < 0) throw new RangeError(`square of ${n}`)
  return { square: n * n, thread: here }
})

/** Submits the numbers from `from` on; answers the results. */
export const submitMany = parallel(import.meta.url, async function submitMany<
  R,
>(pool: WorkerPool<number, R>, from: number, count: number) {
  return Promise.all(Array.from({ length: count }, (_, i) => pool.submit(from + i)))
})

/** Submits one job; answers its result, or how it failed. */
export const submitOne = parallel(import.meta.url, async function submitOne<
  J,
  R,
>(pool: WorkerPool<J, R>, job: J, ctx?: Context) {
  try {
    return { result: await pool.submit(job, ctx) }
  } catch (error) {
    return { error }
  }
})

/** Submits a job, says so once it runs, and cancels it when told to. */
export const cancelWhenTold = parallel(import.meta.url, async function cancelWhenTold<
  J,
  R,
>(pool: WorkerPool<J, R>, job: J, told: ReceiveChan<unknown>) {
  const [ctx, cancel] = withCancelCause((await import('@millrace/core')).background())
  const result = pool.submit(job, ctx).then(
    () => 'done',
    (error: Error) => error.message,
  )
  await told.receive()
  cancel(new Error('told to'))
  return result
})

/** Tries to submit so many jobs at once, and says how many were taken; answers their results. */
export const trySubmitMany = parallel(import.meta.url, async function trySubmitMany<
  R,
>(pool: WorkerPool<number, R>, count: number, over: SendChan<number>) {
  const accepted = Array.from({ length: count }, (_, i) => pool.trySubmit(i)).filter(Boolean)
  await over.send(accepted.length)
  return Promise.all(accepted)
})

/** Submits jobs, and closes the pool without waiting for them. */
export const submitAndClose = parallel(import.meta.url, async function submitAndClose<
  R,
>(pool: WorkerPool<number, R>, count: number) {
  const results = Promise.all(Array.from({ length: count }, (_, i) => pool.submit(i)))
  await pool.close()
  const late = await pool.submit(0).catch((error: { code: string }) => error.code)
  return { results: await results, late, closed: pool.closed }
})

export const statsOf = parallel(import.meta.url, function statsOf(pool: WorkerPool<never, unknown>) {
  return pool.stats
})

export const stopPool = parallel(
  import.meta.url,
  async function stopPool(pool: WorkerPool<never, unknown>, why: string) {
    await pool.stop(new Error(why))
  },
)

/** Never lets go of its thread until its context has ended. */
export const spinUntilCanceled = parallel(
  import.meta.url,
  function spinUntilCanceled([started, over]: [SendChan<unknown>, AtomicBool], ctx: Context) {
    started.trySend(here)
    const end = performance.now() + 8000 // a law that fails must not leave a thread spinning
    while (!ctx.err() && performance.now() < end);
    over.store(true)
    return ctx.err()?.message
  },
)

/** Ends its thread as often as there are tokens, and then gives an answer. */
export const exitSometimes = parallel(
  import.meta.url,
  async function exitSometimes(tokens: ReceiveChan<number>) {
    if (tokens.tryReceive() !== undefined) (globalThis as unknown as Exits).process.exit(0)
    return 'done at last'
  },
)

/** Makes a pool and sends it; its thread ends when told to. */
export const ownPool = parallel(
  import.meta.url,
  async function ownPool(
    pools: SendChan<WorkerPool<ReceiveChan<unknown>, string>>,
    told: ReceiveChan<'exit' | 'close'>,
  ) {
    const pool = new WorkerPool({
      workers: 1,
      async run(gate: ReceiveChan<unknown>) {
        await gate.receive()
        return here
      },
    })
    await pools.send(pool)
    if ((await told.receive()) === 'exit') (globalThis as unknown as Exits).process.exit(0)
    await pool.close()
  },
)

/** Hands the pool on, and submits as well. */
export const submitDeep = parallel(
  import.meta.url,
  async function submitDeep(pool: WorkerPool<number, number>, depth: number): Promise<number> {
    const deeper = depth > 0 ? go(submitDeep, pool, depth - 1) : 0
    return (await pool.submit(depth)) + (await deeper)
  },
)

/** Submits jobs in every way; its thread may end in the middle of that. */
export const submitUntilDeath = parallel(
  import.meta.url,
  async function submitUntilDeath(pool: WorkerPool<number, number>, seed: number) {
    const below = randomFrom(seed)
    const jobs: (Promise<number> | undefined)[] = []
    for (let i = 0; i < 30; i++) {
      jobs.push(below(2) ? pool.trySubmit(i) : pool.submit(i))
      if (below(60) === 0) (globalThis as unknown as Exits).process.exit(0)
      if (below(3) === 0) await Promise.all(jobs.splice(0))
    }
    await Promise.all(jobs)
  },
)
