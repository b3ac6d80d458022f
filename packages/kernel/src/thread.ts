import { Doorbell } from './doorbell.js'
import { BugError, OutOfSharedMemoryError } from './errors.js'
import { host } from './host/current.js'
import {
  ANSWER,
  BELL,
  CLAIMED,
  INBOX,
  instantiateKernel,
  type Kernel,
  MAIN_THREAD,
  RECORD_NUMBERS,
  RESCAN,
  SCRATCH,
  TASK_ENDED,
  threadBlock,
} from './kernel.js'
import { Lifetime } from './lifetime.js'
import { type MemoryLimits, SharedMemory } from './memory.js'

/** Looks at the mailbox before a thread that blocks goes to sleep: a few microseconds. */
const SPIN_LOOKS = 500

/** A shared object that somebody in this thread waits for. */
export interface Parked {
  /** Offset of the waitable. */
  readonly address: number
  /** It may have changed: look at it again and serve whoever can go on. */
  look(): void
}

/** What a thread of the pool is started with. */
export interface ThreadData {
  memory: WebAssembly.Memory
  maximum: number
  kernel: WebAssembly.Module
  id: number
  /** Which life of that number it is to begin. */
  life: number
  /** URLs of modules that register kinds: see `providesKinds`. */
  providers: string[]
  /** Whether it is in development mode. */
  debug: boolean
}

/**
 * This JavaScript thread's part of the runtime: its kernel instance, its views of memory, the objects that its goroutines
 * wait for. One per thread, made on first use.
 */
export class Thread {
  readonly id: number
  readonly memory: SharedMemory
  readonly kernel: Kernel
  readonly doorbell: Doorbell
  readonly lifetime: Lifetime
  readonly #parked = new Map<number, Set<Parked>>()
  readonly #taskListeners: (() => void)[] = []
  readonly #rescanListeners: (() => void)[] = []
  readonly #blockingListeners: { enter(): void; leave(): void }[] = []
  #blockingDepth = 0
  // Places in words.
  readonly #answer: number
  readonly #inbox: number
  #scratch: Float64Array<SharedArrayBuffer> | undefined

  constructor(memory: SharedMemory, kernel: Kernel, id: number, life: number) {
    this.memory = memory
    this.kernel = kernel
    this.id = id
    this.#answer = (threadBlock(id) + ANSWER) >> 2
    if (!kernel.threadAttach(id, life)) throw OutOfSharedMemoryError.of(16_384, memory.maximum)
    memory.reach(kernel.heapUsed()) // the inbox is somewhere below
    this.#inbox = memory.i32[(threadBlock(id) + INBOX) >> 2] >> 2
    this.doorbell = new Doorbell(this)
    this.lifetime = new Lifetime(this)
  }

  /** The second result of the kernel call just made. */
  get answer(): number {
    return this.memory.i32[this.#answer]
  }

  /** The third result of the kernel call just made: the token of the operation that was committed. */
  get claimed(): number {
    return this.memory.i32[(threadBlock(this.id) + CLAIMED) >> 2]
  }

  /** The first `count` words of the inbox: valid until the next call that fills it, and the next drain. */
  inbox(count: number): Int32Array {
    return this.memory.i32.subarray(this.#inbox, this.#inbox + count)
  }

  /** Writes a word to the inbox, for a call that reads a list there. */
  list(index: number, word: number): void {
    this.memory.i32[this.#inbox + index] = word
  }

  /** The numbers of the record that was read last: room for RECORD_NUMBERS, valid until the next is read. */
  get scratch(): Float64Array<SharedArrayBuffer> {
    if (this.#scratch === undefined) {
      const start = (4 * this.#inbox + SCRATCH) >> 3
      this.#scratch = this.memory.f64.subarray(start, start + RECORD_NUMBERS)
    }
    return this.#scratch
  }

  /** Tells the present life of a thread, this one if not said otherwise, from all others: before and after it and beside it. */
  life(id = this.id): number {
    return ((this.kernel.threadLife(id) << 8) | id) >>> 0
  }

  /** Looks at `object` whenever it may have changed, from now on. The object stays alive as long. */
  park(object: Parked): void {
    const hash = this.kernel.hashOf(object.address)
    const objects = this.#parked.get(hash)
    if (objects) objects.add(object)
    else this.#parked.set(hash, new Set([object]))
    this.doorbell.listen()
  }

  /** Forgets `object`. Its ticket must have been taken back first. */
  unpark(object: Parked): void {
    const hash = this.kernel.hashOf(object.address)
    const objects = this.#parked.get(hash)
    objects?.delete(object)
    if (objects?.size === 0) this.#parked.delete(hash)
  }

  /** Calls `listener` when tasks that this thread started may have ended. */
  onTasksEnded(listener: () => void): void {
    this.#taskListeners.push(listener)
  }

  /** Calls `listener` when a thread has died. */
  onRescan(listener: () => void): void {
    this.#rescanListeners.push(listener)
  }

  /** Calls `enter` before this thread stands still in a call that blocks, and `leave` after it. */
  onBlocking(listener: { enter(): void; leave(): void }): void {
    this.#blockingListeners.push(listener)
  }

  /**
   * Runs `fn`, in which this thread may stand still (`Atomics.wait`, say). Meanwhile others take over the goroutines that it has
   * not started yet, and the pool may have another thread instead of it; those that it has started stand still with it, and so
   * does its event loop. Answers and throws what `fn` does. May be nested. Go hands a processor over around a system call.
   */
  blocking<R>(fn: () => R): R {
    this.enterBlocking()
    try {
      return fn()
    } finally {
      this.leaveBlocking()
    }
  }

  /** The first half of `blocking`, for those who cannot wrap a function. `leaveBlocking` must follow. */
  enterBlocking(): void {
    if (this.#blockingDepth++ > 0 || this.id === MAIN_THREAD) return
    this.kernel.blockedSet(this.id, 1)
    for (const { enter } of this.#blockingListeners) enter()
  }

  leaveBlocking(): void {
    if (--this.#blockingDepth > 0 || this.id === MAIN_THREAD) return
    this.kernel.blockedSet(this.id, 0)
    for (const { leave } of this.#blockingListeners) leave()
  }

  /** Serves everything that the mailbox names. */
  drain(): void {
    const count = this.kernel.mailboxDrain(this.id)
    if (count === 0) return
    if (count === 1) return this.#serve(this.memory.i32[this.#inbox])
    // A copy: what looks at its object may fill the inbox again.
    for (const hash of this.inbox(count).slice()) this.#serve(hash)
  }

  #serve(hash: number): void {
    if (hash === TASK_ENDED) for (const listener of this.#taskListeners) listener()
    else if (hash === RESCAN) this.#rescan()
    else this.#lookAt(hash)
  }

  /** Stands still until something is in the mailbox, or `ms` have passed, and serves it. The event loop stands still as well. */
  standStill(ms: number): void {
    const { kernel, id } = this
    if (!this.#comesSoon() && kernel.bellArm(id)) {
      Atomics.wait(this.memory.i32, (threadBlock(id) + BELL) >> 2, 1, ms)
      kernel.bellLower(id)
    }
    this.doorbell.rouse()
    this.drain()
  }

  /** Being woken costs more than a short look for an answer that is on its way. */
  #comesSoon(): boolean {
    for (let looks = 0; looks < SPIN_LOOKS; looks++) if (this.kernel.mailboxDirty(this.id)) return true
    return false
  }

  /** Lets whoever is parked at `address` look at it now, as if it had been poked. */
  lookAt(address: number): void {
    this.#lookAt(this.kernel.hashOf(address))
  }

  #lookAt(hash: number): void {
    const objects = this.#parked.get(hash)
    if (objects) for (const object of [...objects]) object.look()
  }

  #rescan(): void {
    for (const listener of this.#taskListeners) listener()
    for (const listener of this.#rescanListeners) listener()
    for (const objects of [...this.#parked.values()]) for (const object of [...objects]) object.look()
  }

  /** A block of shared memory. @throws {OutOfSharedMemoryError} */
  allocate(bytes: number): number {
    const block = this.kernel.heapAllocate(this.id, bytes)
    if (block === 0) throw this.outOfMemory(bytes)
    this.memory.reach(block + bytes)
    return block
  }

  free(block: number): void {
    this.kernel.heapFree(this.id, block)
  }

  outOfMemory(bytes: number): OutOfSharedMemoryError {
    return OutOfSharedMemoryError.of(bytes, this.memory.maximum)
  }
}

// One per JavaScript thread even when the package is there twice (a bundle and its thread entry, say).
const KEY = Symbol.for('@millrace/kernel/slot')
const everybody = globalThis as { [KEY]?: Slot }
interface Slot {
  thread: Thread | undefined
}
// Found once: a look into the global object takes ten times as long as one into any other.
let found: Slot | undefined
const slot = (): Slot => {
  found ??= everybody[KEY] ??= { thread: undefined }
  return found
}

let limits: MemoryLimits = {}

/** Whether this is a thread of the pool. */
export function isPoolThread(): boolean {
  return host.isPoolThread()
}

/** The modules that this thread is to import before it runs anything. */
export function providersAtStart(): readonly string[] {
  return (host.threadData() as ThreadData | undefined)?.providers ?? []
}

/** The runtime of this thread, if anything has needed one yet. */
export function threadIfStarted(): Thread | undefined {
  return slot().thread
}

/** This thread's part of the runtime; starts it on first use. @throws {OutOfSharedMemoryError} */
export function currentThread(): Thread {
  return slot().thread ?? start()
}

/** Sets how much memory there will be. Answers false when it is too late: memory has been made. */
export function configureMemory(memory: MemoryLimits): boolean {
  if (slot().thread || isPoolThread()) return false
  limits = { ...limits, ...memory }
  return true
}

function start(): Thread {
  const data = host.threadData() as ThreadData | undefined
  const memory = data ? new SharedMemory(data.memory, data.maximum) : SharedMemory.create(limits)
  const kernel = instantiateKernel(memory.memory, data?.kernel)
  if (!data) {
    kernel.kernelInit()
    if (kernel.threadReserve() !== MAIN_THREAD) throw new BugError('fresh memory has threads in it')
  }
  const id = data?.id ?? MAIN_THREAD
  const thread = new Thread(memory, kernel, id, data?.life ?? kernel.threadLife(id))
  if (!data && !kernel.injectorCreate(thread.id)) throw thread.outOfMemory(65_536)
  slot().thread = thread
  return thread
}
