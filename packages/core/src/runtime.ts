import { host, isPoolThread, type Mode, mode, threadIfStarted } from '@millrace/kernel'
import { cancellationOf, type WaitOptions } from './cancellation.js'
import { configureDebug, type DebugReport } from './debug.js'
import { goroutinesEverywhere } from './goroutines.js'
import { configurePool, type PoolOptions, poolSize, resizePool, threadPoolIfStarted } from './pool.js'

/** What runtime.configure takes. */
export interface RuntimeOptions extends PoolOptions {
  /**
   * Development mode: mistakes are looked for that no test may hit, such as locks that are taken in different orders. By default it is on
   * if the environment has MILLRACE_DEBUG=1. Everything is slower then.
   */
  debug?: boolean
  /** Told what development mode finds on this thread, in place of printing it. */
  onReport?(report: DebugReport): void
}

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
   * How many threads the pool may have; with `n`, sets it and answers what it was. Go's `runtime.GOMAXPROCS`.
   *
   * Never waits. With fewer threads, those that are too many take no new goroutines from now on; those that run there go on to
   * their end, and what they have not started is started elsewhere; then the thread ends. With more, threads are started as
   * there is work for them. Only on the main thread. Always 1 where there can be one
   * thread only.
   *
   * @param n Threads, a whole number from 1 to 63.
   * @throws {RangeError} n is none of those. @throws {Error} This is a thread of the pool.
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
   * Sets how many threads and how much shared memory there are, or that there is to be one thread only, or development mode.
   * Memory, mode and debug before first use.
   *
   * @throws {RangeError} A number is out of range.
   * @throws {Error} It is too late; or threads are asked for where there can be none, and the message says why.
   */
  configure(options: RuntimeOptions): void {
    if (typeof options !== 'object' || options === null) {
      throw new TypeError(
        `runtime.configure: the options must be an object, such as { threads: 4 }, got ${String(options)}`,
      )
    }
    configureDebug(options.debug, options.onReport)
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
   * Ends the pool's threads, each at the next turn of its event loop, or in the middle of whatever it does if that does not come
   * within 50 ms; their goroutines reject with ThreadLostError. Not needed for a process to end. The next parallel goroutine
   * starts the pool again.
   *
   * Resolves when the threads are gone. Deno cannot end a thread that never returns to its event loop: after 100 ms more it counts
   * as gone, and runs on until the process ends.
   * With one thread only there is nothing to end.
   *
   * Cancelled, it rejects with the signal's reason at once; threads that it has begun to end do so all the same. Only on the main
   * thread: elsewhere it rejects.
   */
  shutdown(options?: WaitOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      if (isPoolThread()) throw new Error('runtime: only the main thread can shut the pool down')
      const cancellation = options && cancellationOf(options)
      if (cancellation?.canceled) return reject(cancellation.reason)
      const waiter = { cancel: reject }
      cancellation?.add(waiter)
      Promise.resolve(threadPoolIfStarted()?.stop())
        .finally(() => cancellation?.delete(waiter))
        .then(resolve, reject)
    })
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
