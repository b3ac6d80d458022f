// A context that has crossed: one word that every thread can read at any time, also in the middle of a loop that
// never awaits, and tickets for the threads that have something to do when it is cancelled.
//
//   64       state      u32   0 = live; then whatever the owner wrote, once and for ever
//   68       cause      u32   word of the cause (cells.ts), 0 = none; written before the state
//
// Only its owner cancels it: the thread where the context was made. So it is lost when its owner dies, as nobody could end it then. That is
// not written but looked up: whoever asks holds the object, and a reaper, who may come long after its owner has let go of it, need not.

import { cas32, load32, store32 } from './atomics'
import { allocateWaitable, nextWaitable } from './heap'
import { HEAP, HOLDERS, KIND, KIND_CANCELLATION, OWNER, RECEIVE, REFS, WAITABLE_BYTES } from './layout'
import { lifeIsAlive, lifeOf } from './life'
import { interestArm, wakeAll } from './parking'

const STATE: usize = 64
const CAUSE: usize = 68

/** The state of one whose owner has died. Owners write others. */
const LOST: u32 = 3

/** Makes a live cancellation, held and owned by the calling thread. 0 when shared memory is used up. */
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

/** How it has ended: what the owner wrote, or LOST if it has died before. 0 while it is live. */
export function cancellationState(cancellation: usize): u32 {
  const state = load32(cancellation, STATE)
  if (state != 0 || lifeIsAlive(load32(cancellation, OWNER))) return state
  // The owner may have written it since, and died then. Now it writes no more.
  const last = load32(cancellation, STATE)
  return last != 0 ? last : LOST
}

/** Asks to be poked when it is cancelled, and answers the state. When its owner dies everybody is told to look anyway. */
export function cancellationPark(me: u32, cancellation: usize): u32 {
  interestArm(me, cancellation, RECEIVE)
  return cancellationState(cancellation)
}

/**
 * The calling thread is about to leave in good order. What it owns is `heir`'s from now on, and lasts: nobody cancels it any more, as if
 * its `cancel` had been dropped. An object that it does not hold may be freed meanwhile and be anything: but the owner is at the same place in
 * all kinds, and 0 in those that have none.
 */
export function cancellationsBequeath(me: u32, heir: u32): void {
  const life = lifeOf(me)
  for (let object = nextWaitable(HEAP); object != 0; object = nextWaitable(object + WAITABLE_BYTES)) {
    cas32(object + OWNER, life, lifeOf(heir))
  }
}

/** The word of the cause; 0 = none. */
export function cancellationCause(cancellation: usize): u32 {
  return load32(cancellation, CAUSE)
}
