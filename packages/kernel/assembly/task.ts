// Goroutines on their way to a thread and back. A task is one 64-byte block from a class of its own: posted to the
// injector ring by the thread that says `go`, taken by whichever pool thread is free, and pushed, once ended, on the
// stack of ended tasks of the thread that started it.
//
//   0        next        u32   the stack of ended tasks
//   4        state       u32   QUEUED, then {incarnation24, thread8} of the thread that runs it, then ENDED or FAILED
//   8        caller      u32   {incarnation24, thread8} of the thread that started it
//   12       ticket      u32   which of the caller's promises waits for it
//   16       function    u32   block with its module and name
//   20       arguments   u32   a value word (see cells), 0 = none
//   24       result      u32   a value word; of an error when FAILED
//
// Who may write: the caller until it is posted; then the thread that took it; after the push the caller again.

import { and64, cas32, load32, load64, or64, store32, xchg32 } from './atomics'
import { wordFree } from './cells'
import { allocateTask, heapFree } from './heap'
import { ALIVE, ANSWER, COMPLETED, INCARNATION, INJECTOR, INTEREST, RECEIVE, RESTING, RUNNING, SLOTS, threadAt } from './layout'
import { poke, pokeTaskEnded } from './parking'
import { enqueue, ringLength, ringPark, ringReceive } from './ring'
import { OK, OK_NOBODY, OK_SELF } from './status'

const NEXT: usize = 0
const STATE: usize = 4
const CALLER: usize = 8
const TICKET: usize = 12
const FUNCTION: usize = 16
const ARGUMENTS: usize = 20
const RESULT: usize = 24

const QUEUED: u32 = 0

/** A thread and which of its lives: numbers are re-used, lives are not. */
// @ts-expect-error: decorator
@inline
function lifeOf(thread: u32): u32 {
  return (load32(threadAt(thread), INCARNATION) << 8) | thread
}

function isAlive(life: u32): bool {
  const thread = life & 0xff
  return (load64(ALIVE) & (<u64>1 << thread)) != 0 && lifeOf(thread) == life
}

/** Makes a task, not posted yet. 0 when shared memory is used up. */
export function taskCreate(me: u32, ticket: u32, fn: u32, args: u32): usize {
  const task = allocateTask(me)
  if (task == 0) return 0
  store32(task + STATE, QUEUED)
  store<u32>(task, lifeOf(me), CALLER)
  store<u32>(task, ticket, TICKET)
  store<u32>(task, fn, FUNCTION)
  store<u32>(task, args, ARGUMENTS)
  return task
}

/**
 * Posts a task to the injector: OK, OK_NOBODY (no thread was free to be woken for it), OK_SELF (the caller itself was
 * free), or WOULD_BLOCK when the injector is full.
 */
export function taskPost(me: u32, task: usize): i32 {
  const injector = <usize>load32(INJECTOR)
  const status = enqueue(me, injector, <u32>task)
  return status == OK ? wakeLeastBusy(me, injector) : status
}

/** As wakeOne, but of the threads that rest it wakes one that runs the fewest goroutines: they stay where they start. */
function wakeLeastBusy(me: u32, injector: usize): i32 {
  const word = injector + INTEREST
  while (true) {
    let waiting = load64(word) & load64(ALIVE)
    if (waiting == 0) return OK_NOBODY
    let least: u32 = 0
    let fewest: u32 = u32.MAX_VALUE
    for (; waiting != 0; waiting &= waiting - 1) {
      const thread = <u32>ctz(waiting)
      const running = load32(threadAt(thread), RUNNING)
      if (running < fewest) {
        least = thread
        fewest = running
      }
    }
    const bit = <u64>1 << least
    if ((and64(word, ~bit) & bit) == 0) continue // somebody else claimed it
    if (least == me) return OK_SELF
    poke(least, injector)
    return OK
  }
}

/** Waits for tasks: the thread is resting from now on. Answers true if there is one already. */
export function taskPark(me: u32): bool {
  or64(RESTING, <u64>1 << me)
  return ringPark(me, <usize>load32(INJECTOR), RECEIVE)
}

/** The thread is not resting any more: it looks at the injector itself. */
export function taskArrive(me: u32): void {
  const bit = <u64>1 << me
  if ((load64(RESTING) & bit) != 0) and64(RESTING, ~bit)
}

/**
 * How many tasks there are for a thread that has just taken `taken`, if those that are on their way are left as many each: woken
 * ones that have not looked yet, and ones that are only starting (their number is taken and they are not alive).
 */
export function tasksToSpare(taken: u32): i32 {
  const injector = <usize>load32(INJECTOR)
  const woken = load64(RESTING) & ~load64(injector + INTEREST)
  const starting = load64(SLOTS) & ~load64(ALIVE)
  return <i32>ringLength(injector) - <i32>(<u32>popcnt(woken | starting) * taken)
}

/** Takes a task to run; 0 when there is none. */
export function taskTake(me: u32): usize {
  const status = ringReceive(me, <usize>load32(INJECTOR))
  if (status != OK && status != OK_SELF) return 0
  const task = <usize>load<u32>(threadAt(me), ANSWER)
  store32(task + STATE, lifeOf(me))
  return task
}

/** Ends a task with `state` and `result`. Answers false if its caller is gone: the result is nobody's, the task freed. */
export function taskEnd(me: u32, task: usize, state: u32, result: u32): bool {
  const caller = load<u32>(task, CALLER)
  if (!isAlive(caller)) {
    heapFree(me, task)
    return false
  }
  store<u32>(task, result, RESULT)
  store32(task + STATE, state)
  const thread = caller & 0xff
  const stack = threadAt(thread) + COMPLETED
  while (true) {
    const head = load32(stack)
    store32(task + NEXT, head)
    if (cas32(stack, head, <u32>task)) break // the caller's from here on; only it pops, and all at once: no ABA
  }
  pokeTaskEnded(thread)
  return true
}

/** Takes all ended tasks of the calling thread, the oldest first, linked by their first word. 0 = none. */
export function tasksCollect(me: u32): usize {
  let task = <usize>xchg32(threadAt(me) + COMPLETED, 0)
  let oldest: usize = 0
  while (task != 0) {
    const next = <usize>load32(task, NEXT)
    store32(task + NEXT, <u32>oldest)
    oldest = task
    task = next
  }
  return oldest
}

/** Whether this task was started by the present life of the calling thread. */
export function taskIsMine(me: u32, task: usize): bool {
  return load<u32>(task, CALLER) == lifeOf(me)
}

/** Whether a task that has not ended never will: the thread that took it is gone. */
export function taskIsLost(task: usize): bool {
  const state = load32(task, STATE)
  return state > 255 && !isAlive(state)
}

export function taskFree(me: u32, task: usize): void {
  heapFree(me, task)
}


/** Frees what ended too late for a thread that is gone. */
export function tasksDrop(me: u32, dead: u32): void {
  let task = <usize>xchg32(threadAt(dead) + COMPLETED, 0)
  while (task != 0) {
    const next = <usize>load32(task, NEXT)
    wordFree(me, load<u32>(task, RESULT))
    heapFree(me, task)
    task = next
  }
}
