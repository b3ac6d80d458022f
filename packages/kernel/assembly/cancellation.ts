// A context that has crossed: one word that every thread can read at any time, also in the middle of a loop that
// never awaits, and tickets for the threads that have something to do when it is cancelled.
//
//   64       state      u32   0 = live; then whatever the owner wrote, or that the owner is lost; once and for ever
//   68       cause      u32   word of the cause (cells.ts), 0 = none; written before the state
//   72       owner      u32   the life (life.ts) of the thread where the context was made
//
// Only its owner cancels it. So it ends with its owner, as nobody could end it then.

import { cas32, load32, store32 } from './atomics'
import { allocateWaitable } from './heap'
import { HOLDERS, INTEREST, KIND, KIND_CANCELLATION, RECEIVE, REFS } from './layout'
import { lifeOf } from './life'
import { interestArm, wakeAll } from './parking'

const STATE: usize = 64
const CAUSE: usize = 68
const OWNER: usize = 72

/** The state of one whose owner has died. Owners write others. */
const LOST: u32 = 3

/** Makes a live cancellation, held by the calling thread. 0 when shared memory is used up. */
export function cancellationCreate(me: u32): usize {
  const cancellation = allocateWaitable(me)
  if (cancellation == 0) return 0
  store<u32>(cancellation, 1, REFS)
  store<u64>(cancellation, (<u64>1) << me, HOLDERS)
  store<u32>(cancellation, lifeOf(me), OWNER)
  store<u32>(cancellation, KIND_CANCELLATION, KIND)
  return cancellation
}

/** Cancels: publishes `cause` and `state` (not 0) together, and wakes every thread that asked. */
export function cancellationCancel(me: u32, cancellation: usize, state: u32, cause: u32): void {
  store32(cancellation + CAUSE, cause)
  if (cas32(cancellation + STATE, 0, state)) wakeAll(me, cancellation, RECEIVE)
}

/** A thread that holds it has died. Called by its reaper, which tells everybody to look then. */
export function cancellationLose(cancellation: usize, dead: u32): void {
  if (load<u32>(cancellation, OWNER) == lifeOf(dead)) cas32(cancellation + STATE, 0, LOST)
}

/** Asks to be poked when it is cancelled. Answers the state: not 0 if that has happened already. */
export function cancellationPark(me: u32, cancellation: usize): u32 {
  interestArm(me, cancellation, RECEIVE)
  return load32(cancellation, STATE)
}

/** The word of the cause; 0 = none. */
export function cancellationCause(cancellation: usize): u32 {
  return load32(cancellation, CAUSE)
}
