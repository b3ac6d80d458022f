import {
  configureMemory,
  configureMode,
  currentThread,
  host,
  isPoolThread,
  MAX_POOL_THREADS,
  type MemoryLimits,
  type Mode,
  maxProcs,
  mode,
  Pool,
  sayGoesOn,
  type TaskOutcome,
  Tasks,
  type Thread,
  ThreadLostError,
  wantThread,
  wordOf,
  wordTake,
} from '@millrace/kernel'
import { ParallelError } from './errors.js'
import { goroutinesHere, publishGoroutines } from './goroutines.js'
import { modulesLoading, type Place } from './parallel.js'

/** What runtime.configure takes that concerns threads. */
export interface PoolOptions {
  /** Threads of the pool, 1 to 63; by default as many as there are cores. */
  threads?: number
  /** Shared memory in bytes: `maximum` is reserved as address space (1 GiB by default) and taken as it is used. */
  memory?: MemoryLimits
  /**
   * 'threads' where the host can have threads that share memory, by default; else 'single-thread', which may also be asked for: all
   * goroutines run on one thread then, parallel ones too.
   */
  mode?: Mode
}

/** Answers why threads would do nothing that begin with a module, if they would. */
type Check = (entry: URL) => Promise<ParallelError | undefined>

let beginning: { readonly url: () => URL; readonly check: Check | undefined } | undefined

/** Says which module threads begin with: `url` and `check` are called when the first is about to start. */
export function beginThreadsWith(url: () => URL, check?: Check): void {
  beginning = { url, check }
}

let threads: number | undefined

/** The parallel goroutines of this thread, and the threads they run on. */
class ThreadPool {
  readonly thread: Thread
  readonly tasks: Tasks
  /** The threads themselves, which only the main thread knows. */
  readonly pool: Pool | undefined
  /** Why no thread can begin. */
  #broken: ParallelError | undefined
  readonly #functions = new Map<Place, number>()

  constructor() {
    this.thread = currentThread()
    this.tasks = new Tasks(this.thread)
    publishGoroutines(this.thread, this.tasks)
    if (isPoolThread()) {
      this.tasks.onBusy = () => wantThread(this.thread)
      this.thread.onBlocking({ enter() {}, leave: () => sayGoesOn(this.thread) })
      return
    }
    const { url, check } = beginning!
    const entry = url()
    const pool = new Pool(this.thread, entry, threads ?? host.parallelism())
    this.tasks.onBusy = () => void pool.grow()
    this.tasks.causeOfDeath = (id, life) => pool.causeOfDeath(id, life)
    pool.onNoThreads = cause =>
      this.#refuse(new ThreadLostError('no thread of the pool could be started', { cause }))
    this.pool = pool
    if (check) void this.#checkBeginning(check(entry))
  }

  async #checkBeginning(check: Promise<ParallelError | undefined>): Promise<void> {
    this.#broken = await check
    if (!this.#broken) return
    this.#refuse(this.#broken)
    await this.pool!.stop()
  }

  /** Starts a goroutine on the pool. @throws {DataCloneError} @throws {OutOfSharedMemoryError} @throws {ParallelError} */
  start(place: Place, args: unknown[], outcome: TaskOutcome): void {
    if (this.#broken) throw this.#broken
    if (isPoolThread() && modulesLoading() > 0 && goroutinesHere() === modulesLoading()) {
      throw new ParallelError(
        `parallel: "${place.name}" was started while a pool thread imported the module that starts it, so each thread would start it again; put the program into main(() => { … })`,
      )
    }
    this.tasks.start(this.#wordOf(place), args.length === 0 ? 0 : wordOf(this.thread, args, 'args'), outcome)
  }

  /** Ends the threads, and with them every parallel goroutine. */
  async stop(): Promise<void> {
    await this.pool?.stop()
    this.#refuse(new ThreadLostError('the runtime was shut down before this goroutine ran'))
  }

  #refuse(error: Error): void {
    this.tasks.refuse(() => wordOf(this.thread, error))
  }

  /** A word that names a function to other threads: made once per thread and function, and never given back. */
  #wordOf(place: Place): number {
    let word = this.#functions.get(place)
    if (word === undefined) {
      word = wordOf(this.thread, place)
      this.#functions.set(place, word)
    }
    return word
  }
}

let started: ThreadPool | undefined

/** This thread's part of the pool; starts it on first use. */
export function threadPool(): ThreadPool {
  started ??= new ThreadPool()
  return started
}

export function threadPoolIfStarted(): ThreadPool | undefined {
  return started
}

/** Threads that parallel goroutines may run on: those that the pool may have, or this one. */
export function poolSize(): number {
  if (mode() === 'single-thread') return 1
  return started ? maxProcs(started.thread) : (threads ?? host.parallelism())
}

/** @throws {RangeError} `size` is not a whole number from 1 to 63. */
export function resizePool(size: number): void {
  if (!Number.isInteger(size) || size < 1 || size > MAX_POOL_THREADS) {
    throw new RangeError(
      `runtime: the number of threads must be a whole number from 1 to ${MAX_POOL_THREADS}, got ${size}`,
    )
  }
  if (isPoolThread()) throw new Error('runtime: only the main thread can change the number of threads')
  threads = size
  started?.pool?.resize(size)
}

/** @throws {RangeError} A number is out of range. @throws {Error} Something has used the runtime already. */
export function configurePool({ threads: size, memory, mode: wanted }: PoolOptions): void {
  if (wanted !== undefined) {
    if (wanted !== 'threads' && wanted !== 'single-thread') {
      throw new RangeError(
        `runtime.configure: mode must be 'threads' or 'single-thread', got ${String(wanted)}`,
      )
    }
    if (!configureMode(wanted)) {
      throw new Error('runtime.configure: the mode must be configured before first use, on the main thread')
    }
  }
  if (memory) {
    if (typeof memory !== 'object') {
      throw new TypeError(
        `runtime.configure: memory must be an object, such as { maximum: 2 ** 30 }, got ${String(memory)}`,
      )
    }
    for (const [name, bytes] of Object.entries(memory)) {
      if (typeof bytes !== 'number' || !(bytes > 0) || bytes > 2 ** 31) {
        throw new RangeError(
          `runtime.configure: memory.${name} must be a number of bytes up to 2 GiB, got ${String(bytes)}`,
        )
      }
    }
    if (!configureMemory(memory)) {
      throw new Error('runtime.configure: memory must be configured before first use, on the main thread')
    }
  }
  if (size !== undefined) resizePool(size)
}

/** Starts a parallel goroutine; settles as it does. */
export function startOnPool(place: Place, args: unknown[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const pool = threadPool()
    pool.start(place, args, {
      ended(result) {
        try {
          resolve(wordTake(pool.thread, result))
        } catch (error) {
          reject(error)
        }
      },
      failed(error) {
        try {
          reject(wordTake(pool.thread, error))
        } catch (unreadable) {
          reject(unreadable)
        }
      },
      lost: reject,
    })
  })
}
