// A counter for hot paths: one cell per thread, so that adding touches no line that others write. The sum is exact when nobody
// adds meanwhile, and never misses an add that had returned before it began.
//
//   64       cells      u32   offset of 64 cells of 64 bytes: a thread's number picks its cell {f64}
//
// A cell outlives its thread: what a dead thread counted still counts, and a successor with its number goes on from there.

import { load64, store64 } from './atomics'
import { allocateWaitable, heapAllocate, heapFree } from './heap'
import { HOLDERS, KIND, KIND_COUNTER, MAX_THREADS, REFS } from './layout'

const CELLS: usize = 64
const CELL_SHIFT: usize = 6 // one cache line each

/** Makes a counter at 0, held by the calling thread. 0 when shared memory is used up. */
export function counterCreate(me: u32): usize {
  const counter = allocateWaitable(me)
  if (counter == 0) return 0
  const cells = heapAllocate(me, MAX_THREADS << <u32>CELL_SHIFT)
  if (cells == 0) {
    heapFree(me, counter)
    return 0
  }
  memory.fill(cells, 0, <usize>MAX_THREADS << CELL_SHIFT)
  store<u32>(counter, <u32>cells, CELLS)
  store<u32>(counter, 1, REFS)
  store64(counter + HOLDERS, <u64>1 << me)
  store<u32>(counter, KIND_COUNTER, KIND)
  return counter
}

// @ts-expect-error: decorator
@inline
function cellOf(counter: usize, thread: u32): usize {
  return <usize>load<u32>(counter, CELLS) + (<usize>thread << CELL_SHIFT)
}

/** Adds on the calling thread's own cell, which nobody else writes: a load and a store are enough. */
export function counterAdd(me: u32, counter: usize, delta: f64): void {
  const cell = cellOf(counter, me)
  store64(cell, reinterpret<u64>(reinterpret<f64>(load64(cell)) + delta))
}

export function counterSum(counter: usize): f64 {
  let sum: f64 = 0
  for (let t: u32 = 0; t < MAX_THREADS; t++) sum += reinterpret<f64>(load64(cellOf(counter, t)))
  return sum
}

/** Frees a counter's cells; the counter itself is its last holder's to free. */
export function counterFreeCells(me: u32, counter: usize): void {
  heapFree(me, <usize>load<u32>(counter, CELLS))
}
