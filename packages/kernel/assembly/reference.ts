// Who still needs a shared object. `holders` has a bit per thread with at least one reference in its JavaScript
// `refs` is the number of those bits plus the references on their way inside values. Whoever takes it to 0 frees.
//
// Gaining adds to refs first and sets the bit then; letting go clears the bit first: a thread that dies in
// between leaks one block and never frees one early. A thread touches an object only while it holds it.
//
// Model: models/reference.pml.

import { add32, and64, load32, load64, or64, reachable } from './atomics'
import { cancellationCause } from './cancellation'
import { wordFree } from './cells'
import { counterFreeCells } from './counter'
import { letGo, nextDoomed } from './doomed'
import { heapFree } from './heap'
import {
  HEAP_TOP,
  HOLDERS,
  KIND,
  KIND_CANCELLATION,
  KIND_COUNTER,
  KIND_FREE,
  KIND_RECORD,
  KIND_RENDEZVOUS,
  KIND_RING,
  KIND_SHARED_ARRAY,
  REFS,
} from './layout'
import { recordBlock } from './record'
import { rendezvousFreeBoards, rendezvousLeave } from './rendezvous'
import { ringEmpty, ringSlots } from './ring'
import { sharedArrayElements } from './shared-array'

/** Adds a reference that travels inside a value. The caller holds the object. */
export function referenceSend(object: usize): void {
  add32(object + REFS, 1)
}

/** Turns a reference that arrived inside a value into one of thread `me`, which may hold it already. */
export function referenceArrive(me: u32, object: usize): void {
  // The object, and the blocks that it names, may be in what another thread has just made memory grow for.
  reachable(<usize>load32(HEAP_TOP) - 1)
  const bit = (<u64>1) << me
  if (load64(object + HOLDERS) & bit) add32(object + REFS, -1)
  else or64(object + HOLDERS, bit)
}

/** Drops a reference that travelled inside a value and was never looked at. */
export function referenceDrop(me: u32, object: usize): void {
  letGo(me, object)
  freeDoomed(me, me)
}

/** Drops a word (cells.ts): its block, and the references in it. */
export function wordDrop(me: u32, word: u32): void {
  wordFree(me, word)
  freeDoomed(me, me)
}

/** Thread `holder` lets go of the object. Done by itself, or by a reaper in its name. */
export function referenceRelease(me: u32, object: usize, holder: u32): void {
  const bit = (<u64>1) << holder
  if (load<u32>(object, KIND) == KIND_RENDEZVOUS) rendezvousLeave(object, holder)
  if ((and64(object + HOLDERS, ~bit) & bit) == 0) return
  letGo(me, object)
  freeDoomed(me, me)
}

/** Frees what `thread`, the caller or a dead one, has found that nobody can reach any more; and what only that referred to. */
export function freeDoomed(me: u32, thread: u32): void {
  for (let object = nextDoomed(thread); object != 0; object = nextDoomed(thread)) {
    free(me, object)
    if (thread != me) freeDoomed(me, me)
  }
}

/** Its blocks go back to the heap, and those of the values in it. */
function free(me: u32, object: usize): void {
  const kind = load<u32>(object, KIND)
  if (kind == KIND_RING) {
    ringEmpty(me, object)
    heapFree(me, ringSlots(object))
  } else if (kind == KIND_CANCELLATION) wordFree(me, cancellationCause(object))
  else if (kind == KIND_RENDEZVOUS) rendezvousFreeBoards(me, object)
  else if (kind == KIND_COUNTER) counterFreeCells(me, object)
  else if (kind == KIND_SHARED_ARRAY) heapFree(me, sharedArrayElements(object))
  else if (kind == KIND_RECORD) {
    const block = recordBlock(object)
    if (block != 0) heapFree(me, block)
  }
  store<u32>(object, KIND_FREE, KIND)
  heapFree(me, object)
}
