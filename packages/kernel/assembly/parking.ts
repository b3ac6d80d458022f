// Waiting without losing a wake-up, for threads. (Which goroutine of a thread goes on is the thread's own affair.)
//
// A wake-up carries no data. It says "thread t, look at this object again": poke. Pokes are idempotent, may be
// spurious, and merge. A thread's dirty set is a bit per object hash (leaves) under one summary word; its bell
// is the word that it sleeps on.
//
//   P1  a leaf bit is set       => its summary bit is set, or its setter is between the two, or the owner is
//                                  between taking the summary and taking the leaf
//   P2  the summary is not zero => the owner is awake, or its bell has just been lowered by a poker that is
//                                  about to notify, or the owner looks at the summary before it sleeps
//
// Interest words hold wake tickets: a thread that parks sets its bit, then looks at the object once more; a thread
// that makes the object ready claims one bit (clears it) and pokes that thread. The claimed ticket is a baton:
// its holder makes the object not ready, or arms itself again and looks, or passes the baton on. So while an
// object is ready and somebody waits for it, some live thread is on its way to look.
//
// A death drops batons: reap clears the thread's alive bit first (no ticket goes to it from then on) and then
// sets RESCAN for everybody, notifying unconditionally since a poker may have died with the bell in its hand.
//
// Models: models/mailbox.pml, parking.pml.

import { and64, cas32, load32, load64, notifyAll, or64, store32, xchg64 } from './atomics'
import {
  ALIVE,
  BELL,
  HASHES,
  HOLDERS,
  INBOX,
  INTEREST,
  LEAF_COUNT,
  LEAVES,
  RESCAN,
  RESCAN_BIT,
  SUM,
  TASK_ENDED,
  TASK_ENDED_BIT,
  threadAt,
} from './layout'
import { OK, OK_SELF } from './status'

/** Which dirty bit stands for an object: waitables are at least 64 bytes apart. */
export function hashOf(object: usize): u32 {
  return (<u32>object >> 6) % HASHES
}

/** Wakes a thread if it sleeps or is about to. */
function ring(thread: usize): void {
  if (load32(thread, BELL) == 1 && cas32(thread + BELL, 1, 0)) notifyAll(thread + BELL)
}

function setSummary(thread: usize, bit: u64): void {
  // A plain look may save the locked write: the owner takes the summary before the leaves, so a bit that is
  // still set now will be followed by a look at the leaf written just before.
  if ((load64(thread + SUM) & bit) == 0) or64(thread + SUM, bit)
  ring(thread)
}

/** Tells a thread to look at an object again. */
export function poke(thread: u32, object: usize): void {
  const block = threadAt(thread)
  const hash = hashOf(object)
  or64(block + LEAVES + ((<usize>(hash >> 6)) << 3), (<u64>1) << (hash & 63))
  setSummary(block, (<u64>1) << (hash >> 6))
}

/** Tells all other threads that hold an object to look at it again: for what changes too seldom to keep tickets for. */
export function pokeHolders(me: u32, object: usize): void {
  for (let holders = load64(object + HOLDERS) & ~((<u64>1) << me); holders != 0; holders &= holders - 1) {
    poke(<u32>ctz(holders), object)
  }
}

/** Tells a thread that a task it started has ended. */
export function pokeTaskEnded(thread: u32): void {
  setSummary(threadAt(thread), TASK_ENDED_BIT)
}

/** Tells a thread to look at everything it waits for: wake-ups may have been lost. */
export function pokeRescan(thread: u32): void {
  const block = threadAt(thread)
  or64(block + SUM, RESCAN_BIT)
  store32(block + BELL, 0)
  notifyAll(block + BELL)
}

/** Takes the dirty set: writes the poked hashes to the thread's inbox and answers how many they are. */
export function mailboxDrain(me: u32): u32 {
  const block = threadAt(me)
  let out = <usize>load<u32>(block, INBOX)
  const start = out
  let sum = xchg64(block + SUM, 0)
  if (sum & RESCAN_BIT) {
    store<u32>(out, RESCAN)
    out += 4
  }
  if (sum & TASK_ENDED_BIT) {
    store<u32>(out, TASK_ENDED)
    out += 4
  }
  sum &= ((<u64>1) << LEAF_COUNT) - 1
  while (sum != 0) {
    const i = <u32>ctz(sum)
    sum &= sum - 1
    let leaf = xchg64(block + LEAVES + ((<usize>i) << 3), 0)
    while (leaf != 0) {
      store<u32>(out, (i << 6) | <u32>ctz(leaf))
      leaf &= leaf - 1
      out += 4
    }
  }
  return <u32>((out - start) >> 2)
}

/** Whether anything is in the mailbox. */
export function mailboxDirty(me: u32): bool {
  return load64(threadAt(me) + SUM) != 0
}

/**
 * Raises the bell: from now on a poke notifies. Answers false, with the bell lowered again, if something is in
 * the mailbox already. After true the caller may wait for the bell word to stop being 1.
 */
export function bellArm(me: u32): bool {
  const block = threadAt(me)
  store32(block + BELL, 1)
  if (load64(block + SUM) == 0) return true
  store32(block + BELL, 0)
  return false
}

/** Takes the bell down: the thread is awake and will look at its mailbox before it sleeps again. */
export function bellLower(me: u32): void {
  store32(threadAt(me) + BELL, 0)
}

/** Sets the calling thread's ticket. The caller must look at the object once more afterwards. */
export function interestArm(me: u32, object: usize, direction: u32): void {
  const word = object + INTEREST + ((<usize>direction) << 3)
  const bit = (<u64>1) << me
  if ((load64(word) & bit) == 0) or64(word, bit)
}

/**
 * Takes the calling thread's ticket back. Answers false if it was gone: somebody has claimed it, so a baton is on
 * its way here, and the caller must pass it on (wakeOne) if the object is ready.
 */
export function interestDisarm(me: u32, object: usize, direction: u32): bool {
  const word = object + INTEREST + ((<usize>direction) << 3)
  const bit = (<u64>1) << me
  // Nobody but this thread sets it: once gone it stays gone, and a look saves the locked write.
  return (load64(word) & bit) != 0 && (and64(word, ~bit) & bit) != 0
}

/**
 * Claims one ticket and pokes its thread, starting behind the caller so that threads take turns. Answers OK_SELF
 * if the ticket was the caller's own: it then holds the baton and serves its waiters itself.
 */
export function wakeOne(me: u32, object: usize, direction: u32): i32 {
  const word = object + INTEREST + ((<usize>direction) << 3)
  while (true) {
    const waiting = load64(word) & load64(ALIVE)
    if (waiting == 0) return OK
    const thread = (<u32>ctz(rotr<u64>(waiting, <u64>(me + 1))) + me + 1) & 63
    const bit = (<u64>1) << thread
    if ((and64(word, ~bit) & bit) == 0) continue // somebody else claimed it
    if (thread == me) return OK_SELF
    poke(thread, object)
    return OK
  }
}

/** Claims every ticket: the object has become ready for all. Answers OK_SELF if one was the caller's own. */
export function wakeAll(me: u32, object: usize, direction: u32): i32 {
  const word = object + INTEREST + ((<usize>direction) << 3)
  let answer = OK
  while (true) {
    const waiting = load64(word) & load64(ALIVE)
    if (waiting == 0) return answer
    const thread = <u32>ctz(waiting)
    const bit = (<u64>1) << thread
    if ((and64(word, ~bit) & bit) == 0) continue
    if (thread == me) answer = OK_SELF
    else poke(thread, object)
  }
}
