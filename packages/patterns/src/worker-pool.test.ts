import { AsyncLocalStorage } from 'node:async_hooks'
import { getEventListeners } from 'node:events'
import {
  background,
  Canceled,
  type Context,
  chan,
  contextKey,
  DeadlineExceeded,
  runtime,
  ThreadLostError,
  withCancel,
  withCancelCause,
  withValue,
} from '@millrace/core'
import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  checkLeaks,
  collect,
  deferred,
  endless,
  isPending,
  numbers,
  onManualClock,
  panicsIn,
  turn,
} from '../fixtures/testing.js'
import { type PoolEvent, WorkerPool, type WorkerPoolOptions } from './index.js'

checkLeaks()

/** A pool whose jobs end when told to. */
function gated(options: Partial<WorkerPoolOptions<number, number>> = {}) {
  const started: number[] = []
  const contexts: Context[] = []
  const gates = new Map<number, ReturnType<typeof deferred<void>>>()
  const gate = (job: number) => {
    if (!gates.has(job)) gates.set(job, deferred())
    return gates.get(job)!
  }
  const pool = new WorkerPool<number, number>({
    workers: 2,
    async run(job, ctx) {
      started.push(job)
      contexts.push(ctx)
      await gate(job).promise
      return job * 10
    },
    ...options,
  })
  return { pool, started, contexts, end: (job: number) => gate(job).resolve(), gate }
}

describe('submit', () => {
  test('gives the result, or the error as it is', async () => {
    const error = new Error('boom')
    const pool = new WorkerPool({
      workers: 1,
      run: (job: number) => {
        if (job < 0) throw error
        return `${job}`
      },
    })
    const result = pool.submit(1)
    expectTypeOf(result).toEqualTypeOf<Promise<string>>()
    expect(await result).toBe('1')
    await expect(pool.submit(-1)).rejects.toBe(error)
    expect(await pool.submit(2)).toBe('2')
    await pool.close()
  })

  test('runs so many jobs at a time, the others in the order they came', async () => {
    const { pool, started, end } = gated({ workers: 2, queue: 2 })
    const results = numbers(6).map(job => pool.submit(job))
    await turn()
    expect(started).toEqual([0, 1])
    expect(pool.stats).toMatchObject({ running: 2, queued: 2, waiting: 2, workers: 2, queue: 2 })
    end(1)
    await turn()
    expect(started).toEqual([0, 1, 2])
    expect(pool.stats).toMatchObject({ running: 2, queued: 2, waiting: 1, succeeded: 1 })
    for (const job of numbers(6)) end(job)
    expect(await Promise.all(results)).toEqual([0, 10, 20, 30, 40, 50])
    expect(pool.stats).toMatchObject({ running: 0, queued: 0, waiting: 0, succeeded: 6 })
    await pool.close()
  })

  test('never has more goroutines than workers, and none when there is nothing to do', async () => {
    const { pool, end } = gated({ workers: 3 })
    const results = numbers(50).map(job => pool.submit(job))
    await turn()
    expect(runtime.numGoroutine()).toBe(1 + 3)
    for (const job of numbers(50)) end(job)
    await Promise.all(results)
    expect(runtime.numGoroutine()).toBe(1)
  })

  test('a thousand jobs on one worker that all fail block nobody', async () => {
    const pool = new WorkerPool({
      workers: 1,
      queue: 0,
      run: (n: number) => Promise.reject(new Error(`${n}`)),
    })
    const results = await Promise.allSettled(numbers(1000).map(job => pool.submit(job)))
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1000)
    expect(pool.stats).toMatchObject({ failed: 1000, running: 0 })
    await pool.close()
  })

  test('a job may submit another to its own pool', async () => {
    const pool: WorkerPool<number, Promise<number>[]> = new WorkerPool({
      workers: 1,
      queue: 10,
      run: (n: number) => (n > 0 ? [pool.submit(n - 1).then(rest => rest.length)] : []),
    })
    expect(await Promise.all(await pool.submit(3))).toEqual([1])
    await pool.close()
    expect(pool.stats.succeeded).toBe(4)
  })

  test('the job has the async context of its submitter', async () => {
    const request = new AsyncLocalStorage<string>()
    const gate = deferred()
    const pool = new WorkerPool({
      workers: 1,
      async run(_: number) {
        await gate.promise
        return request.getStore()
      },
    })
    const results = ['a', 'b', 'c'].map((name, i) => request.run(name, () => pool.submit(i)))
    gate.resolve()
    expect(await Promise.all(results)).toEqual(['a', 'b', 'c'])
    await pool.close()
  })

  test('the job’s context has the values of the submitter’s', async () => {
    const user = contextKey<string>('test/user')
    const pool = new WorkerPool({ workers: 1, run: (_: number, ctx) => ctx.value(user) })
    expect(await pool.submit(1, withValue(background(), user, 'ann'))).toBe('ann')
    await pool.close()
  })
})

describe('trySubmit', () => {
  test('takes a job if there is room, and else says no', async () => {
    const { pool, end } = gated({ workers: 1, queue: 1 })
    const accepted = [pool.trySubmit(0), pool.trySubmit(1)]
    expect(pool.trySubmit(2)).toBeUndefined()
    end(0)
    expect(await accepted[0]).toBe(0)
    const next = pool.trySubmit(3)
    expect(next).toBeInstanceOf(Promise)
    end(1)
    end(3)
    expect(await Promise.all([accepted[1], next])).toEqual([10, 30])
    await pool.close()
  })

  test('without a queue takes as many as workers are idle', async () => {
    const { pool, end } = gated({ workers: 2, queue: 0 })
    const all = [0, 1, 2].map(job => pool.trySubmit(job))
    expect(all[2]).toBeUndefined()
    end(0)
    end(1)
    await Promise.all(all)
    await pool.close()
  })

  test('does not overtake those who wait for room', async () => {
    const { pool, started, end } = gated({ workers: 1, queue: 0 })
    const first = pool.submit(0)
    const second = pool.submit(1)
    await turn()
    end(0)
    await first
    expect(pool.trySubmit(2)).toBeUndefined()
    end(1)
    await second
    expect(started).toEqual([0, 1])
    await pool.close()
  })
})

describe('cancelling', () => {
  test('a job that waits for room or in the queue never runs, and gives its place away', async () => {
    const { pool, started, end } = gated({ workers: 1, queue: 1 })
    const [ctx, cancel] = withCancel(background())
    const running = pool.submit(0)
    const queued = pool.submit(1, ctx)
    const waiting = pool.submit(2, ctx)
    const after = pool.submit(3)
    await turn()
    cancel()
    await expect(queued).rejects.toThrow(Canceled)
    await expect(waiting).rejects.toThrow(Canceled)
    await turn()
    expect(pool.stats).toMatchObject({ running: 1, queued: 1, waiting: 0, canceled: 2 })
    end(0)
    end(3)
    expect(await Promise.all([running, after])).toEqual([0, 30])
    expect(started).toEqual([0, 3])
    await pool.close()
  })

  test('a job that has a worker and has not begun does not', async () => {
    const { pool, started } = gated({ workers: 1 })
    const [ctx, cancel] = withCancel(background())
    const job = pool.submit(0, ctx)
    cancel()
    await expect(job).rejects.toThrow(Canceled)
    await pool.close()
    expect(started).toEqual([])
    expect(pool.stats).toMatchObject({ canceled: 1, running: 0 })
  })

  test('a job that runs is told by its context; its worker is busy until it has ended', async () => {
    const { pool, contexts, started, end } = gated({ workers: 1 })
    const why = new Error('why')
    const [ctx, cancel] = withCancelCause(background())
    const job = pool.submit(0, ctx)
    const next = pool.submit(1)
    await turn()
    cancel(why)
    await expect(job).rejects.toBe(why)
    expect(contexts[0]!.err()).toBeInstanceOf(Canceled)
    expect(contexts[0]!.signal.reason).toBe(why)
    await turn()
    expect(started).toEqual([0])
    expect(pool.stats).toMatchObject({ running: 1, queued: 1, canceled: 1 })
    end(0)
    await turn()
    expect(started).toEqual([0, 1])
    end(1)
    expect(await next).toBe(10)
    await pool.close()
  })

  test('cancels no other job', async () => {
    const { pool, contexts, end } = gated({ workers: 2 })
    const [ctx, cancel] = withCancel(background())
    const canceled = pool.submit(0, ctx)
    const other = pool.submit(1)
    await turn()
    cancel()
    await expect(canceled).rejects.toThrow(Canceled)
    expect(contexts[1]!.err()).toBeUndefined()
    end(0)
    end(1)
    expect(await other).toBe(10)
    await pool.close()
  })

  test('of the second job in the queue and then of the first lets the third run', async () => {
    const { pool, started, end } = gated({ workers: 1, queue: 5 })
    const controllers = numbers(3).map(() => new AbortController())
    const jobs = controllers.map(({ signal }, job) => pool.submit(job, { signal }))
    await turn()
    controllers[1]!.abort()
    controllers[0]!.abort()
    const [first, second] = await Promise.allSettled([jobs[0], jobs[1]])
    expect([first!.status, second!.status]).toEqual(['rejected', 'rejected'])
    end(0)
    end(2)
    expect(await jobs[2]).toBe(20)
    expect(started).toEqual([0, 2])
    await pool.close()
  })

  test('an aborted signal rejects at once with its reason, and nothing is submitted', async () => {
    const { pool, started } = gated()
    const reason = new Error('gone')
    await expect(pool.submit(0, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    await turn()
    expect(started).toEqual([])
    expect(pool.stats).toMatchObject({ running: 0, queued: 0, waiting: 0, canceled: 1 })
    await pool.close()
  })

  test('no listener stays on the signal after any outcome', async () => {
    const { signal } = new AbortController()
    const pool = new WorkerPool({
      workers: 2,
      async run(n: number, ctx) {
        await undefined
        if (n % 3 === 0) throw new Error('boom')
        return ctx.signal.aborted
      },
    })
    await Promise.allSettled(numbers(100).map(job => pool.submit(job, { signal })))
    await pool.close()
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })
})

describe('timeoutMs', () => {
  test('counts from the start of a job, not while it waits, and reaches it', () =>
    onManualClock(async clock => {
      const { pool, contexts, end } = gated({ workers: 1, timeoutMs: 100 })
      const first = pool.submit(0)
      const second = pool.submit(1)
      first.catch(() => {})
      await turn()
      clock.advance(99)
      expect(await isPending(first)).toBe(true)
      clock.advance(1)
      await expect(first).rejects.toThrow(DeadlineExceeded)
      await expect(first).rejects.toThrow('context deadline exceeded')
      expect(contexts[0]!.err()).toBeInstanceOf(DeadlineExceeded)
      clock.advance(1000)
      expect(await isPending(second)).toBe(true)
      end(0)
      await turn()
      clock.advance(99)
      end(1)
      expect(await second).toBe(10)
      expect(pool.stats).toMatchObject({ failed: 1, canceled: 0, succeeded: 1, running: 0 })
      await pool.close()
      expect(clock.held).toBe(0)
    }))

  test('a job tells by itself that its time is over, also where it never awaits', () =>
    onManualClock(async clock => {
      const pool = new WorkerPool({
        workers: 1,
        timeoutMs: 50,
        run(_: number, ctx) {
          let steps = 0
          for (; !ctx.err(); steps++) clock.block(10)
          throw new Error(`after ${steps} steps`)
        },
      })
      await expect(pool.submit(1)).rejects.toThrow(DeadlineExceeded)
      await pool.close()
    }))
})

describe('retries', () => {
  test('runs a job again whose thread has died, so often, and then reports it', async () => {
    for (const [lost, retries] of [
      [0, 0],
      [2, 2],
      [3, 2],
    ] as const) {
      let runs = 0
      const pool = new WorkerPool({
        workers: 1,
        retries,
        async run(_: string) {
          if (runs++ < lost) throw new ThreadLostError()
          return runs
        },
      })
      const result = pool.submit('job')
      if (lost > retries) await expect(result).rejects.toThrow(ThreadLostError)
      else expect(await result).toBe(lost + 1)
      expect(pool.stats).toMatchObject({ retried: Math.min(lost, retries), running: 0 })
      await pool.close()
    }
  })

  test('nothing else is tried again', async () => {
    let runs = 0
    const pool = new WorkerPool({
      workers: 1,
      retries: 5,
      run(_: number) {
        runs++
        throw new Error('boom')
      },
    })
    await expect(pool.submit(1)).rejects.toThrow('boom')
    expect(runs).toBe(1)
    await pool.close()
  })

  test('a job that was cancelled is not run again', async () => {
    let runs = 0
    const [ctx, cancel] = withCancel(background())
    const pool = new WorkerPool({
      workers: 1,
      retries: 5,
      async run(_: number) {
        runs++
        cancel()
        throw new ThreadLostError()
      },
    })
    await expect(pool.submit(1, ctx)).rejects.toThrow(Canceled)
    await pool.close()
    expect(runs).toBe(1)
  })
})

describe('map', () => {
  test('gives the results in the order of the jobs', async () => {
    const { pool, end } = gated({ workers: 3 })
    const results = pool.map(numbers(3))
    expectTypeOf(results.receive).returns.resolves.toEqualTypeOf<number | undefined>()
    const all = collect(results)
    await turn()
    for (const job of [2, 1, 0]) end(job)
    expect(await all).toEqual([0, 10, 20])
    await pool.close()
  })

  test('or as they come', async () => {
    const { pool, end } = gated({ workers: 3 })
    const results = pool.map(numbers(3), { ordered: false })
    await turn()
    for (const job of [2, 0, 1]) {
      end(job)
      expect(await results.receive()).toBe(job * 10)
    }
    expect(await results.receive()).toBeUndefined()
    await pool.close()
  })

  test('takes no more jobs than it can do: endless ones are fine, and leaving the loop stops it', async () => {
    let isLeft = false
    function* jobs() {
      try {
        yield* endless()
      } finally {
        isLeft = true
      }
    }
    let most = 0
    let running = 0
    const pool = new WorkerPool({
      workers: 3,
      async run(n: number) {
        most = Math.max(most, ++running)
        await turn()
        running--
        return n
      },
    })
    const seen: number[] = []
    for await (const n of pool.map(jobs())) {
      seen.push(n)
      if (seen.length === 10) break
    }
    expect(seen).toEqual(numbers(10))
    expect(most).toBe(3)
    expect(isLeft).toBe(true)
    await pool.close()
  })

  test('the first job that fails ends it and cancels the others', async () => {
    const error = new Error('boom')
    const contexts: Context[] = []
    const pool = new WorkerPool({
      workers: 2,
      async run(n: number, ctx) {
        if (n === 1) throw error
        contexts.push(ctx)
        await ctx.done().receive()
      },
    })
    await expect(collect(pool.map(endless()))).rejects.toMatchObject({
      stage: 'WorkerPool.map',
      cause: error,
    })
    for (const ctx of contexts) expect(ctx.err()).toBeInstanceOf(Canceled)
    await pool.close()
  })

  test('takes an asynchronous iterable, and a channel', async () => {
    const pool = new WorkerPool({ workers: 2, run: (n: number) => n + 1 })
    async function* jobs() {
      yield 1
      yield 2
    }
    expect(await collect(pool.map(jobs()))).toEqual([2, 3])
    const channel = chan<number>(2)
    channel.trySend(5)
    channel.close()
    expect(await collect(pool.map(channel))).toEqual([6])
    await pool.close()
  })
})

describe('the end', () => {
  test('close takes no more jobs, and waits for those that were submitted', async () => {
    const { pool, end, started } = gated({ workers: 1, queue: 1 })
    const results = numbers(4).map(job => pool.submit(job))
    const closed = pool.close()
    expect(pool.closed).toBe(true)
    await expect(pool.submit(9)).rejects.toMatchObject({ code: 'ERR_CHAN_CLOSED' })
    await expect(pool.submit(9)).rejects.toThrow(/^send on closed channel \(the WorkerPool is closed/)
    expect(() => pool.trySubmit(9)).toThrow(/^send on closed channel/)
    for (const job of numbers(3)) end(job)
    expect(await isPending(closed)).toBe(true)
    end(3)
    await closed
    expect(await Promise.all(results)).toEqual([0, 10, 20, 30])
    expect(started).toEqual(numbers(4))
    await pool.close()
  })

  test('close can be given up, which changes nothing else', async () => {
    const { pool, end } = gated()
    const result = pool.submit(0)
    await turn()
    await expect(pool.close({ signal: AbortSignal.timeout(0) })).rejects.toMatchObject({
      name: 'TimeoutError',
    })
    end(0)
    expect(await result).toBe(0)
    await pool.close()
  })

  test('stop cancels all jobs, those that wait too, and waits for those that run', async () => {
    const { pool, end, started, contexts } = gated({ workers: 1, queue: 1 })
    const results = numbers(3).map(job => pool.submit(job))
    await turn()
    const reason = new Error('shutting down')
    const stopped = pool.stop(reason)
    for (const result of await Promise.allSettled(results))
      expect(result).toEqual({ status: 'rejected', reason })
    expect(started).toEqual([0])
    expect(contexts[0]!.signal.reason).toBe(reason)
    expect(await isPending(stopped)).toBe(true)
    end(0)
    await stopped
    await pool.stop()
    await expect(pool.submit(9)).rejects.toMatchObject({ code: 'ERR_CHAN_CLOSED' })
  })

  test('stop without a reason is Canceled, and may follow close', async () => {
    const { pool, end } = gated()
    const result = pool.submit(0)
    await turn()
    const closed = pool.close()
    const stopped = pool.stop()
    await expect(result).rejects.toThrow(Canceled)
    end(0)
    await Promise.all([closed, stopped])
  })

  test('drain waits until nothing is to be done; the pool goes on', async () => {
    const { pool, end } = gated()
    await pool.drain()
    const results = numbers(5).map(job => pool.submit(job))
    const drained = pool.drain()
    expect(await isPending(drained)).toBe(true)
    for (const job of numbers(5)) end(job)
    await drained
    expect(pool.stats).toMatchObject({ succeeded: 5, running: 0 })
    await Promise.all(results)
    const more = pool.submit(6)
    end(6)
    expect(await more).toBe(60)
    await pool.close()
  })
})

describe('onProgress', () => {
  test('tells what happens to each job', async () => {
    const events: string[] = []
    const [ctx, cancel] = withCancel(background())
    let lost = 1
    const pool = new WorkerPool({
      workers: 1,
      queue: 1,
      retries: 1,
      async run(job: string) {
        if (job === 'lost' && lost-- > 0) throw new ThreadLostError()
        if (job === 'bad') throw new Error('boom')
      },
      onProgress: ({ type, job, error }: PoolEvent<string>) =>
        events.push(`${job} ${type}${error instanceof Error ? `: ${error.name}` : ''}`),
    })
    await pool.submit('good')
    await pool.submit('bad').catch(() => {})
    await pool.submit('lost')
    cancel()
    await pool.submit('late', ctx).catch(() => {})
    expect(events).toEqual([
      'good queued',
      'good started',
      'good succeeded',
      'bad queued',
      'bad started',
      'bad failed: Error',
      'lost queued',
      'lost started',
      'lost retried: ThreadLostError',
      'lost succeeded',
      'late canceled: Canceled',
    ])
    await pool.close()
  })

  test('a listener that throws is a panic, and harms no job', async () => {
    const error = new Error('listener')
    const panics = await panicsIn(async () => {
      const pool = new WorkerPool({
        workers: 1,
        run: (n: number) => n,
        onProgress({ type }) {
          if (type === 'started') throw error
        },
      })
      expect(await pool.submit(1)).toBe(1)
      await pool.close()
    })
    expect(panics).toEqual([error])
  })
})

test('a job that fails with nobody to hear of it is a panic', async () => {
  const error = new Error('boom')
  const panics = await panicsIn(async () => {
    const pool = new WorkerPool({ workers: 1, run: (_: number) => Promise.reject(error) })
    void pool.submit(1)
    await pool.close()
  })
  expect(panics).toEqual([error])
})

test('misuse is a RangeError, or a TypeError, at once', async () => {
  const run = (n: number) => n
  for (const workers of [0, -1, 1.5, Number.NaN, Infinity, '2' as never])
    expect(() => new WorkerPool({ workers, run })).toThrow(
      /^WorkerPool: workers must be a whole number of at least 1, got /,
    )
  for (const n of [-1, 1.5, Number.NaN]) {
    expect(() => new WorkerPool({ workers: 1, run, queue: n })).toThrow(RangeError)
    expect(() => new WorkerPool({ workers: 1, run, retries: n })).toThrow(RangeError)
  }
  for (const timeoutMs of [0, -1, Number.NaN])
    expect(() => new WorkerPool({ workers: 1, run, timeoutMs })).toThrow(/^WorkerPool: timeoutMs must be/)
  expect(() => new WorkerPool({ workers: 1, run: undefined as never })).toThrow(TypeError)
  const pool = new WorkerPool({ workers: 1, run, queue: Infinity, retries: Infinity, timeoutMs: Infinity })
  await expect(pool.submit(1, { signal: 'no' as never })).rejects.toThrow(TypeError)
  expect(pool.stats).toMatchObject({ waiting: 0, queued: 0, running: 0 })
  await pool.close()
})

test('ten thousand jobs, some cancelled at random moments: each is done once or not at all', async () => {
  const done: number[] = []
  const pool = new WorkerPool({
    workers: 7,
    queue: 13,
    async run(n: number) {
      for (let i = n % 4; i > 0; i--) await undefined
      done.push(n)
      return n
    },
  })
  const results = await Promise.allSettled(
    numbers(10_000).map(async n => {
      const [ctx, cancel] = withCancel(background())
      const result = pool.submit(n, ctx)
      if (n % 5 === 0) {
        for (let i = n % 97; i > 0; i--) await undefined
        cancel()
      }
      return result
    }),
  )
  await pool.close()
  expect(new Set(done).size).toBe(done.length)
  const succeeded = results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
  const isDone = new Set(done)
  expect(succeeded.filter(n => !isDone.has(n))).toEqual([])
  const { stats } = pool
  expect(stats.succeeded).toBe(succeeded.length)
  expect(stats.succeeded + stats.canceled).toBe(10_000)
  expect([stats.running, stats.queued, stats.waiting]).toEqual([0, 0, 0])
})

test('a pool without options, or with an onProgress that is no function, is refused with what is missing', () => {
  const none = undefined as unknown as WorkerPoolOptions<number, number>
  expect(() => new WorkerPool(none)).toThrow(/^WorkerPool: the options are missing; workers and run/)
  const options = { workers: 1, run: () => 1, onProgress: 5 as unknown as () => void }
  expect(() => new WorkerPool(options)).toThrow(
    new TypeError('WorkerPool: onProgress must be a function, got number'),
  )
})
