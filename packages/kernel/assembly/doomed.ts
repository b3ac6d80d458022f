// Shared objects that nobody can reach any more, on their way to being freed. What is freed may refer to others that nobody can
// reach then, and so on without bound (channels in channels): so they are not freed where they are found but put on a stack
// of the thread, linked by a word of theirs, and reference.ts frees one after the other.
//
//   D1  an object is on a stack  => its refs are 0, and nobody but the stack's thread knows it
//   D2  a thread's stack is empty whenever none of its kernel calls is running; what a dead thread left is its reaper's

import { add32, reachable } from './atomics'
import { DOOMED, NEXT_DOOMED, REFS, threadAt } from './layout'

/** Drops a reference, which may have come from another thread. If it was the last, the object is doomed. */
export function letGo(me: u32, object: usize): void {
  if (add32(reachable(object) + REFS, -1) != 1) return
  const block = threadAt(me)
  store<u32>(object, load<u32>(block, DOOMED), NEXT_DOOMED)
  store<u32>(block, <u32>object, DOOMED)
}

/** Takes one of a thread's doomed objects; 0 when there is none. The thread is the caller, or dead. */
export function nextDoomed(thread: u32): usize {
  const block = threadAt(thread)
  const object = <usize>load<u32>(block, DOOMED)
  if (object != 0) store<u32>(block, load<u32>(object, NEXT_DOOMED), DOOMED)
  return object
}
