import {
  AtomicBool,
  background,
  chan,
  go,
  type ReceiveChan,
  runtime,
  ThreadLostError,
  withTimeout,
} from '@millrace/core'
import { WorkerPool } from '@millrace/patterns'
import { equal, eventually, isError, ok, range, rejects, staysParked } from './expect.js'
import type { Law } from './law.js'
import * as parallelFixtures from './parallel-fixtures.js'
import * as fixtures from './worker-pool-fixtures.js'

/** Rules 4 and 8 of the API: one pool for all threads. */
export const workerPoolLaws: Law[] = [
  {
    name: 'a pool of a parallel function does its jobs on the pool’s threads',
    rule: 'API 4',
    async run({ lacks }) {
      const pool = new WorkerPool({ workers: 4, run: fixtures.square })
      const results = await Promise.all(range(40).map(n => pool.submit(n)))
      equal(
        results.map(({ square }) => square),
        range(40).map(n => n * n),
      )
      const isHere = results.some(({ thread }) => thread === parallelFixtures.here)
      equal(isHere, lacks.threads !== undefined, 'that a job ran on this thread')
      const error = await rejects(pool.submit(-3), 'a job that fails')
      ok(error instanceof RangeError && error.message === 'square of -3', `the error is ${error}`)
      await pool.close()
    },
  },
  {
    name: 'a worker pool is the same on every thread: one number of workers, each job done once',
    rule: 'API 4',
    async run() {
      let running = 0
      let most = 0
      const done: number[] = []
      const pool = new WorkerPool({
        workers: 3,
        queue: 2,
        async run(n: number) {
          most = Math.max(most, ++running)
          await parallelFixtures.add(1, 2)
          running--
          done.push(n)
          return n * 10
        },
      })
      const parts = await Promise.all(range(4).map(i => go(fixtures.submitMany<number>, pool, i * 25, 25)))
      equal(
        parts.flat(),
        range(100).map(n => n * 10),
      )
      equal(
        done.sort((a, b) => a - b),
        range(100),
      )
      ok(most <= 3, `${most} jobs ran at a time`)
      const stats = await go(fixtures.statsOf, pool)
      equal(stats, pool.stats)
      equal([stats.workers, stats.queue, stats.running, stats.queued], [3, 2, 0, 0])
      await eventually(() => pool.stats.succeeded === 100, 'the count of all jobs')
      await pool.close()
    },
  },
  {
    name: 'a worker pool arrives as one and the same, and comes home as itself',
    rule: 'API 4',
    async run() {
      const pool = new WorkerPool({ workers: 1, run: (n: number) => n })
      equal(await go(parallelFixtures.areSame, pool, pool), true)
      const back = (await go(parallelFixtures.identity, { pool })) as { pool: unknown }
      ok(back.pool === pool, 'another pool came back')
      await pool.close()
    },
  },
  {
    name: 'a worker pool goes on from thread to thread, and comes back in a job of its own',
    rule: 'API 4',
    async run() {
      const pool = new WorkerPool({ workers: 2, run: async (n: number) => 10 ** n })
      equal(await go(fixtures.submitDeep, pool, 4), 11_111)
      await pool.close()
      const inner = new WorkerPool({ workers: 1, run: async (n: number) => n + 1 })
      const outer = new WorkerPool({
        workers: 1,
        run: (job: { pool: typeof inner; n: number }) => job.pool.submit(job.n),
      })
      equal(
        await go(fixtures.submitOne<{ pool: typeof inner; n: number }, number>, outer, { pool: inner, n: 1 }),
        {
          result: 2,
        },
      )
      await Promise.all([inner.close(), outer.close()])
    },
  },
  {
    name: 'the errors of a job reach the thread that submitted it, and so does a result that cannot cross',
    rule: 'API 5',
    needs: ['threads'],
    async run() {
      const pool = new WorkerPool<string, unknown>({
        workers: 1,
        run(job) {
          if (job === 'fails') throw new TypeError('wrong', { cause: 'deep' })
          if (job === 'throws a function') throw () => {}
          return { callback: () => {} }
        },
      })
      const failed = (await go(fixtures.submitOne<string, unknown>, pool, 'fails')) as { error: TypeError }
      ok(failed.error instanceof TypeError, 'the error is no TypeError')
      equal([failed.error.message, failed.error.cause], ['wrong', 'deep'])
      const refused = (await go(fixtures.submitOne<string, unknown>, pool, 'x')) as { error: Error }
      isError(refused.error, 'ERR_DATA_CLONE', '')
      ok(refused.error.message.includes('callback'), `no path in ${refused.error.message}`)
      const odd = (await go(fixtures.submitOne<string, unknown>, pool, 'throws a function')) as {
        error: unknown
      }
      ok(odd.error instanceof Error, 'no error came')
      await pool.close()
    },
  },
  {
    name: 'cancelling a job from another thread than the pool’s reaches it, wherever it runs',
    rule: 'API 1',
    async run() {
      const [started, told] = [chan<string>(1), chan<unknown>(1)]
      const ended = chan<string>(1)
      const pool = new WorkerPool({
        workers: 1,
        async run(job: string, ctx) {
          await started.send(job)
          await ctx.done().receive()
          await ended.send((ctx.signal.reason as Error).message)
        },
      })
      const cancelled = go(fixtures.cancelWhenTold<string, void>, pool, 'job', told)
      equal(await started.receive(), 'job')
      await told.send(1)
      equal(await cancelled, 'told to')
      equal(await ended.receive(), 'told to')
      await eventually(() => pool.stats.running === 0, 'the end of the job')
      equal(pool.stats.canceled, 1)
      await pool.close()
    },
  },
  {
    name: 'the time limit of a job reaches one that never lets go of its thread',
    rule: 'API 4',
    needs: ['threads'],
    async run() {
      const [started, over] = [chan<unknown>(1), new AtomicBool()]
      const pool = new WorkerPool({ workers: 1, timeoutMs: 50, run: fixtures.spinUntilCanceled })
      const late = await rejects(pool.submit([started, over]), 'a job without an end')
      isError(late, 'ERR_DEADLINE_EXCEEDED', 'context deadline exceeded')
      await eventually(() => over.load() && pool.stats.running === 0, 'the end of the loop')
      await pool.close()
    },
  },
  {
    name: 'a job whose thread has died is run again, so often, and then reported',
    rule: 'API 8',
    needs: ['process.exit'],
    async run() {
      const tokens = chan<number>(8)
      const pool = new WorkerPool({ workers: 2, retries: 2, run: fixtures.exitSometimes })
      for (const _ of range(2)) await tokens.send(1)
      equal(await pool.submit(tokens), 'done at last')
      equal(pool.stats.retried, 2)
      for (const _ of range(3)) await tokens.send(1)
      const error = await rejects(pool.submit(tokens), 'a job that ends every thread')
      ok(error instanceof ThreadLostError, `the error is ${error}`)
      equal(tokens.length, 0)
      equal(await pool.submit(tokens), 'done at last')
      await pool.close()
    },
  },
  {
    name: 'trySubmit on another thread says no when there is no room',
    rule: 'API 2',
    async run() {
      const gate = chan<unknown>()
      const pool = new WorkerPool({
        workers: 2,
        queue: 1,
        async run(n: number) {
          await gate.receive()
          return n
        },
      })
      const over = chan<number>(1)
      const tried = go(fixtures.trySubmitMany<number>, pool, 10, over)
      equal(await over.receive(), 3, 'accepted jobs')
      equal(pool.trySubmit(0), undefined)
      await eventually(() => pool.stats.running === 2 && pool.stats.queued === 1, 'three jobs')
      gate.close()
      equal(await tried, [0, 1, 2])
      await pool.close()
    },
  },
  {
    name: 'a pool closed on another thread does what was submitted there before, and then refuses',
    rule: 'API 3',
    async run() {
      const pool = new WorkerPool({ workers: 2, queue: 1, run: async (n: number) => n + 1 })
      equal(await go(fixtures.submitAndClose<number>, pool, 20), {
        results: range(20).map(n => n + 1),
        late: 'ERR_CHAN_CLOSED',
        closed: true,
      })
      isError(await rejects(pool.submit(1), 'submit'), 'ERR_CHAN_CLOSED', 'send on closed channel')
      await pool.close()
      const after = (await go(fixtures.submitOne<number, number>, pool, 1)) as { error: Error }
      isError(after.error, 'ERR_CHAN_CLOSED', 'send on closed channel')
    },
  },
  {
    name: 'a pool stopped on another thread cancels what runs, with the reason',
    rule: 'API 4',
    async run() {
      const started = chan<number>(1)
      const pool = new WorkerPool({
        workers: 1,
        async run(n: number, ctx) {
          await started.send(n)
          await ctx.done().receive()
        },
      })
      const jobs = range(3).map(n => rejects(pool.submit(n), `job ${n}`))
      await started.receive()
      await go(fixtures.stopPool, pool, 'enough')
      for (const error of await Promise.all(jobs)) equal((error as Error).message, 'enough')
      equal(pool.stats.running, 0)
    },
  },
  {
    name: 'a pool whose thread has died tells those who wait for it, and those who come later',
    rule: 'API 8',
    needs: ['process.exit'],
    async run() {
      const [pools, told] = [chan<WorkerPool<ReceiveChan<unknown>, string>>(1), chan<'exit' | 'close'>(1)]
      const gate = chan<unknown>()
      const owner = go(fixtures.ownPool, pools, told)
      owner.catch(() => {})
      const pool = (await pools.receive())!
      const waiting = pool.submit(gate)
      await staysParked('a job', waiting)
      await told.send('exit')
      isError(await rejects(waiting, 'a job that waits'), 'ERR_THREAD_LOST', 'the thread')
      isError(await rejects(pool.submit(gate), 'a later job'), 'ERR_THREAD_LOST', 'the thread')
      isError(await rejects(pool.close(), 'close'), 'ERR_THREAD_LOST', 'the thread')
    },
  },
  {
    name: 'threads that die while they submit take no place in the queue along',
    rule: 'API 8',
    needs: ['process.exit'],
    timeoutMs: 30_000,
    async run() {
      const pool = new WorkerPool<number, number>({
        workers: 3,
        queue: 4,
        async run(n) {
          await runtime.gosched()
          return n
        },
      })
      const results = await Promise.allSettled(
        range(24).map(seed => go(fixtures.submitUntilDeath, pool, seed + 1)),
      )
      for (const result of results) {
        if (result.status === 'rejected') isError(result.reason, 'ERR_THREAD_LOST', 'the thread')
      }
      await pool.drain()
      const accepted = range(20).map(n => pool.trySubmit(n))
      equal(accepted.filter(Boolean).length, 7, 'jobs for which there was room')
      await Promise.all(accepted)
      await pool.close()
    },
  },
  {
    name: 'a pool that another thread has made works from here',
    rule: 'API 4',
    async run() {
      const [pools, told] = [chan<WorkerPool<ReceiveChan<unknown>, string>>(1), chan<'exit' | 'close'>(1)]
      const owner = go(fixtures.ownPool, pools, told)
      const pool = (await pools.receive())!
      const gate = chan<unknown>(2)
      const jobs = [pool.submit(gate), pool.submit(gate)]
      const [ctx, cancel] = withTimeout(background(), 0)
      isError(
        await rejects(pool.submit(gate, ctx), 'a submit too late'),
        'ERR_DEADLINE_EXCEEDED',
        'context deadline exceeded',
      )
      cancel()
      gate.close()
      const [first, second] = await Promise.all(jobs)
      equal(first, second)
      await told.send('close')
      await owner
    },
  },
]
