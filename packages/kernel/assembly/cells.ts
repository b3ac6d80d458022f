// Values wider than a word. A ring slot, a task's arguments and its result are one 32-bit word each:
//
//   bit 0 set          a 31-bit integer: value << 1 | 1
//   low 4 bits = 2     a constant: undefined, null, true, false (numbered in value.ts)
//   low 4 bits = 0     the offset of a block (16-byte aligned), by its format:
//
//     FLOAT      {format u32, -, value f64}
//     PACKED     {format u32, bytes u32, contents}
//     REFERRING  {format u32, bytes u32, count u32, object u32[count], bytes beside u32, contents, contents beside}
//     SMALL      {format u32, bytes u32, contents}: packed by the kernel's JavaScript itself (codec/small.ts)
//     BESIDE     {format u32, bytes u32, bytes beside u32, -, contents, contents beside}: as SMALL, with large buffers beside it
//
// A block belongs to whoever holds its word; taking the word out of a slot takes the block. A referring one also owns a
// reference to each object that it names, so that it can be dropped by whoever cannot read its contents.
//
// The words of a typed channel are of another kind, which its ring knows: numbers that own nothing, whatever their bits, or the
// offsets of cells that hold a value of the type and nothing else.

import { letGo } from './doomed'
import { allocateCell, freeCell, heapFree } from './heap'
import { INBOX, threadAt } from './layout'

const FORMAT: usize = 0
const COUNT: usize = 8
const OBJECTS: usize = 12
const FLOAT: u32 = 1
const REFERRING: u32 = 3

export const WORDS: u32 = 0
export const NUMBERS: u32 = 1
export const CELLS: u32 = 2

/** A block with a 64-bit float. 0 when shared memory is used up. */
export function floatCreate(me: u32, value: f64): usize {
  const cell = allocateCell(me)
  if (cell == 0) return 0
  store<u32>(cell, FLOAT, FORMAT)
  store<f64>(cell, value, 8)
  return cell
}

/** The float in a cell, which is freed. */
export function floatTake(me: u32, cell: usize): f64 {
  const value = load<f64>(cell, 8)
  freeCell(me, cell)
  return value
}

/** Frees the cells among the first `count` words of the thread's inbox, whose floats the caller has read. */
export function floatsFree(me: u32, count: u32): void {
  const inbox = <usize>load<u32>(threadAt(me), INBOX)
  for (let i: u32 = 0; i < count; i++) {
    const word = load<u32>(inbox + (<usize>i << 2))
    if ((word & 1) == 0) freeCell(me, word)
  }
}

/** Frees the block of a word, if it has one, and lets go of what it refers to. The caller sees to the doomed afterwards. */
export function wordFree(me: u32, word: u32): void {
  if (word == 0 || (word & 15) != 0) return
  const block = <usize>word
  if (load<u32>(block, FORMAT) == REFERRING) {
    const count = load<u32>(block, COUNT)
    for (let i: u32 = 0; i < count; i++) letGo(me, <usize>load<u32>(block + (<usize>i << 2), OBJECTS))
  }
  heapFree(me, block)
}

/** Frees what a word of a channel owns, given what its words are. The caller sees to the doomed afterwards. */
export function contentsFree(me: u32, contents: u32, word: u32): void {
  if (contents == WORDS) wordFree(me, word)
  else if (contents == CELLS) heapFree(me, <usize>word)
}
