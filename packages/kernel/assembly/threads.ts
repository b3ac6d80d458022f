// Which threads there are, and what happens to what one leaves behind.
//
// reap(t) may run on any live thread, concurrently with everybody, and be repeated:
//
//   1  clear t's alive bit         no ticket is given to it any more
//   2  free its tokens              nobody must be committed with an operation that is gone
//      sweep its bits everywhere    a successor with the same number must not inherit tickets for objects that
//                                   it does not know: it would swallow the baton
//   3  give back its memory
//   4  RESCAN for everybody        whatever wake-up it was about to give is given now
//   5  clear its slot bit          only now may the number be used again

import { add32, and64, cas64, load32, load64, or64, store32, xchg64 } from './atomics'
import { WORDS } from './cells'
import { heapAllocate, heapFree, nextToken, nextWaitable, reclaimMagazines } from './heap'
import {
  ACTIVITY,
  ALIVE,
  BELL,
  GOROUTINES,
  HASHES,
  HEAP,
  HEAP_TOP,
  HOLDERS,
  INBOX,
  INCARNATION,
  INJECTOR,
  INTEREST,
  KIND,
  KIND_FREE,
  KIND_RENDEZVOUS,
  LEAF_COUNT,
  LEAVES,
  MAGAZINES,
  MAX_THREADS,
  RESTING,
  RUNNING,
  SLOTS,
  SUM,
  threadAt,
  WAITABLE_BYTES,
} from './layout'
import { pokeRescan } from './parking'
import { freeDoomed, referenceRelease } from './reference'
import { rendezvousClear } from './rendezvous'
import { ringCreate } from './ring'
import { tasksDrop } from './task'
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

/** Takes a free thread number, whose thread will attach later; -1 when all 64 are taken. */
export function threadReserve(): i32 {
  while (true) {
    const slots = load64(SLOTS)
    const free = ~slots
    if (free == 0) return NO_THREAD
    const thread = <u32>ctz(free)
    if (cas64(SLOTS, slots, slots | ((<u64>1) << thread))) return <i32>thread
  }
}

/** Begins a thread's life under a number it has reserved. Answers false when shared memory is used up. */
export function threadAttach(me: u32): bool {
  const block = threadAt(me)
  store32(block + BELL, 0)
  store32(block + ACTIVITY, 0)
  store32(block + GOROUTINES, 0)
  store32(block + RUNNING, 0)
  memory.fill(block + MAGAZINES, 0, INBOX - MAGAZINES)
  xchg64(block + SUM, 0)
  for (let i: u32 = 0; i < LEAF_COUNT; i++) xchg64(block + LEAVES + ((<usize>i) << 3), 0)
  const inbox = heapAllocate(me, (HASHES + 2) << 2)
  if (inbox == 0) return false
  store<u32>(block, <u32>inbox, INBOX)
  add32(block + INCARNATION, 1)
  or64(ALIVE, (<u64>1) << me) // from here on it gets tickets
  return true
}

/** Whether a thread number is in use by a live thread. */
export function threadIsAlive(thread: u32): bool {
  return (load64(ALIVE) & ((<u64>1) << thread)) != 0
}

/** Clears up after a thread that has ended, however it ended. `me` is the live thread that does it. */
export function threadReap(me: u32, dead: u32): void {
  const bit = (<u64>1) << dead
  and64(ALIVE, ~bit)
  and64(RESTING, ~bit)
  for (let token = nextToken(HEAP); token != 0; token = nextToken(token + TOKEN_STEP)) {
    if (load32(token, TOKEN_OWNER) == dead + 1) tokenReap(me, token)
  }
  for (let object = nextWaitable(HEAP); object != 0; object = nextWaitable(object + WAITABLE_BYTES)) {
    if (load32(object, KIND) == KIND_FREE) continue
    and64(object + INTEREST, ~bit)
    and64(object + INTEREST + 8, ~bit)
    // What the dead thread does not hold may be freed, and be something else, at any moment.
    const holds = (load64(object + HOLDERS) & bit) != 0
    if (holds && load32(object, KIND) == KIND_RENDEZVOUS) rendezvousClear(object, dead)
    referenceRelease(me, object, dead)
  }
  const block = threadAt(dead)
  store32(block + GOROUTINES, 0)
  store32(block + ACTIVITY, 1)
  const inbox = <usize>load<u32>(block, INBOX)
  store<u32>(block, 0, INBOX)
  if (inbox != 0) {
    reclaimMagazines(dead)
    heapFree(me, inbox)
  }
  tasksDrop(me, dead)
  freeDoomed(me, dead)
  freeDoomed(me, me)
  const alive = load64(ALIVE)
  for (let t: u32 = 0; t < MAX_THREADS; t++) if (alive & ((<u64>1) << t)) pokeRescan(t)
  and64(SLOTS, ~bit)
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
