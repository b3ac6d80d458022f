import { ThreadLostError } from './errors.js'
import { host } from './host/current.js'
import type { HostTimer } from './host/host.js'
import {
  GOROUTINES,
  INJECTOR,
  OK_NOBODY,
  OK_SELF,
  RUNNING,
  SEND,
  threadBlock,
  WOULD_BLOCK,
} from './kernel.js'
import type { Parked, Thread } from './thread.js'
import { wordDrop } from './value.js'

// A task's fields: assembly/task.ts.
const NEXT = 0
const TICKET = 12
const FUNCTION = 16
const ARGUMENTS = 20
const RESULT = 24
const STATE = 28
const OUTCOME = 32

const ENDED = 1
const FAILED = 2

/** How long a thread starts new goroutines before those that run already get a turn. */
const SLICE_MS = 1

/** How long a thread leaves goroutines to others that are on their way: being woken takes far less, being started more. */
const PATIENCE_MS = 50

/** What the starter of a task is told. Words own their blocks. */
export interface TaskOutcome {
  ended(result: number): void
  failed(error: number): void
  lost(error: ThreadLostError): void
}

/**
 * Runs the function in word `fn` with the arguments in word `args`, and calls `done` once: with the word of the result, or of
 * the error.
 */
export type TaskRunner = (fn: number, args: number, done: (failed: boolean, word: number) => void) => void

interface Pending {
  task: number
  outcome: TaskOutcome
}

/** Goroutines that leave this thread, and those that come to it. */
export class Tasks implements Parked {
  /** The injector: the ring that unstarted goroutines wait in. */
  readonly address: number
  readonly #thread: Thread
  readonly #pending: (Pending | undefined)[] = []
  readonly #freeTickets: number[] = []
  /** Posted by this thread while the injector was full; the oldest first. */
  readonly #backlog: number[] = []
  #runner: TaskRunner | undefined
  #serving = false
  #paused = 0
  #later: HostTimer | undefined
  readonly #goroutines: number
  #pendingCount = 0
  /** Called when a task was posted and no thread was free for it. */
  onBusy: () => void = () => {}
  /** Called when the last goroutine of this thread has ended, or the last one that it waits for. */
  onQuiet: () => void = () => {}
  /** What a lost task is told that thread `id` died of in that life. */
  causeOfDeath: (id: number, life: number) => Error | undefined = () => undefined

  constructor(thread: Thread) {
    this.#thread = thread
    this.address = Atomics.load(thread.memory.i32, INJECTOR >> 2)
    this.#goroutines = (threadBlock(thread.id) + GOROUTINES) >> 2
    thread.onTasksEnded(() => this.#collect())
    thread.onRescan(() => this.#findLost())
    thread.onBlocking({ enter: () => this.pause(), leave: () => this.resume() })
    thread.park(this)
  }

  /** Says how many goroutines this thread has. */
  publishGoroutines(count: number): void {
    this.#thread.memory.i32[this.#goroutines] = count
    if (count === 0) this.onQuiet()
  }

  /** Whether no goroutine runs here, and none that was started here runs elsewhere. */
  get isQuiet(): boolean {
    return this.#pendingCount === 0 && this.#thread.memory.i32[this.#goroutines] === 0
  }

  /** Sends a goroutine to the pool. Takes over `args`. @throws {OutOfSharedMemoryError} */
  start(fn: number, args: number, outcome: TaskOutcome): void {
    const { kernel, id } = this.#thread
    const ticket = this.#freeTickets.pop() ?? this.#pending.length
    const task = kernel.taskCreate(id, ticket, fn, args)
    if (task === 0) {
      this.#freeTickets.push(ticket)
      this.#pending[ticket] ??= undefined
      wordDrop(this.#thread, args)
      throw this.#thread.outOfMemory(64)
    }
    this.#thread.memory.reach(task + 64)
    this.#pending[ticket] = { task, outcome }
    this.#pendingCount++
    if (this.#backlog.length > 0 || !this.#post(task)) this.#defer(task)
    this.#thread.doorbell.listen() // there is something to wait for now: its end
  }

  #post(task: number): boolean {
    const status = this.#thread.kernel.taskPost(this.#thread.id, task)
    if (status === OK_SELF) this.#serveSoon()
    else if (status === OK_NOBODY) this.onBusy()
    return status !== WOULD_BLOCK
  }

  #defer(task: number): void {
    this.#backlog.push(task)
    this.#flush()
  }

  /** Posts the backlog, as far as there is room; asks to be told when there is more. */
  #flush(): void {
    const { kernel, id } = this.#thread
    let posted = 0
    while (posted < this.#backlog.length) {
      if (this.#post(this.#backlog[posted])) posted++
      else if (!kernel.ringPark(id, this.address, SEND)) break
    }
    this.#backlog.splice(0, posted)
    if (this.#backlog.length === 0 && posted > 0) kernel.ringPassBaton(id, this.address, SEND)
  }

  #collect(): void {
    const { kernel, id, memory } = this.#thread
    let task = kernel.tasksCollect(id)
    while (task !== 0) {
      memory.reach(task + 64)
      const { i32 } = memory
      const next = i32[(task + NEXT) >> 2]
      const failed = i32[(task + OUTCOME) >> 2] === FAILED
      const ticket = i32[(task + TICKET) >> 2]
      const result = i32[(task + RESULT) >> 2]
      const pending = kernel.taskIsMine(id, task) ? this.#pending[ticket] : undefined
      kernel.taskFree(id, task)
      if (pending) {
        this.#settle(ticket)
        if (failed) pending.outcome.failed(result)
        else pending.outcome.ended(result)
      } else wordDrop(this.#thread, result)
      task = next
    }
  }

  #settle(ticket: number): void {
    this.#pending[ticket] = undefined
    this.#freeTickets.push(ticket)
    if (--this.#pendingCount === 0) this.onQuiet()
  }

  /** A thread has died. What it had handed back before is no loss: so first who seems lost, then what has come, then who is. */
  #findLost(): void {
    const { kernel, id, memory } = this.#thread
    const suspects = [...this.#pending.entries()].filter(
      ([, pending]) => pending && kernel.taskIsLost(pending.task),
    )
    this.#collect()
    for (const [ticket, pending] of suspects) {
      if (!pending || this.#pending[ticket] !== pending) continue
      // The life that ran it: assembly/claim.ts.
      const state = memory.i32[(pending.task + STATE) >> 2]
      if (!kernel.taskAbandon(pending.task)) continue
      this.#settle(ticket)
      wordDrop(this.#thread, memory.i32[(pending.task + ARGUMENTS) >> 2])
      kernel.taskFree(id, pending.task)
      pending.outcome.lost(
        new ThreadLostError(undefined, { cause: this.causeOfDeath(state & 0x3f, state >>> 8) }),
      )
    }
  }

  /** Ends every task that no thread has taken yet: there is no thread to take it. `word` makes the error of each. */
  refuse(word: () => number): void {
    const { kernel, id } = this.#thread
    for (let task = kernel.taskTake(id); task !== 0; task = kernel.taskTake(id)) {
      const error = word()
      if (!kernel.taskEnd(id, task, FAILED, error)) wordDrop(this.#thread, error)
    }
  }

  /** Takes goroutines from now on. */
  run(runner: TaskRunner): void {
    this.#runner = runner
    this.#serveSoon()
  }

  /** There may be room in the injector, or something to take. */
  look(): void {
    if (this.#backlog.length > 0) this.#flush()
    else this.#thread.kernel.ringPassBaton(this.#thread.id, this.address, SEND)
    if (this.#runner) this.#serve()
  }

  /** Whether it is about to take goroutines. */
  get serving(): boolean {
    return this.#serving
  }

  /**
   * Takes no goroutines until `resume`: what is here has to go on first, or the thread is about to stand still. Others are woken
   * for those that wait, those of this thread's deque among them. May be nested.
   */
  pause(): void {
    if (this.#paused++ > 0 || !this.#runner) return
    this.#thread.kernel.taskUnpark(this.#thread.id)
    this.#wantOthers()
  }

  resume(): void {
    if (--this.#paused === 0 && this.#runner) this.#serveSoon()
  }

  #serveSoon(): void {
    if (this.#serving) return
    this.#serving = true
    host.macrotask(() => {
      this.#serving = false
      this.#thread.lifetime.active()
      this.#serve()
    })
  }

  #serve(): void {
    if (this.#serving || host.isEnding()) return
    const { kernel, id } = this.#thread
    kernel.taskArrive(id)
    const until = performance.now() + SLICE_MS
    let taken = 0
    do {
      if (this.#paused > 0) return this.#passBaton()
      for (let task = kernel.taskTake(id); task !== 0; task = kernel.taskTake(id)) {
        this.#runOne(task)
        if (this.#paused > 0) return this.#passBaton()
        if (performance.now() >= until) return this.#serveSoon()
        // A goroutine stays where it starts: what others are already on their way for is theirs.
        if (kernel.tasksToSpare(++taken) <= 0) break
      }
      if (kernel.taskPark(id) === 0) return
    } while (kernel.tasksToSpare(taken) > 0)
    this.#serveLater()
  }

  /** Others are on their way for what is left in the injector. If they do not come in time, this thread takes it after all. */
  #serveLater(): void {
    if (this.#later) return
    this.#later = host.timer(() => {
      this.#later = undefined
      this.#serve()
    }, PATIENCE_MS)
  }

  /** Others have to see to what is there. */
  #passBaton(): void {
    this.#thread.kernel.taskPassBaton(this.#thread.id)
    this.#wantOthers()
  }

  #wantOthers(): void {
    if (this.#thread.kernel.taskIsReady()) this.onBusy()
  }

  #runOne(task: number): void {
    const { kernel, id, memory } = this.#thread
    memory.reach(task + 64)
    const fn = memory.i32[(task + FUNCTION) >> 2]
    const args = memory.i32[(task + ARGUMENTS) >> 2]
    memory.i32[(task + ARGUMENTS) >> 2] = 0 // the runner's now: if this thread dies the caller must not free them again
    const running = (threadBlock(id) + RUNNING) >> 2
    memory.i32[running]++
    this.#runner!(fn, args, (failed, word) => {
      memory.i32[running]--
      if (!kernel.taskEnd(id, task, failed ? FAILED : ENDED, word)) wordDrop(this.#thread, word)
    })
  }
}
