import type { WaitOptions } from '@millrace/core'

/** What a pool is doing: a snapshot. The totals count from its beginning. */
export interface PoolStats {
  /** Jobs that may run at a time. */
  readonly workers: number
  /** Jobs that may wait in the queue. */
  readonly queue: number
  /** Jobs that wait for room in the queue. */
  readonly waiting: number
  /** Jobs in the queue. */
  readonly queued: number
  /** Workers that are busy: with jobs that run, also with those that were cancelled and have not ended yet. */
  readonly running: number
  /** Jobs that have given a result. */
  readonly succeeded: number
  /** Jobs that have failed, or taken longer than they may. */
  readonly failed: number
  /** Jobs that were cancelled, before they ran or while. */
  readonly canceled: number
  /** How often a job was run again because its thread had died. */
  readonly retried: number
}

/** What happens to a job. */
export interface PoolEvent<J> {
  /**
   * 'queued': there was room for it. 'started': a worker runs it. 'retried': it runs again, its thread has died. Then one of
   * 'succeeded', 'failed' and 'canceled', which also come to jobs that were never queued.
   */
  readonly type: 'queued' | 'started' | 'retried' | 'succeeded' | 'failed' | 'canceled'
  readonly job: J
  /** Of 'retried', 'failed' and 'canceled': why. */
  readonly error?: unknown
}

/** A pool as one thread sees it: the pool itself, or a way to it. */
export interface PoolCore<J, R> {
  readonly workers: number
  readonly closed: boolean
  readonly stats: PoolStats
  submit(job: J, options: WaitOptions | undefined): Promise<R>
  trySubmit(job: J): Promise<R> | undefined
  drain(options: WaitOptions | undefined): Promise<void>
  close(options: WaitOptions | undefined): Promise<void>
  stop(reason: unknown, options: WaitOptions | undefined): Promise<void>
}
