// Who runs a task. The answer is one word of the task, its state; that an entry of the injector or of a deque names the task is only a
// hint where to look. So a thread claims a task before it removes the entry:
//
//   QUEUED --claim--> life --ending--> life | ENDING          the thread that runs it
//                      └────abandon────> ABANDONED            its caller, once that life is not alive any more
//
//   T1  a task is posted and QUEUED   => some entry names it: an entry is removed only by one who has seen its task claimed
//   T2  a state names a life          => that thread alone runs the task, ends it, and pushes it on its caller's stack; if the life is
//                                        over and the task is not on that stack, it never will be: it is lost, and its caller can tell
//   T3  a task is free                => its state is FREE, and nothing else changes that (a free block's links lie before it)
//
// A thread may die between any two steps: before the claim the entry is still there and the next one takes it; after the claim the
// task is lost and said to be. An entry may outlive its task and name the block's next one: that is claimed a little early, and its
// own entry finds nothing to do.
//
// Idempotent entries: Michael, Vechev and Saraswat, "Idempotent work stealing" (2009).

import { cas32, load32, store32 } from './atomics'
import { lifeIsAlive, lifeIsOver, lifeOf } from './life'

const STATE: usize = 28

const FREE: u32 = 0
const QUEUED: u32 = 1
const ABANDONED: u32 = 2
const ENDING_BIT: u32 = 0x80 // in the byte of the thread's number, which has six bits

/** The task may be taken from now on: all else in it is written. */
export function stateQueue(task: usize): void {
  store32(task + STATE, QUEUED)
}

/** Whether nobody has taken the task yet. */
export function stateIsQueued(task: usize): bool {
  return load32(task, STATE) == QUEUED
}

/** Makes the task the calling thread's to run. False if it is somebody's already. */
export function stateClaim(me: u32, task: usize): bool {
  return cas32(task + STATE, QUEUED, lifeOf(me))
}

/** The thread that runs the task is about to hand it back. False if its caller has given it up. */
export function stateEnding(me: u32, task: usize): bool {
  const life = lifeOf(me)
  return cas32(task + STATE, life, life | ENDING_BIT)
}

/**
 * Whether a task that is not on its caller's stack will never get there. Look at the stack after this and before `stateAbandon`: it may
 * have been pushed just before its thread died.
 */
export function stateIsLost(task: usize): bool {
  const state = load32(task, STATE)
  if (state <= 0xff) return false
  // One that is being handed back by a thread that is only disowned will come, or that thread will be reaped.
  return state & ENDING_BIT ? lifeIsOver(state & ~ENDING_BIT) : !lifeIsAlive(state)
}

/** The caller gives up a lost task: from now on it is the caller's alone. False if it is being handed back after all. */
export function stateAbandon(task: usize): bool {
  const state = load32(task, STATE)
  return state & ENDING_BIT ? lifeIsOver(state & ~ENDING_BIT) : cas32(task + STATE, state, ABANDONED)
}

/** The task is about to be freed, by whoever it belongs to. */
export function stateFree(task: usize): void {
  store32(task + STATE, FREE)
}

/**
 * Whether a task has nobody left, neither who runs it nor `caller`, who started it. True to one only, whose it is then. One that was
 * being handed back is not looked at: it may be on a stack, and be dropped with that.
 */
export function stateIsOrphan(task: usize, caller: u32): bool {
  const state = load32(task, STATE)
  if (state <= 0xff || (state & ENDING_BIT) != 0) return false
  return lifeIsOver(state) && lifeIsOver(caller) && cas32(task + STATE, state, ABANDONED)
}
