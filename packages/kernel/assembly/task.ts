// Goroutines on their way to a thread and back. A task is one 64-byte block from a class of its own: posted by the thread that says
// `go`, to its own deque or, by the main thread, which runs no tasks, to the injector ring; taken by whichever pool thread is free; and
// pushed, once ended, on the stack of ended tasks of the thread that started it.
//
//   0        next        u32   the stack of ended tasks
//   8        caller      u32   the life that started it (life.ts)
//   12       ticket      u32   which of the caller's promises waits for it
//   16       function    u32   block with its module and name
//   20       arguments   u32   a value word (see cells), 0 = none
//   24       result      u32   a value word; of an error when FAILED
//   28       state       u32   QUEUED, then the life that runs it (claim.ts)
//   32       outcome     u32   ENDED or FAILED, once there is a result
//
// Who may write: the caller until it is posted; then the thread that claimed it; after the push the caller again.

import { add32, and64, cas32, load32, load64, or64, reachable, store32, xchg32 } from './atomics'
import { wordFree } from './cells'
import { stateAbandon, stateClaim, stateEnding, stateFree, stateIsLost, stateIsOrphan, stateQueue } from './claim'
import { dequePush, dequesLength, dequesSteal, dequeSteal, dequeTake } from './deque'
import { allocateTask, heapFree, nextTask, TASK_BYTES } from './heap'
import { ALIVE, BLOCKED, COMPLETED, HEAP, INJECTOR, INTEREST, RECEIVE, RESTING, RUNNING, STARTING, TAKES, threadAt } from './layout'
import { lifeIsAlive, lifeOf } from './life'
import { interestArm, interestDisarm, poke, pokeTaskEnded } from './parking'
import { enqueue, ringAdvance, ringCanReceive, ringHead, ringLength, ringValueAt } from './ring'
import { OK, OK_NOBODY, OK_SELF } from './status'

const NEXT: usize = 0
const CALLER: usize = 8
const TICKET: usize = 12
const FUNCTION: usize = 16
const ARGUMENTS: usize = 20
const RESULT: usize = 24
const OUTCOME: usize = 32

const MAIN_THREAD: u32 = 0

/** Every so many takes a thread looks at the oldest first, as Go does: nobody starves behind an endless flow of new ones. */
const FAIR_TAKES: u32 = 61

/** Makes a task, not posted yet. 0 when shared memory is used up. */
export function taskCreate(me: u32, ticket: u32, fn: u32, args: u32): usize {
  const task = allocateTask(me)
  if (task == 0) return 0
  store<u32>(task, lifeOf(me), CALLER)
  store<u32>(task, ticket, TICKET)
  store<u32>(task, fn, FUNCTION)
  store<u32>(task, args, ARGUMENTS)
  store<u32>(task, 0, RESULT)
  stateQueue(task) // from here on an entry that is out of date may give it away already
  return task
}

/**
 * Posts a task, to the caller's own deque if it is a thread of the pool and to the injector otherwise, and wakes a thread for it: OK,
 * OK_NOBODY (no thread was free to be woken), OK_SELF (the caller itself was free), or WOULD_BLOCK when there is no room.
 */
export function taskPost(me: u32, task: usize): i32 {
  const injector = <usize>load32(INJECTOR)
  if (me == MAIN_THREAD || !dequePush(me, task)) {
    const status = enqueue(me, injector, <u32>task)
    if (status != OK) return status
  }
  return wakeLeastBusy(me, injector)
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

/** Whether there is a task to take, as far as entries tell. */
export function taskIsReady(): bool {
  return ringCanReceive(<usize>load32(INJECTOR)) || dequesLength() != 0
}

/** Waits for tasks: the thread is resting from now on. Answers true if there is one already. */
export function taskPark(me: u32): bool {
  or64(RESTING, <u64>1 << me)
  interestArm(me, <usize>load32(INJECTOR), RECEIVE)
  return taskIsReady()
}

/** The thread is not resting any more: it looks for tasks itself. */
export function taskArrive(me: u32): void {
  const bit = <u64>1 << me
  if ((load64(RESTING) & bit) != 0) and64(RESTING, ~bit)
}

/**
 * The thread will not look for tasks until it parks again: takes its ticket back, and passes the baton on if that was claimed. Answers
 * OK_NOBODY if there are tasks and no thread was free to be woken for them.
 */
export function taskUnpark(me: u32): i32 {
  taskArrive(me)
  interestDisarm(me, <usize>load32(INJECTOR), RECEIVE)
  return taskPassBaton(me)
}

/** Sees to it that another thread looks at what is there: OK, or OK_NOBODY if there are tasks and nobody was free. */
export function taskPassBaton(me: u32): i32 {
  const injector = <usize>load32(INJECTOR)
  let status = OK
  do {
    status = taskIsReady() ? wakeLeastBusy(me, injector) : OK
  } while (status == OK_SELF)
  return status
}

/**
 * How many tasks there are for a thread that has just taken `taken`, if those that are on their way are left as many each: woken
 * ones that have not looked yet, and ones that are only starting.
 */
export function tasksToSpare(taken: u32): i32 {
  const injector = <usize>load32(INJECTOR)
  const woken = load64(RESTING) & ~load64(injector + INTEREST) & ~load64(BLOCKED)
  return <i32>(ringLength(injector) + dequesLength()) - <i32>(<u32>popcnt(woken | load64(STARTING)) * taken)
}

/** Takes a task out of the injector; 0 when there is none. */
function injectorTake(me: u32): usize {
  const injector = <usize>load32(INJECTOR)
  while (true) {
    const head = ringHead(injector)
    const value = ringValueAt(injector, head)
    if (value == -1) return 0
    if (value < 0) continue
    const isMine = stateClaim(me, reachable(<usize>value)) // before the entry goes: T1
    // Whoever sees a claimed task at the head helps. If room was what this very thread waited for, it tells itself.
    if (ringAdvance(me, injector, head) == OK_SELF) poke(me, injector)
    if (isMine) return <usize>value
  }
}

/** Takes a task to run: the newest of its own, else one of the injector's, else the oldest of somebody else's. 0 when there is none. */
export function taskTake(me: u32): usize {
  if ((load64(ALIVE) & (<u64>1 << me)) == 0) return 0 // disowned: what it took would be lost
  const block = threadAt(me)
  const takes = load<u32>(block, TAKES) + 1
  store<u32>(block, takes, TAKES)
  if (takes % FAIR_TAKES == 0) {
    const oldest = takes & 1 ? injectorTake(me) : dequeSteal(me, me)
    if (oldest != 0) return oldest
  }
  let task = me == MAIN_THREAD ? 0 : dequeTake(me)
  if (task == 0) task = injectorTake(me)
  return task != 0 ? task : dequesSteal(me)
}

/**
 * Ends a task with `outcome` and `result`. Answers false if its caller is gone, or has been told that this thread is: the result is
 * nobody's.
 */
export function taskEnd(me: u32, task: usize, outcome: u32, result: u32): bool {
  if (!stateEnding(me, task)) return false // abandoned: the block may be another task by now
  const caller = load<u32>(task, CALLER)
  if (!lifeIsAlive(caller)) {
    taskFree(me, task)
    return false
  }
  store<u32>(task, result, RESULT)
  store<u32>(task, outcome, OUTCOME)
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

/** Whether a task will never be pushed on its caller's stack. It may have been already: collect before `taskAbandon`. */
export function taskIsLost(task: usize): bool {
  return stateIsLost(task)
}

/** Gives up a lost task that was not collected: it is the caller's, to be freed. False if it is coming after all. */
export function taskAbandon(task: usize): bool {
  return stateAbandon(task)
}

export function taskFree(me: u32, task: usize): void {
  stateFree(task)
  heapFree(me, task)
}

/** Frees what ended too late for a thread that is gone. */
export function tasksDrop(me: u32, dead: u32): void {
  let task = <usize>xchg32(threadAt(dead) + COMPLETED, 0)
  while (task != 0) {
    const next = <usize>load32(task, NEXT)
    wordFree(me, load<u32>(task, RESULT))
    taskFree(me, task)
    task = next
  }
}

/** Frees tasks that have nobody left, with the arguments that nobody took. Called by a reaper. */
export function tasksSweep(me: u32): void {
  for (let task = nextTask(HEAP); task != 0; task = nextTask(task + TASK_BYTES)) {
    if (!stateIsOrphan(task, load<u32>(task, CALLER))) continue
    wordFree(me, load<u32>(task, ARGUMENTS))
    taskFree(me, task)
  }
}
