import { host, isPoolThread, type Mode, mode, threadIfStarted } from '@millrace/kernel'
import { goroutinesEverywhere } from './goroutines.js'
import { configurePool, poolSize, type RuntimeOptions, resizePool, threadPoolIfStarted } from './pool.js'

export type { RuntimeOptions } from './pool.js'

/** What the runtime is doing: a snapshot. */
export interface RuntimeStats {
  /** 'threads' where parallel goroutines run on threads of their own; 'single-thread' where there can be none. */
  readonly mode: Mode
  readonly host: string
  /** Goroutines that have started and not ended, the program itself among them. */
  readonly goroutines: number
  readonly threads: {
    /** How many the pool may have. */
    readonly max: number
    /** How many it has; known on the main thread, else 0. */
    readonly running: number
    /** How many have died. */
    readonly lost: number
  }
  /** Shared memory in bytes. */
  readonly memory: { readonly used: number; readonly maximum: number }
}

/** The runtime: threads, scheduler and shared memory together. Go's package runtime. */
export const runtime = {
  /**
   * How many threads the pool may have; with `n`, sets it and answers what it was. Always 1 where there can be one thread only.
   *
   * @throws {RangeError} `n` is not a whole number from 1 to 63.
   */
  gomaxprocs(n?: number): number {
    const before = poolSize()
    if (n !== undefined) resizePool(n)
    return before
  },

  /** Cores that threads may run on. */
  numCPU(): number {
    return host.parallelism()
  },

  /** Goroutines on all threads that have started and not ended; the program itself is one. */
  numGoroutine(): number {
    return goroutinesEverywhere()
  },

  /** Lets everything else have a turn: other goroutines, timers, I/O. */
  gosched(): Promise<void> {
    return new Promise(resolve => host.macrotask(resolve))
  },

  /** False on the threads of the pool. */
  get isMainThread(): boolean {
    return !isPoolThread()
  },

  /**
   * Sets how many threads and how much shared memory there are, or that there is to be one thread only. Memory and mode before
   * first use.
   *
   * @throws {RangeError} A number is out of range.
   * @throws {Error} It is too late; or threads are asked for where there can be none, and the message says why.
   */
  configure(options: RuntimeOptions): void {
    configurePool(options)
  },

  stats(): RuntimeStats {
    const thread = threadIfStarted()
    const pool = threadPoolIfStarted()?.pool
    return {
      mode: mode(),
      host: host.name,
      goroutines: goroutinesEverywhere(),
      threads: { max: poolSize(), running: pool?.count ?? 0, lost: pool?.lost ?? 0 },
      memory: { used: thread?.kernel.heapUsed() ?? 0, maximum: thread?.memory.maximum ?? 0 },
    }
  },

  /**
   * Ends the pool's threads at once, in the middle of whatever they do; their goroutines reject with ThreadLostError. Not
   * needed for a process to end. The next parallel goroutine starts the pool again. With one thread only
   * there is nothing to end.
   */
  async shutdown(): Promise<void> {
    await threadPoolIfStarted()?.stop()
  },
}

/**
 * The program: calls `fn` on the main thread, soon; threads of the pool, which import the same module, skip it. Its return does
 * not end the process: that ends when nothing can happen any more. What it throws does, as a panic.
 */
export function main(fn: () => unknown): void {
  if (isPoolThread()) return
  void runMain(fn)
}

async function runMain(fn: () => unknown): Promise<void> {
  await undefined
  await fn()
}
