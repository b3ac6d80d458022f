// A counter for hot paths: one cell per thread, so that adding touches no line that others write. The sum is exact
// when nobody adds meanwhile, and never misses an add that had returned before it began.
//
// A cell outlives its thread: what a dead thread counted still counts.

import { load64, store64 } from './atomics';
import { heapAllocate, heapFree } from './heap';
import { MAX_THREADS } from './layout';

const CELL_SHIFT: usize = 6; // one cache line each

export function counterCreate(me: u32): usize {
  const counter = heapAllocate(me, MAX_THREADS << <u32>CELL_SHIFT);
  if (counter != 0) memory.fill(counter, 0, <usize>MAX_THREADS << CELL_SHIFT);
  return counter;
}

/** Adds on the calling thread's own cell, which nobody else writes: a load and a store are enough. */
export function counterAdd(me: u32, counter: usize, delta: f64): void {
  const cell = counter + (<usize>me << CELL_SHIFT);
  store64(cell, load64(cell) + <u64><i64>delta);
}

export function counterSum(counter: usize): f64 {
  let sum: i64 = 0;
  for (let t: u32 = 0; t < MAX_THREADS; t++) sum += <i64>load64(counter + (<usize>t << CELL_SHIFT));
  return <f64>sum;
}

export function counterFree(me: u32, counter: usize): void {
  heapFree(me, counter);
}
