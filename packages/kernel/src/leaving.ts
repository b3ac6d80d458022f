import { host } from './host/current.js'
import { STOP, threadBlock } from './kernel.js'
import type { Tasks } from './tasks.js'
import type { Parked, Thread } from './thread.js'

// What the pool wants of a thread: one word in the thread's block, which the main thread and the thread itself change by
// compare-and-swap, so that each knows who came first.
//
//   RUN <───> RETIRE        take no new goroutines, finish those that run here, then leave; may be taken back
//    └─────────┴──> LEAVE   leave at the next turn of the event loop
//   RETIRE, LEAVE ──> LEFT  by the thread: it will not touch shared memory again

const RUN = 0
const RETIRE = 1
const LEAVE = 2
const LEFT = 3

/** Stands for a thread's leaving in its own mailbox. No shared object has this address. */
const LEAVING_ADDRESS = 128

const wordOf = (id: number): number => (threadBlock(id) + STOP) >> 2

function change(thread: Thread, id: number, from: number, to: number): boolean {
  if (Atomics.compareExchange(thread.memory.i32, wordOf(id), from, to) !== from) return false
  thread.kernel.poke(id, LEAVING_ADDRESS)
  return true
}

/** Asks thread `id` to finish what runs there and to leave then. */
export const askToRetire = (thread: Thread, id: number): boolean => change(thread, id, RUN, RETIRE)

/** Takes `askToRetire` back. False if the thread has left. */
export const askToStay = (thread: Thread, id: number): boolean => change(thread, id, RETIRE, RUN)

/** Asks thread `id` to leave at the next turn of its event loop, whatever runs there. */
export const askToLeave = (thread: Thread, id: number): boolean =>
  change(thread, id, RUN, LEAVE) || change(thread, id, RETIRE, LEAVE)

/** Whether thread `id`, which has ended, has done so because it was asked to. */
export const hasLeft = (thread: Thread, id: number): boolean =>
  Atomics.load(thread.memory.i32, wordOf(id)) === LEFT

/** A pool thread's side: does as it is asked. */
export class Leaving implements Parked {
  readonly address = LEAVING_ADDRESS
  readonly #thread: Thread
  readonly #tasks: Tasks
  #retiring = false
  /** Called when the thread has finished what ran there and is about to leave. */
  onLeaving: () => void = () => {}

  constructor(thread: Thread, tasks: Tasks) {
    this.#thread = thread
    this.#tasks = tasks
    tasks.onQuiet = () => {
      if (this.#retiring) host.macrotask(() => this.#leaveIfQuiet())
    }
    thread.park(this)
    this.look()
  }

  look(): void {
    const wish = Atomics.load(this.#thread.memory.i32, wordOf(this.#thread.id))
    if (wish === LEAVE) return this.#leave(LEAVE)
    if (wish === LEFT) return // its host is slow to end it
    const retires = wish === RETIRE
    if (retires === this.#retiring) return
    this.#retiring = retires
    if (!retires) return this.#tasks.resume()
    this.#tasks.pause()
    host.macrotask(() => this.#leaveIfQuiet())
  }

  #leaveIfQuiet(): void {
    if (!this.#retiring || !this.#tasks.isQuiet) return
    this.onLeaving()
    this.#leave(RETIRE)
  }

  #leave(from: typeof RETIRE | typeof LEAVE): void {
    const { memory, id } = this.#thread
    // From here on this thread is none: nothing of it runs any more that could touch shared memory.
    if (Atomics.compareExchange(memory.i32, wordOf(id), from, LEFT) === from) host.endThread()
  }
}
