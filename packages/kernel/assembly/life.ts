// The lives of threads. A number is given to one thread after the other; which of them is meant, its life, is told by how often the
// number was given away. Lives never come back, numbers do.
//
//   RESERVED --attach--> BEGUN --reap--> OVER          the owner attaches; whoever reaps is sure that it has ended
//       └───────────────────reap──────────^
//
// Attaching and reaping decide by one compare-and-swap which of them came first, so a thread that begins late, after it was reaped,
// is refused: its number may be somebody else's by then.
//
//   L1  a life is BEGUN and its alive bit is set       => it gets tickets, and its goroutines count on it
//   L2  a life is BEGUN and its alive bit is not set   => it is just beginning, or it is disowned: it may still run, and its memory
//                                                         and its number are its own until it is reaped
//   L3  a life is OVER                                 => its thread will never touch shared memory again

import { cas32, load32, load64, store32 } from './atomics'
import { ALIVE, INCARNATION, PHASE, STOP, threadAt } from './layout'

const RESERVED: u32 = 1
const BEGUN: u32 = 2
const OVER: u32 = 3
const PHASE_BITS: u32 = 2
const MOST_LIVES: u32 = 0xffffff

/** A life as one word: {incarnation24, thread8}. Above 255, with bits 6 and 7 free for whoever stores it. */
// @ts-expect-error: decorator
@inline
export function lifeOf(thread: u32): u32 {
  return (load32(threadAt(thread), INCARNATION) << 8) | thread
}

function phaseOf(incarnation: u32, phase: u32): u32 {
  return (incarnation << PHASE_BITS) | phase
}

/** Whether the life is going on, as far as everybody else is concerned. */
export function lifeIsAlive(life: u32): bool {
  const thread = life & 0x3f
  return (load64(ALIVE) & (<u64>1 << thread)) != 0 && lifeOf(thread) == (life & 0xffffff3f)
}

/** Whether the thread of that life will never touch shared memory again. */
export function lifeIsOver(life: u32): bool {
  const thread = life & 0x3f
  return load32(threadAt(thread), PHASE) != phaseOf(life >> 8, BEGUN)
}

/** Begins the next life of a number that the caller has just taken. Answers its incarnation. */
export function lifeReserve(thread: u32): u32 {
  const block = threadAt(thread)
  const incarnation = load32(block, INCARNATION) % MOST_LIVES + 1
  store32(block + INCARNATION, incarnation)
  store32(block + STOP, 0)
  store32(block + PHASE, phaseOf(incarnation, RESERVED))
  return incarnation
}

/** The thread itself begins its life. False if it is over already. */
export function lifeBegin(thread: u32, incarnation: u32): bool {
  return cas32(threadAt(thread) + PHASE, phaseOf(incarnation, RESERVED), phaseOf(incarnation, BEGUN))
}

/** The present life of a number is over. */
export function lifeEnd(thread: u32): void {
  const block = threadAt(thread)
  store32(block + PHASE, phaseOf(load32(block, INCARNATION), OVER))
}
