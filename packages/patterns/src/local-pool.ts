import {
  ChanClosedError,
  type Context,
  cause,
  go,
  ParkingLot,
  type WaitOptions,
  withCancelCause,
  withTimeout,
} from '@millrace/core'
import { contextOf } from './context-of.js'
import type { PoolCore, PoolEvent } from './pool-core.js'
import { PoolCounts } from './pool-counts.js'
import { until } from './until.js'
import type { WorkerPoolOptions } from './worker-pool.js'

interface Task<J> {
  readonly job: J
  readonly ctx: Context
  readonly cancel: (reason?: unknown) => void
  /** Set once it is in the queue: resolves when it has a worker. */
  turn: Promise<void> | undefined
  isQueued: boolean
}

/**
 * A pool on its own thread. There are no goroutines but those of jobs that run: a worker is a number.
 *
 *   L1  a task waits for room  =>  there is no place (pool-counts.ts), or whoever gave one back is about to wake it
 *   L2  a task is queued       =>  running = workers
 *   L3  running counts the goroutines of jobs that have started and not ended, whatever their submitters have been told
 */
export class LocalPool<J, R> implements PoolCore<J, R> {
  readonly counts: PoolCounts
  readonly #run: (job: J, ctx: Context) => R | PromiseLike<R>
  readonly #retries: number
  readonly #timeoutMs: number
  readonly #onProgress: ((event: PoolEvent<J>) => void) | undefined
  #queued = 0
  #running = 0
  readonly #tasks = new Set<Task<J>>()
  readonly #room = new ParkingLot<Task<J>>(task => this.#enter(task))
  readonly #turns = new ParkingLot<Task<J>>(
    task => this.#begin(task),
    task => this.#giveUp(task),
  )
  readonly #idle = new ParkingLot(() => this.#tasks.size === 0 && this.#running === 0)

  constructor(options: WorkerPoolOptions<J, R>) {
    const { workers, queue = workers, run, retries = 0, timeoutMs = Infinity, onProgress } = options
    this.counts = new PoolCounts(workers, queue)
    this.#run = run
    this.#retries = retries
    this.#timeoutMs = timeoutMs
    this.#onProgress = onProgress
  }

  get workers(): number {
    return this.counts.workers
  }

  get closed(): boolean {
    return this.counts.closed.load()
  }

  get stats(): PoolCounts['stats'] {
    return this.counts.stats
  }

  async submit(job: J, options: WaitOptions | undefined): Promise<R> {
    if (this.closed) throw poolClosed()
    const task = this.#newTask(job, options)
    const entered = this.#room.wait(task, task.ctx)
    this.#publish()
    return this.#process(task, entered)
  }

  /** A job from another thread that has taken a place for it. */
  async submitPlaced(job: J, options: WaitOptions | undefined): Promise<R> {
    if (this.closed) {
      this.#givePlace()
      throw poolClosed()
    }
    const task = this.#newTask(job, options)
    this.#enqueue(task)
    return this.#process(task, undefined)
  }

  /** Somebody has taken a place and not sent a job for it: a thread that has died, or a job that cannot cross. */
  restorePlaces(): void {
    this.counts.restore(this.#queued, this.#running)
    this.#room.wake()
  }

  trySubmit(job: J): Promise<R> | undefined {
    if (this.closed) throw poolClosed()
    if (this.#room.length > 0 || !this.counts.takePlace()) return undefined
    const task = this.#newTask(job, undefined)
    this.#enqueue(task)
    return this.#process(task, undefined)
  }

  drain(options: WaitOptions | undefined): Promise<void> {
    return this.#idle.wait(undefined, options)
  }

  close(options: WaitOptions | undefined): Promise<void> {
    this.counts.closed.store(true)
    return this.drain(options)
  }

  stop(reason: unknown, options: WaitOptions | undefined): Promise<void> {
    this.counts.closed.store(true)
    for (const task of [...this.#tasks]) task.cancel(reason)
    return this.drain(options)
  }

  // The way of a job -------------------------------------------------------------------------------------------------

  #newTask(job: J, options: WaitOptions | undefined): Task<J> {
    const [ctx, cancel] = withCancelCause(contextOf(options))
    const task: Task<J> = { job, ctx, cancel, turn: undefined, isQueued: false }
    this.#tasks.add(task)
    return task
  }

  /** In the submitter's own async context, so that the job has it too. */
  async #process(task: Task<J>, entered: Promise<void> | undefined): Promise<R> {
    let result: R
    try {
      await entered
      await task.turn
      this.#tell({ type: 'started', job: task.job })
      result = await this.#attempts(task)
    } catch (error) {
      const type = task.ctx.err() ? 'canceled' : 'failed'
      this.counts[type].add()
      this.#tell({ type, job: task.job, error })
      throw error
    } finally {
      this.#tasks.delete(task)
      this.#room.wake() // it may have given its place up
      this.#publish()
      this.#idle.wake()
      task.cancel()
    }
    this.counts.succeeded.add()
    this.#tell({ type: 'succeeded', job: task.job })
    return result
  }

  /** Runs the job until it ends or has to; again if its thread dies. Frees the worker when the job's goroutine has ended. */
  async #attempts(task: Task<J>): Promise<R> {
    let isRunning = false
    const ended = (): void => {
      isRunning = false
    }
    const free = (): void => this.#free()
    for (let attempt = 1; ; attempt++) {
      if (task.ctx.err()) {
        free()
        throw cause(task.ctx)
      }
      const [ctx, cancel] = withTimeout(task.ctx, this.#timeoutMs)
      isRunning = true
      const running = go(this.#run, task.job, ctx) as Promise<R>
      running.then(ended, ended)
      try {
        const result = await until(running, ctx)
        free()
        return result
      } catch (error) {
        const mayRetry = !isRunning && isThreadLost(error) && attempt <= this.#retries && !task.ctx.err()
        if (!mayRetry) {
          if (isRunning) running.then(free, free)
          else free()
          throw error
        }
        this.counts.retried.add()
        this.#tell({ type: 'retried', job: task.job, error })
      } finally {
        cancel()
      }
    }
  }

  // Room and workers -------------------------------------------------------------------------------------------------

  #enter(task: Task<J>): boolean {
    if (!this.counts.takePlace()) return false
    this.#enqueue(task)
    return true
  }

  /** Puts a task that has a place in line for a worker. */
  #enqueue(task: Task<J>): void {
    this.#queued++
    task.isQueued = true
    this.#tell({ type: 'queued', job: task.job })
    task.turn = this.#turns.wait(task, task.ctx)
    task.turn.catch(() => this.#giveUp(task))
    this.#publish()
  }

  #begin(task: Task<J>): boolean {
    if (this.#running >= this.workers) return false
    this.#running++
    this.#leaveQueue(task)
    return true
  }

  #leaveQueue(task: Task<J>): void {
    task.isQueued = false
    this.#queued--
    this.#publish()
  }

  /** A queued task has been cancelled. Those who wait for its place are woken when it is over. */
  #giveUp(task: Task<J>): void {
    if (!task.isQueued) return
    this.#leaveQueue(task)
    this.counts.returnPlace(this.#queued, this.#running)
  }

  /** The goroutine of a job has ended. */
  #free(): void {
    this.#running--
    this.#turns.wake()
    this.#givePlace()
    this.#publish()
    this.#idle.wake()
  }

  #givePlace(): void {
    this.counts.returnPlace(this.#queued, this.#running)
    this.#room.wake()
  }

  #publish(): void {
    this.counts.publish(this.#room.length, this.#queued, this.#running)
  }

  /** An error of the listener is a panic, and changes nothing here. */
  #tell(event: PoolEvent<J>): void {
    try {
      this.#onProgress?.(event)
    } catch (error) {
      void Promise.reject(error)
    }
  }
}

export const poolClosed = (): ChanClosedError =>
  new ChanClosedError('send on closed channel (the WorkerPool is closed and takes no more jobs)')

const isThreadLost = (error: unknown): boolean =>
  (error as { code?: unknown } | undefined | null)?.code === 'ERR_THREAD_LOST'
