// A number of up to 64 bits that any thread may change at any time. The threads do so with JavaScript's own Atomics.
//
//   64       value      u64

import { store64 } from './atomics'
import { allocateWaitable } from './heap'
import { HOLDERS, KIND, KIND_ATOMIC, REFS } from './layout'

/** Makes a cell with 0 in it, held by the calling thread. 0 when shared memory is used up. */
export function atomicCreate(me: u32): usize {
  const cell = allocateWaitable(me)
  if (cell == 0) return 0
  store<u32>(cell, 1, REFS)
  store64(cell + HOLDERS, (<u64>1) << me)
  store<u32>(cell, KIND_ATOMIC, KIND)
  return cell
}
