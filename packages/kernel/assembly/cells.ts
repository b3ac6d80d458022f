// Values wider than a word. A ring slot, a task's arguments and its result are one 32-bit word each:
//
//   bit 0 set          a 31-bit integer: value << 1 | 1
//   low 4 bits = 2     a constant: undefined, null, true, false (numbered in value.ts)
//   low 4 bits = 0     the offset of a block (16-byte aligned): {format u32, bytes u32, contents}
//
// A block belongs to whoever holds its word; taking the word out of a slot takes the block.

import { heapAllocate, heapFree } from './heap'

const FORMAT: usize = 0
const FLOAT: u32 = 1

/** A block with a 64-bit float. 0 when shared memory is used up. */
export function floatCreate(me: u32, value: f64): usize {
  const cell = heapAllocate(me, 16)
  if (cell == 0) return 0
  store<u32>(cell, FLOAT, FORMAT)
  store<f64>(cell, value, 8)
  return cell
}

/** The float in a cell, which is freed. */
export function floatTake(me: u32, cell: usize): f64 {
  const value = load<f64>(cell, 8)
  heapFree(me, cell)
  return value
}

/** Frees the block of a word, if it has one. */
export function wordFree(me: u32, word: u32): void {
  if (word != 0 && (word & 15) == 0) heapFree(me, <usize>word)
}
