import { host } from '#host'
import type { HostThread } from './host/host.js'
import { MAIN_THREAD, MAX_PROCS, RUNNING, threadBlock, WANTED } from './kernel.js'
import type { Parked, Thread, ThreadData } from './thread.js'

/** Most threads that a pool may have: the kernel numbers 64, and one is the main thread. */
export const MAX_POOL_THREADS = 63

/** Stands for the pool in the main thread's mailbox. No shared object has this address. */
const POOL_ADDRESS = 64

/**
 * The threads that goroutines run on. The main thread starts them, one by one as there is work for them, and clears up after
 * each, however it ends. Other threads ask it to.
 */
export class Pool implements Parked {
  readonly address = POOL_ADDRESS
  readonly #thread: Thread
  readonly #entry: URL
  readonly #threads = new Map<number, HostThread>()
  readonly #starting = new Set<number>()
  readonly #stopping = new Set<number>()
  #size: number
  /** Threads that have died, not by our wish, since the process began. */
  lost = 0
  /** What the thread that died last died of, as far as its host says. */
  lastError: Error | undefined
  /** Called when there is no thread and none can be started. */
  onNoThreads: (error: Error | undefined) => void = () => {}

  constructor(thread: Thread, entry: URL, size: number) {
    this.#thread = thread
    this.#entry = entry
    this.#size = size
    this.resize(size)
    thread.park(this)
  }

  /** How many threads there may be. */
  get size(): number {
    return this.#size
  }

  /** How many there are. */
  get count(): number {
    return this.#threads.size
  }

  /** Lets the pool have `size` threads from now on. A smaller size takes effect as threads end. */
  resize(size: number): void {
    this.#size = size
    Atomics.store(this.#thread.memory.i32, MAX_PROCS >> 2, size)
  }

  /** Starts another thread, if there may be one more. */
  grow(): void {
    if (this.#threads.size >= this.#size) return
    const { kernel, lifetime, memory } = this.#thread
    const id = kernel.threadReserve()
    if (id < 0) return
    const data: ThreadData = { memory: memory.memory, maximum: memory.maximum, id }
    const thread = host.spawn(this.#entry, data)
    this.#threads.set(id, thread)
    this.#starting.add(id)
    lifetime.starting++
    thread.onExit(error => this.#ended(id, error))
  }

  /** A thread has started, or wants another one beside it. */
  look(): void {
    const { kernel, memory } = this.#thread
    for (const id of this.#starting) if (kernel.threadIsAlive(id)) this.#started(id)
    if (Atomics.exchange(memory.i32, WANTED >> 2, 0) > 0) this.grow()
  }

  #started(id: number): void {
    if (this.#starting.delete(id)) this.#thread.lifetime.starting--
  }

  #ended(id: number, error: Error | undefined): void {
    const neverRan = this.#starting.has(id)
    const nobodyIsTold = this.#thread.memory.i32[(threadBlock(id) + RUNNING) >> 2] === 0
    this.#started(id)
    this.#threads.delete(id)
    this.lastError = error
    this.#thread.kernel.threadReap(this.#thread.id, id)
    if (this.#stopping.delete(id)) return
    this.lost++
    // Goroutines that ran there reject with this error as their cause. With none, it would go unseen.
    if (error && nobodyIsTold) {
      host.macrotask(() => {
        throw error
      })
    }
    // A thread that cannot even start would only fail again.
    if (!neverRan) this.grow()
    else if (this.#threads.size === 0) this.onNoThreads(error)
  }

  /** Ends all threads, in the middle of whatever they do. Resolves when they are gone. */
  async stop(): Promise<void> {
    const ending = [...this.#threads]
    for (const [id] of ending) this.#stopping.add(id)
    await Promise.all(ending.map(([, thread]) => thread.terminate()))
  }
}

/** Tells the main thread that this pool thread has started. */
export function sayStarted(thread: Thread): void {
  thread.kernel.poke(MAIN_THREAD, POOL_ADDRESS)
}

/** Asks the main thread, from any other, for one more thread. */
export function wantThread(thread: Thread): void {
  Atomics.store(thread.memory.i32, WANTED >> 2, 1)
  thread.kernel.poke(MAIN_THREAD, POOL_ADDRESS)
}

/** How many threads the pool may have, as any thread sees it. */
export function maxProcs(thread: Thread): number {
  return Atomics.load(thread.memory.i32, MAX_PROCS >> 2)
}
