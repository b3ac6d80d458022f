// Memory that JavaScript's typed arrays look at, in all threads at once.
//
//   64       elements   u32   offset of the block that the elements lie in
//
// The block is aligned to 16 bytes at least, so any element is aligned to its size, as Atomics want it.

import { store64 } from './atomics'
import { allocateWaitable, heapAllocate, heapFree, heapUsed } from './heap'
import { HOLDERS, KIND, KIND_SHARED_ARRAY, REFS } from './layout'

const ELEMENTS: usize = 64

/** Makes an array of `bytes` zeros, held by the calling thread. 0 when shared memory is used up. */
export function sharedArrayCreate(me: u32, bytes: u32): usize {
  const array = allocateWaitable(me)
  if (array == 0) return 0
  const untouched = <usize>heapUsed()
  const elements = heapAllocate(me, bytes)
  if (elements == 0) {
    heapFree(me, array)
    return 0
  }
  // What lies above is zero still, and takes no memory of the machine until it is written to.
  if (elements < untouched) memory.fill(elements, 0, <usize>bytes)
  store<u32>(array, <u32>elements, ELEMENTS)
  store<u32>(array, 1, REFS)
  store64(array + HOLDERS, <u64>1 << me)
  store<u32>(array, KIND_SHARED_ARRAY, KIND)
  return array
}

export function sharedArrayElements(array: usize): usize {
  return <usize>load<u32>(array, ELEMENTS)
}
