// Which threads there are, and what happens to what one leaves behind.
//
// reap(t) may run on any live thread, concurrently with everybody, and be repeated. The caller is sure that the thread
// has ended, or has not begun its life yet, and then never will.
//
//   1  its life is over            if it has not begun yet, it is refused
//   2  clear t's alive bit         no ticket is given to it any more
//   3  free its tokens             nobody must be committed with an operation that is gone
//      sweep its bits everywhere   a successor with the same number must not inherit tickets for objects that
//                                  it does not know: it would swallow the baton
//   4  give back its memory        its deque stays: others steal from it, and a successor goes on with it
//   5  RESCAN for everybody        whatever wake-up it was about to give is given now
//   6  clear its slot bit          only now may the number be used again
//
// A thread that cannot be made to end is disowned: 2, the sweep of 3, and 5. It counts as dead for everybody, and keeps its number
// and its memory, which it may still be using, until it is reaped.

import { and64, cas64, load32, load64, or64, store32, xchg64 } from './atomics'
import { WORDS } from './cells'
import { dequeRepair } from './deque'
import { heapAllocate, heapFree, nextToken, nextWaitable, reclaimMagazines } from './heap'
import {
  ACTIVITY,
  ALIVE,
  BELL,
  BLOCKED,
  DISOWNED,
  GOROUTINES,
  HEAP,
  HEAP_TOP,
  HOLDERS,
  INBOX,
  INCARNATION,
  INJECTOR,
  INTEREST,
  KIND,
  KIND_FREE,
  KIND_RECORD,
  KIND_RENDEZVOUS,
  LEAF_COUNT,
  LEAVES,
  MAGAZINES,
  MAX_PROCS,
  MAX_THREADS,
  RESTING,
  RUNNING,
  SCRATCH,
  SCRATCH_BYTES,
  SLOTS,
  STARTING,
  STOP,
  SUM,
  threadAt,
  WAITABLE_BYTES,
} from './layout'
import { lifeBegin, lifeEnd, lifeReserve } from './life'
import { pokeRescan } from './parking'
import { recordLose } from './record'
import { freeDoomed, referenceRelease } from './reference'
import { rendezvousClear } from './rendezvous'
import { ringCreate } from './ring'
import { tasksDrop, tasksSweep } from './task'
import { TOKEN_OWNER, TOKEN_STEP, tokenReap } from './token'

const INJECTOR_CAPACITY: u32 = 4095
const NO_THREAD: i32 = -1

/** Sets up fresh memory, on its first thread, before any other sees it. Answers false when it is too small. */
export function kernelInit(): bool {
  store32(HEAP_TOP, <u32>HEAP)
  return true
}

/** Makes the ring that unstarted goroutines wait in. Called once, by the first thread, after it has attached. */
export function injectorCreate(me: u32): bool {
  const ring = ringCreate(me, INJECTOR_CAPACITY, 0, WORDS)
  store32(INJECTOR, <u32>ring)
  return ring != 0
}

/** Takes a free thread number, whose thread will attach later with `threadLife` of it; -1 when all 64 are taken. */
export function threadReserve(): i32 {
  while (true) {
    const slots = load64(SLOTS)
    const free = ~slots
    if (free == 0) return NO_THREAD
    const thread = <u32>ctz(free)
    const bit = (<u64>1) << thread
    if (!cas64(SLOTS, slots, slots | bit)) continue
    lifeReserve(thread)
    or64(STARTING, bit)
    return <i32>thread
  }
}

/** Which of its lives a number is in, 1 to 2^24 - 1: what the thread it was reserved for has to know to attach. */
export function threadLife(thread: u32): u32 {
  return load32(threadAt(thread), INCARNATION)
}

/**
 * Begins a thread's life under a number that was reserved for it. Answers false when shared memory is used up, or when that life is over
 * before it has begun: the thread was reaped meanwhile.
 */
export function threadAttach(me: u32, life: u32): bool {
  if (!lifeBegin(me, life)) return false
  const block = threadAt(me)
  store32(block + BELL, 0)
  store32(block + ACTIVITY, 0)
  store32(block + GOROUTINES, 0)
  store32(block + RUNNING, 0)
  memory.fill(block + MAGAZINES, 0, INBOX - MAGAZINES)
  xchg64(block + SUM, 0)
  for (let i: u32 = 0; i < LEAF_COUNT; i++) xchg64(block + LEAVES + ((<usize>i) << 3), 0)
  const inbox = heapAllocate(me, <u32>(SCRATCH + SCRATCH_BYTES))
  if (inbox == 0) return false
  store<u32>(block, <u32>inbox, INBOX)
  or64(ALIVE, (<u64>1) << me) // from here on it gets tickets
  and64(STARTING, ~((<u64>1) << me))
  return true
}

/** Whether a thread number is in use by a live thread. */
export function threadIsAlive(thread: u32): bool {
  return (load64(ALIVE) & ((<u64>1) << thread)) != 0
}

/** Makes everybody forget a thread: it gets no tickets, and has none. */
function forget(dead: u32): void {
  const bit = (<u64>1) << dead
  and64(ALIVE, ~bit)
  and64(STARTING, ~bit)
  and64(RESTING, ~bit)
  and64(BLOCKED, ~bit)
  for (let object = nextWaitable(HEAP); object != 0; object = nextWaitable(object + WAITABLE_BYTES)) {
    if (load32(object, KIND) == KIND_FREE) continue
    and64(object + INTEREST, ~bit)
    and64(object + INTEREST + 8, ~bit)
  }
  const block = threadAt(dead)
  store32(block + GOROUTINES, 0)
  store32(block + ACTIVITY, 1)
}

function tellEverybody(): void {
  const alive = load64(ALIVE)
  for (let t: u32 = 0; t < MAX_THREADS; t++) if (alive & ((<u64>1) << t)) pokeRescan(t)
}

/** Counts a thread as dead that may still run, and cannot be made to end. `threadReap` follows once it has ended. */
export function threadDisown(thread: u32): void {
  or64(DISOWNED, (<u64>1) << thread)
  forget(thread)
  tellEverybody()
}

/** Clears up after a thread that has ended, however it ended. `me` is the live thread that does it. */
export function threadReap(me: u32, dead: u32): void {
  const bit = (<u64>1) << dead
  lifeEnd(dead)
  and64(ALIVE, ~bit)
  for (let token = nextToken(HEAP); token != 0; token = nextToken(token + TOKEN_STEP)) {
    if (load32(token, TOKEN_OWNER) == dead + 1) tokenReap(me, token)
  }
  forget(dead)
  for (let object = nextWaitable(HEAP); object != 0; object = nextWaitable(object + WAITABLE_BYTES)) {
    const kind = load32(object, KIND)
    // What the dead thread does not hold may be freed, and be something else, at any moment.
    const holds = (load64(object + HOLDERS) & (<u64>1 << dead)) != 0
    if (holds && kind == KIND_RENDEZVOUS) rendezvousClear(me, object, dead)
    else if (holds && kind == KIND_RECORD) recordLose(object, dead)
    if (kind != KIND_FREE) referenceRelease(me, object, dead)
  }
  const block = threadAt(dead)
  const inbox = <usize>load<u32>(block, INBOX)
  store<u32>(block, 0, INBOX)
  if (inbox != 0) {
    reclaimMagazines(dead)
    heapFree(me, inbox)
  }
  dequeRepair(dead)
  tasksDrop(me, dead)
  freeDoomed(me, dead)
  freeDoomed(me, me)
  tasksSweep(me)
  tellEverybody()
  and64(DISOWNED, ~bit)
  and64(SLOTS, ~bit)
}

/** The pool's threads that take tasks, or will: not those that are disowned, were asked to go, or stand still in a call that blocks. */
function poolThreads(): u32 {
  let count: u32 = 0
  let threads = load64(SLOTS) & ~load64(DISOWNED) & ~load64(BLOCKED) & ~(<u64>1)
  for (; threads != 0; threads &= threads - 1) if (load32(threadAt(<u32>ctz(threads)), STOP) == 0) count++
  return count
}

/** Whether the pool may have another thread. */
export function poolHasRoom(): bool {
  return poolThreads() < load32(MAX_PROCS)
}

/** Whether the pool has more threads than it may. */
export function poolIsOver(): bool {
  return poolThreads() > load32(MAX_PROCS)
}

/** The thread is about to stand still in a call that blocks, or goes on after one. */
export function blockedSet(me: u32, isBlocked: bool): void {
  const bit = (<u64>1) << me
  if (isBlocked) or64(BLOCKED, bit)
  else and64(BLOCKED, ~bit)
}

/** How many threads stand still in a call that blocks. */
export function blockedCount(): u32 {
  return <u32>popcnt(load64(BLOCKED))
}

/** Goroutines on all threads. */
export function goroutinesSum(): i32 {
  let sum: i32 = 0
  for (let t: u32 = 0; t < MAX_THREADS; t++) sum += <i32>load32(threadAt(t), GOROUTINES)
  return sum
}

/** Adds to how many of the thread's event-loop rests there were; the low bit says whether it rests now. */
export function activitySet(me: u32, idle: bool): void {
  const word = threadAt(me) + ACTIVITY
  const seen = load32(word)
  store32(word, idle ? seen | 1 : (seen | 1) + 1)
}

/** Whether every live thread but `me` is idle with nothing in its mailbox, as seen twice with no change between. */
export function othersAreIdle(me: u32): bool {
  let first: u32 = 0
  for (let pass = 0; pass < 2; pass++) {
    let epochs: u32 = 0
    const alive = load64(ALIVE) & ~((<u64>1) << me)
    for (let t: u32 = 0; t < MAX_THREADS; t++) {
      if (!(alive & ((<u64>1) << t))) continue
      const activity = load32(threadAt(t), ACTIVITY)
      if (!(activity & 1) || load64(threadAt(t) + SUM) != 0) return false
      epochs += activity
    }
    if (pass == 0) first = epochs
    else if (first != epochs) return false
  }
  return true
}
