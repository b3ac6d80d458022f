import { providersOfKinds } from './codec.js'
import { debugging } from './debug.js'
import { host } from './host/current.js'
import type { HostThread, HostTimer } from './host/host.js'
import { kernelModule, MAIN_THREAD, MAX_PROCS, RUNNING, threadBlock, WANTED } from './kernel.js'
import { askToLeave, askToRetire, askToStay, hasLeft } from './leaving.js'
import type { Parked, Thread, ThreadData } from './thread.js'

/** Most threads that a pool may have: the kernel numbers 64, and one is the main thread. */
export const MAX_POOL_THREADS = 63

/** Stands for the pool in the main thread's mailbox. No shared object has this address. */
const POOL_ADDRESS = 64

/** How long a thread may take to leave when it is asked to, before its host is told to end it. */
const LEAVE_MS = 50

/** How long its host may take for that, before the thread counts as dead although it may still run. */
const TERMINATE_MS = 100

/** How long more threads than there may be stay, when one goes on that stood still: it may stand still again. */
const SPARE_MS = 250

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
  /** They finish what runs there, and leave. */
  readonly #retiring = new Set<number>()
  /** They are to end at once. What is called when one is gone. */
  readonly #stopping = new Map<number, () => void>()
  /** They were to end, and may still run: their numbers are theirs until they are gone. */
  readonly #disowned = new Set<number>()
  #spare: HostTimer | undefined
  #size: number
  /** Threads that have died, not by our wish, since the process began. */
  lost = 0
  /** What the last thread of each number died of, as far as its host says. */
  readonly #causes = new Map<number, { life: number; cause: Error | undefined }>()
  /** Called when there is no thread and none can be started. */
  onNoThreads: (error: Error | undefined) => void = () => {}

  constructor(thread: Thread, entry: URL, size: number) {
    this.#thread = thread
    this.#entry = entry
    this.#size = size
    this.resize(size)
    thread.park(this)
  }

  /** What thread `id` died of in that life, if it is known: it has ended, and none has died under its number since. */
  causeOfDeath(id: number, life: number): Error | undefined {
    const last = this.#causes.get(id)
    return last?.life === life ? last.cause : undefined
  }

  /** How many threads there may be. */
  get size(): number {
    return this.#size
  }

  /** How many there are. */
  get count(): number {
    return this.#threads.size - this.#disowned.size
  }

  /** How many take goroutines. One that stands still in a call that blocks does not, and another may take its place. */
  get #active(): number {
    const asked = new Set([...this.#retiring, ...this.#stopping.keys(), ...this.#disowned])
    return this.#threads.size - asked.size - this.#thread.kernel.blockedCount()
  }

  /**
   * Lets the pool have `size` threads from now on. When there are more, those that run the fewest goroutines take no new ones,
   * finish theirs, and end; when there are fewer, and work for them, others are started.
   */
  resize(size: number): void {
    this.#size = size
    Atomics.store(this.#thread.memory.i32, MAX_PROCS >> 2, size)
    this.#trim()
    while (this.#active < this.#size && this.#thread.kernel.tasksToSpare(1) > 0) if (!this.grow()) return
  }

  /** Starts another thread, or keeps one that was about to leave, if there may be one more. Answers whether it did. */
  grow(): boolean {
    if (this.#active >= this.#size) return false
    for (const id of this.#retiring) {
      this.#retiring.delete(id)
      if (askToStay(this.#thread, id)) return true
    }
    const { kernel, lifetime, memory } = this.#thread
    const id = kernel.threadReserve()
    if (id < 0) return false
    const life = kernel.threadLife(id)
    const data: ThreadData = {
      memory: memory.memory,
      maximum: memory.maximum,
      kernel: kernelModule(),
      id,
      life,
      providers: providersOfKinds(),
      debug: debugging,
    }
    const thread = host.spawn(this.#entry, data)
    this.#threads.set(id, thread)
    this.#starting.add(id)
    lifetime.starting++
    thread.onExit((error, code) => this.#ended(id, life, error, code))
    return true
  }

  /** Asks as many threads to retire as there are too many. */
  #trim(): void {
    const { i32 } = this.#thread.memory
    const running = (id: number): number => Atomics.load(i32, (threadBlock(id) + RUNNING) >> 2)
    const staying = [...this.#threads.keys()].filter(
      id => !this.#retiring.has(id) && !this.#stopping.has(id) && !this.#disowned.has(id),
    )
    staying.sort((a, b) => running(a) - running(b))
    for (const id of staying.slice(0, Math.max(0, this.#active - this.#size))) {
      if (askToRetire(this.#thread, id)) this.#retiring.add(id)
    }
  }

  /** A thread has started, or wants another one beside it, or goes on that stood still. */
  look(): void {
    const { kernel, memory } = this.#thread
    for (const id of this.#starting) if (kernel.threadIsAlive(id)) this.#started(id)
    if (Atomics.exchange(memory.i32, WANTED >> 2, 0) > 0) this.grow()
    if (this.#active <= this.#size || this.#spare) return
    this.#spare = host.keepAlive(() => {
      this.#spare = undefined
      this.#trim()
    }, SPARE_MS)
    this.#spare.unref()
  }

  #started(id: number): void {
    if (this.#starting.delete(id)) this.#thread.lifetime.starting--
  }

  #ended(id: number, life: number, error: Error | undefined, code: number | undefined): void {
    const { kernel, memory } = this.#thread
    const neverRan = this.#starting.has(id)
    const nobodyIsTold = neverRan || memory.i32[(threadBlock(id) + RUNNING) >> 2] === 0
    const wasStopped = this.#stopping.has(id) || this.#disowned.has(id)
    const hasRetired = !wasStopped && hasLeft(this.#thread, id)
    this.#started(id)
    this.#threads.delete(id)
    this.#retiring.delete(id)
    this.#disowned.delete(id)
    const end = code === undefined ? undefined : new Error(`the thread ended with exit code ${code}`)
    this.#causes.set(id, { life, cause: error ?? end })
    kernel.threadReap(this.#thread.id, id)
    this.#stopping.get(id)?.()
    if (wasStopped) return
    if (hasRetired) {
      // There may be more work, or room for another thread, than when it was asked to go.
      if (kernel.taskIsReady()) this.grow()
      return
    }
    this.lost++
    // Goroutines that ran there reject with this error as their cause. With none, it would go unseen.
    if (error && nobodyIsTold) {
      host.macrotask(() => {
        throw error
      })
    }
    // A thread that cannot even start would only fail again.
    if (!neverRan) this.grow()
    else if (this.count === 0) this.onNoThreads(error)
  }

  /**
   * Ends all threads: each at the next turn of its event loop, or in the middle of whatever it does if that does not come.
   * Resolves when they are gone, or as good as gone: a host may be unable to end a thread that does not return to its event loop.
   */
  async stop(): Promise<void> {
    await Promise.all(
      [...this.#threads.keys()].filter(id => !this.#disowned.has(id)).map(id => this.#stop(id)),
    )
  }

  #stop(id: number): Promise<void> {
    return new Promise(resolve => {
      let timer = host.keepAlive(() => {
        void this.#threads.get(id)?.terminate()
        timer = host.keepAlive(() => {
          this.#disown(id)
          gone()
        }, TERMINATE_MS)
      }, LEAVE_MS)
      const gone = () => {
        timer.clear()
        this.#stopping.delete(id)
        resolve()
      }
      const before = this.#stopping.get(id)
      this.#stopping.set(id, () => {
        before?.()
        gone()
      })
      askToLeave(this.#thread, id)
    })
  }

  #disown(id: number): void {
    this.#started(id)
    this.#disowned.add(id)
    this.#thread.kernel.threadDisown(id)
  }
}

/** Tells the main thread that this pool thread has started. */
export function sayStarted(thread: Thread): void {
  thread.kernel.poke(MAIN_THREAD, POOL_ADDRESS)
}

/** Asks the main thread, from any other, for one more thread. Does nothing when the pool may have no more. */
export function wantThread(thread: Thread): void {
  if (!thread.kernel.poolHasRoom()) return
  Atomics.store(thread.memory.i32, WANTED >> 2, 1)
  thread.kernel.poke(MAIN_THREAD, POOL_ADDRESS)
}

/** How many threads the pool may have, as any thread sees it. */
export function maxProcs(thread: Thread): number {
  return Atomics.load(thread.memory.i32, MAX_PROCS >> 2)
}

/** Tells the main thread, from one that stood still and goes on, if there are more threads now than there should be. */
export function sayGoesOn(thread: Thread): void {
  if (thread.kernel.poolIsOver()) thread.kernel.poke(MAIN_THREAD, POOL_ADDRESS)
}
