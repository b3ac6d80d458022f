import { AtomicBool, AtomicInt32, Counter } from '@millrace/core'
import type { PoolStats } from './pool-core.js'

/**
 * What a pool counts. Only its own thread changes the counts, but for `places`; all that know the pool read them.
 *
 *   K1  places + queued + running + jobs on their way from other threads whose place is taken = workers + queue
 *
 * A thread that dies between taking a place and sending its job takes the place along; `restore` gives it back.
 */
export class PoolCounts {
  readonly workers: number
  readonly queue: number
  readonly closed = new AtomicBool()
  readonly waiting = new AtomicInt32()
  readonly queued = new AtomicInt32()
  readonly running = new AtomicInt32()
  /** How many more jobs there is room for. */
  readonly places = new AtomicInt32()
  readonly succeeded = new Counter()
  readonly failed = new Counter()
  readonly canceled = new Counter()
  readonly retried = new Counter()

  constructor(workers: number, queue: number) {
    this.workers = workers
    this.queue = queue
    this.places.store(this.#all)
  }

  /** The same counts on another thread: `parts` are the fields of the original. */
  static of(parts: PoolCountsParts): PoolCounts {
    return Object.assign(new PoolCounts(parts.workers, parts.queue), parts)
  }

  /** Takes a place if there is one; answers whether it did. */
  takePlace(): boolean {
    for (let places = this.places.load(); places > 0; places = this.places.load()) {
      if (this.places.compareAndSwap(places, places - 1)) return true
    }
    return false
  }

  /** Gives a place back, unless it was one too many: see `restore`. */
  returnPlace(queued: number, running: number): void {
    if (this.places.load() + queued + running < this.#all) this.places.add(1)
  }

  /** Says how many jobs there are. */
  publish(waiting: number, queued: number, running: number): void {
    this.waiting.store(waiting)
    this.queued.store(queued)
    this.running.store(running)
  }

  /** Counts the places anew. A job that is on its way just now may be one too many. */
  restore(queued: number, running: number): void {
    this.places.store(Math.max(0, this.#all - queued - running))
  }

  /** A queue may be endless; the number of places is not. */
  get #all(): number {
    return Math.min(this.workers + this.queue, 2 ** 31 - 1)
  }

  get stats(): PoolStats {
    return {
      workers: this.workers,
      queue: this.queue,
      waiting: this.waiting.load(),
      queued: this.queued.load(),
      running: this.running.load(),
      succeeded: this.succeeded.sum(),
      failed: this.failed.sum(),
      canceled: this.canceled.sum(),
      retried: this.retried.sum(),
    }
  }
}

/** The fields of a PoolCounts: what crosses. */
export type PoolCountsParts = Omit<PoolCounts, 'publish' | 'restore' | 'takePlace' | 'returnPlace' | 'stats'>
