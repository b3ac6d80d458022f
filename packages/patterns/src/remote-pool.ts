import type { WaitOptions } from '@millrace/core'
import { poolClosed } from './local-pool.js'
import { callOwner, type Door, tellOwner } from './owner.js'
import type { PoolCore, PoolStats } from './pool-core.js'
import type { PoolCounts } from './pool-counts.js'

/**
 * A pool on another thread: jobs go there and wait there. What is counted is read here, and changed there only: so a job that was
 * submitted before this thread closed the pool is still done.
 */
export class RemotePool<J, R> implements PoolCore<J, R> {
  readonly #door: Door
  readonly counts: PoolCounts

  constructor(door: Door, counts: PoolCounts) {
    this.#door = door
    this.counts = counts
  }

  get workers(): number {
    return this.counts.workers
  }

  get closed(): boolean {
    return this.counts.closed.load()
  }

  get stats(): PoolStats {
    return this.counts.stats
  }

  async submit(job: J, options: WaitOptions | undefined): Promise<R> {
    if (this.closed) throw poolClosed()
    return (await callOwner(this.#door, 'submit', [job], options)) as R
  }

  trySubmit(job: J): Promise<R> | undefined {
    if (this.closed) throw poolClosed()
    if (!this.counts.takePlace()) return undefined
    return callOwner(this.#door, 'submitPlaced', [job], undefined, () =>
      tellOwner(this.#door, 'restorePlaces', []),
    ) as Promise<R>
  }

  async drain(options: WaitOptions | undefined): Promise<void> {
    await this.#endCall('drain', [], options)
  }

  async close(options: WaitOptions | undefined): Promise<void> {
    await this.#endCall('close', [], options)
  }

  async stop(reason: unknown, options: WaitOptions | undefined): Promise<void> {
    await this.#endCall('stop', [reason], options)
  }

  /** A door that is shut has nothing behind it any more. */
  async #endCall(method: string, args: unknown[], options: WaitOptions | undefined): Promise<void> {
    if (this.#door.calls.closed) return
    try {
      await callOwner(this.#door, method, args, options)
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ERR_CHAN_CLOSED') throw error
    }
  }
}
