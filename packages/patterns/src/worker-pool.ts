import type { Context, ReceiveChan, WaitOptions } from '@millrace/core'
import { type Crossing, registerKind, SHARE, type Shareable } from '@millrace/kernel'
import { checkFunction } from './check-number.js'
import { contextOf } from './context-of.js'
import { generate } from './generate.js'
import { LocalPool } from './local-pool.js'
import { map } from './map.js'
import { type Door, onThreadEnd, openDoor } from './owner.js'
import { type Pipeline, pipeline } from './pipeline.js'
import type { PoolCore, PoolEvent, PoolStats } from './pool-core.js'
import { PoolCounts, type PoolCountsParts } from './pool-counts.js'
import { RemotePool } from './remote-pool.js'

const KIND = 'patterns/worker-pool'

export interface WorkerPoolOptions<J, R> {
  /** How many jobs run at a time: a whole number of at least 1. Of a `parallel` function, on as many threads as there are. */
  workers: number
  /** How many more jobs may wait in the queue: a whole number from 0 on, or Infinity. As many as workers unless given. */
  queue?: number
  /** Does a job. `parallel`: on threads of the pool. `ctx` ends when the job is cancelled or its time is over. */
  run: (job: J, ctx: Context) => R | PromiseLike<R>
  /** How often a job is run again whose thread has died. 0 unless given. */
  retries?: number
  /** How long a job may run, in milliseconds from its start; a job that is run again has this time again. No limit unless given. */
  timeoutMs?: number
  /** Called with everything that happens to a job, in the moment it happens. What it throws is a panic. */
  onProgress?: (event: PoolEvent<J>) => void
}

export interface PoolMapOptions extends WaitOptions {
  /** Whether results come in the order of the jobs; true unless given. Else as they are ready. */
  ordered?: boolean
}

/**
 * Does jobs, so many at a time; the others wait in a queue that is not endless, and whoever brings more waits for room.
 *
 * A pool can be an argument of a parallel goroutine, or part of any value that crosses: it is the same pool on every thread,
 * with one queue and one number of workers. It lives on the thread that made it, where `run` is called (a `parallel` one on all), and has to
 * be closed then: until that, a goroutine there waits for jobs from other threads.
 *
 * @example
 * const pool = new WorkerPool({ workers: 2, run: async (word: string) => word.length })
 * await pool.submit('millrace') // => 8
 * await pool.close()
 */
export class WorkerPool<J, R> implements Shareable {
  readonly #core: PoolCore<J, R>
  #door: Door | undefined
  #forgetThreads: () => void = () => {}

  /**
   * @throws {RangeError} `workers`, `queue`, `retries` or `timeoutMs` is out of range.
   * @throws {TypeError} `run` is no function, nor `onProgress` if it is given; or there are no options.
   */
  constructor(options: WorkerPoolOptions<J, R>) {
    // From another thread: see `arrive`.
    if (options instanceof RemotePool) this.#core = options
    else {
      check(options)
      this.#core = new LocalPool(options)
    }
  }

  /**
   * Gives the pool a job; waits for room in the queue, first come, first served, and then for the result.
   *
   * Rejects with what the job failed with; with DeadlineExceeded when it has run for too long; with ThreadLostError if its thread has
   * died, and again with every retry; with ChanClosedError ("send on closed channel") if the pool is closed. Cancelled, it rejects with the
   * signal's reason at once: a job that waits never runs then, one that runs is told by its context. Its worker is free again when
   * the job has really ended.
   *
   * @param options End the wait and the job. Of a Context the job's own is a child, with its values.
   */
  submit(job: J, options?: WaitOptions): Promise<R> {
    return this.#core.submit(job, options)
  }

  /**
   * As `submit`, if there is room now and nobody waits for it; else undefined. Never waits to hand the job over.
   *
   * @throws {ChanClosedError} "send on closed channel": the pool is closed.
   */
  trySubmit(job: J): Promise<R> | undefined {
    return this.#core.trySubmit(job)
  }

  /**
   * A channel of the results of `jobs`, which are submitted one by one as they are done, as many at a time as there are workers.
   *
   * It is a pipeline: leaving its loop, `stop` or the end of `options` cancels the jobs that are under way and asks for no more; the first
   * job that fails ends it, with a PipelineError whose cause says why.
   */
  map(jobs: Iterable<J> | AsyncIterable<J>, options: PoolMapOptions = {}): Pipeline<R> {
    const { ordered = true } = options
    const { workers } = this.#core
    return pipeline(contextOf(options), generate(jobs), (source: ReceiveChan<J>, ctx: Context) =>
      map((job: J) => this.submit(job, ctx), { workers, ordered, name: 'WorkerPool.map' })(source, ctx),
    )
  }

  /** What the pool is doing. */
  get stats(): PoolStats {
    return this.#core.stats
  }

  /** Whether `close` or `stop` has been called. */
  get closed(): boolean {
    return this.#core.closed
  }

  /** Waits until all jobs that have been submitted are done and their goroutines have ended. More may be submitted meanwhile. */
  drain(options?: WaitOptions): Promise<void> {
    return this.#core.drain(options)
  }

  /**
   * Takes no new jobs from now on; those that have been submitted are done. Resolves when they are and all their goroutines have ended. May
   * be called again.
   *
   * @param options End this wait, and nothing else.
   */
  async close(options?: WaitOptions): Promise<void> {
    await this.#core.close(options)
    this.#shut()
  }

  /**
   * Takes no new jobs from now on, and cancels all there are, with `reason` (Canceled, unless given). Resolves when the goroutines of
   * those that ran have ended: they are told by their context. May be called again, and after `close`.
   *
   * @param options End this wait, and nothing else.
   */
  async stop(reason?: unknown, options?: WaitOptions): Promise<void> {
    await this.#core.stop(reason, options)
    this.#shut()
  }

  /** Nobody is to be waited for any more: the goroutine that waits for jobs from other threads ends. */
  #shut(): void {
    if (!(this.#core instanceof LocalPool) || !this.#door || this.#door.calls.closed) return
    this.#door.calls.close()
    this.#forgetThreads()
  }

  // Crossing -----------------------------------------------------------------------------------------------------------

  [SHARE](): Crossing {
    const core = this.#core as LocalPool<J, R> | RemotePool<J, R>
    if (core instanceof LocalPool) this.#door ??= this.#openDoor(core)
    return { kind: KIND, payload: { door: this.#door!, counts: { ...core.counts } } satisfies Sent }
  }

  #openDoor(core: LocalPool<J, R>): Door {
    const door = openDoor((method, args, ctx) => {
      switch (method as Method) {
        case 'submit':
          return core.submit(args[0] as J, ctx)
        case 'submitPlaced':
          return core.submitPlaced(args[0] as J, ctx)
        case 'restorePlaces':
          return core.restorePlaces()
        case 'drain':
          return core.drain(ctx)
        case 'close':
          return this.close(ctx)
        case 'stop':
          return this.stop(args[0], ctx)
      }
    })
    pools.set(door.calls, this as unknown as WorkerPool<never, unknown>)
    this.#forgetThreads = onThreadEnd(() => core.restorePlaces())
    if (core.closed) void core.drain(undefined).then(() => this.#shut())
    return door
  }

  static {
    registerKind(KIND, ({ door, counts }: Sent) => {
      let pool = pools.get(door.calls)
      if (!pool) {
        const remote = new RemotePool<never, unknown>(door, PoolCounts.of(counts))
        pool = new WorkerPool(remote as unknown as WorkerPoolOptions<never, unknown>)
        pool.#door = door
        pools.set(door.calls, pool)
      }
      return pool
    })
  }
}

type Method = 'submit' | 'submitPlaced' | 'restorePlaces' | 'drain' | 'close' | 'stop'

interface Sent {
  door: Door
  counts: PoolCountsParts
}

/** The pools that this thread shares with others: one per pool, however often it arrives. */
const pools = new WeakMap<object, WorkerPool<never, unknown>>()

function check(options: WorkerPoolOptions<never, unknown>): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError('WorkerPool: the options are missing; workers and run at least must be given')
  }
  const { workers, queue, run, retries, timeoutMs, onProgress } = options
  wholeFrom(1, 'workers', workers)
  if (queue !== undefined && queue !== Infinity) wholeFrom(0, 'queue', queue)
  if (retries !== undefined && retries !== Infinity) wholeFrom(0, 'retries', retries)
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs > 0)) {
    throw new RangeError(
      `WorkerPool: timeoutMs must be a number of milliseconds above 0, got ${String(timeoutMs)}`,
    )
  }
  if (typeof run !== 'function') throw new TypeError('WorkerPool: run must be a function')
  checkFunction(onProgress, 'WorkerPool: onProgress')
}

function wholeFrom(least: number, name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= least) return
  throw new RangeError(
    `WorkerPool: ${name} must be a whole number of at least ${least}, got ${String(value)}`,
  )
}
