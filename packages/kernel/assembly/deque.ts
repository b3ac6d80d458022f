// A deque of unstarted tasks per thread: its owner adds and takes at the bottom, the newest first, and thieves take at the top, the
// oldest first. Positions grow for ever (modulo 2^32); the array has a power of two of entries.
//
//   array  [mask u32, entry u32 …]       entries of positions top … bottom - 1 name tasks
//
//   D1  an entry leaves [top, bottom) only when its task has been claimed (claim.ts), whoever dies meanwhile
//   D2  top <= bottom + 1: they cross by one while the owner and a thief are at the last entry
//   D3  top == t throughout => what position t held has not been overwritten, since that takes bottom = t + the array's length,
//                              and no position is used twice
//   D4  an entry is a task or 0, also beyond [top, bottom)
//
// A deque belongs to a number, not to a life: what a dead thread leaves in it is stolen as before, and a successor with that number
// goes on with it. Arrays that were grown out of stay as they are, as a thief may be reading them: half of the memory at most.
//
// After Chase and Lev, "Dynamic circular work-stealing deque" (2005). Theirs decides by `top` who gets a task; here the claim
// does, as a thread may die after it has moved `top`, and `top` only follows.

import { cas32, load32, load64, or64, reachable, store32 } from './atomics'
import { stateClaim, stateIsQueued } from './claim'
import { heapAllocate } from './heap'
import { DEQUE_ARRAY, DEQUE_BOTTOM, DEQUE_TOP, DEQUES, threadAt } from './layout'

const ENTRIES: usize = 4
const FIRST_ENTRIES: u32 = 128
const MAX_ENTRIES: u32 = 1 << 16

// @ts-expect-error: decorator
@inline
function entryAt(array: usize, position: u32): usize {
  return array + ENTRIES + (<usize>(position & load<u32>(array)) << 2)
}

/** A larger array with the same entries; 0 when it may not grow any more, or there is no memory. */
function grow(me: u32, top: u32, bottom: u32): usize {
  const block = threadAt(me)
  const old = <usize>load32(block, DEQUE_ARRAY)
  const entries = old == 0 ? FIRST_ENTRIES : (load<u32>(old) + 1) << 1
  if (entries > MAX_ENTRIES) return 0
  const array = heapAllocate(me, (entries << 2) + <u32>ENTRIES)
  if (array == 0) return 0
  memory.fill(array + ENTRIES, 0, <usize>entries << 2)
  store<u32>(array, entries - 1)
  for (let i = top; i != bottom; i++) store32(entryAt(array, i), load32(entryAt(old, i)))
  store32(block + DEQUE_ARRAY, <u32>array) // thieves read the old one or this: their entries are the same
  if (old == 0) or64(DEQUES, <u64>1 << me)
  return array
}

/** Adds a task at the bottom. False when the deque is full and cannot grow. */
export function dequePush(me: u32, task: usize): bool {
  const block = threadAt(me)
  const bottom = load32(block, DEQUE_BOTTOM)
  const top = load32(block, DEQUE_TOP)
  let array = <usize>load32(block, DEQUE_ARRAY)
  if (array == 0 || bottom - top > load<u32>(array)) {
    array = grow(me, top, bottom)
    if (array == 0) return false
  }
  store32(entryAt(array, bottom), <u32>task)
  store32(block + DEQUE_BOTTOM, bottom + 1) // from here on any thread may take it
  return true
}

/** Takes the newest task of the calling thread's own deque; 0 when there is none. */
export function dequeTake(me: u32): usize {
  const block = threadAt(me)
  while (true) {
    const bottom = load32(block, DEQUE_BOTTOM)
    const last = bottom - 1
    if (<i32>(last - load32(block, DEQUE_TOP)) < 0) return 0
    const task = <usize>load32(entryAt(<usize>load32(block, DEQUE_ARRAY), last))
    const isMine = stateClaim(me, task) // before the entry goes: D1
    store32(block + DEQUE_BOTTOM, last)
    const top = load32(block, DEQUE_TOP)
    if (<i32>(last - top) <= 0) {
      // The last one: whoever moves the top past it, the owner or a thief, so that no position is ever used twice.
      if (top == last) cas32(block + DEQUE_TOP, top, top + 1)
      store32(block + DEQUE_BOTTOM, bottom)
    }
    if (isMine) return task
  }
}

/** Takes the oldest task of another thread's deque, or of one's own; 0 when there is none. */
export function dequeSteal(me: u32, victim: u32): usize {
  const block = threadAt(victim)
  while (true) {
    const top = load32(block, DEQUE_TOP)
    if (<i32>(load32(block, DEQUE_BOTTOM) - top) <= 0) return 0
    const task = reachable(<usize>load32(entryAt(reachable(<usize>load32(block, DEQUE_ARRAY)), top)))
    // An entry that is out of date names a task too, and if that can be claimed it is as good as any.
    const isMine = stateClaim(me, task)
    cas32(block + DEQUE_TOP, top, top + 1) // also for one that somebody else has claimed
    if (isMine) return task
  }
}

/** Takes the oldest task of some other thread, beginning behind the caller so that victims take turns; 0 when there is none. */
export function dequesSteal(me: u32): usize {
  const others = load64(DEQUES) & ~(<u64>1 << me)
  for (let rest = rotr<u64>(others, <u64>(me + 1)); rest != 0; rest &= rest - 1) {
    const task = dequeSteal(me, (<u32>ctz(rest) + me + 1) & 63)
    if (task != 0) return task
  }
  return 0
}

/**
 * Goes on for an owner that is gone. It may have lowered the bottom and died before it moved the top: the position is taken as used, so
 * that a successor does not use it again. What is there has been claimed, or is a task all the same (D4).
 */
export function dequeRepair(thread: u32): void {
  const block = threadAt(thread)
  const array = <usize>load32(block, DEQUE_ARRAY)
  if (array == 0) return
  const bottom = load32(block, DEQUE_BOTTOM) + 1
  store32(block + DEQUE_BOTTOM, bottom)
  for (let top = load32(block, DEQUE_TOP); <i32>(bottom - top) > 0; top = load32(block, DEQUE_TOP)) {
    if (stateIsQueued(<usize>load32(entryAt(array, top)))) return
    cas32(block + DEQUE_TOP, top, top + 1)
  }
}

/** How many entries there are in all deques. A snapshot: some may have been claimed. */
export function dequesLength(): u32 {
  let sum: u32 = 0
  for (let all = load64(DEQUES); all != 0; all &= all - 1) {
    const block = threadAt(<u32>ctz(all))
    const length = <i32>(load32(block, DEQUE_BOTTOM) - load32(block, DEQUE_TOP))
    if (length > 0) sum += <u32>length
  }
  return sum
}
