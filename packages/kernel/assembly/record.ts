// A record: up to 2046 numbers that any thread reads and replaces as one. Everything that a monitor is (its state, who holds how much
// of it, the threads that wait in line) is one record, so that it changes in one step, and a thread that dies leaves either all of a
// change behind or nothing.
//
//   64       word       u64   {stamp32, block25, hot7}
//
// A block is never changed once the word names it: to change the record is to write another block and to swap the word.
//
//   0        count      u32   numbers in the block
//   4        gate       u32   1 + the thread to poke when `hot` becomes 0 by recordLet; 0 = it must not
//   8        numbers    f64[count]
//
// `hot` is the first number of the state, and may change alone: a lock that nobody waits for needs no block at all.
//
//   V1  the word is what it was before the block was read  =>  what was read is that block, whole
//   V2  a word never comes back: the stamp grows with every swap of blocks, and 2^32 would have to pass during one stall
//
// A reader may read a block that is freed and used again meanwhile: it finds the word changed, and reads again. It looks at the word
// once more before it believes the count; the numbers are in memory then whatever becomes of the block, as the heap never gives any back.
//
// After Lamport, "Concurrent reading and writing" (1977), and the swap of immutable versions in Herlihy, "A methodology for
// implementing highly concurrent data objects" (1993). Model: models/record.pml.

import { cas64, load32, load64, prepare32, prepare64, reachable, store64 } from './atomics'
import { allocateWaitable, heapAllocate, heapFree } from './heap'
import { ANSWER, HOLDERS, INBOX, KIND, KIND_RECORD, REFS, SCRATCH, threadAt } from './layout'
import { poke } from './parking'
import { spin } from './spin'
import { OK, OUT_OF_MEMORY, WOULD_BLOCK } from './status'

const WORD: usize = 64
const COUNT: usize = 0
const GATE: usize = 4
const NUMBERS: usize = 8

const HOT: u64 = 0x7f
/** Blocks from this size on lie on 64 bytes, as the word wants them to. */
const LEAST_BYTES: u32 = 192
const MOST_NUMBERS: u32 = 2046

/** The word that a thread's last recordRead saw, in its scratch; the numbers follow at 16. */
const SEEN: usize = 0
const READ: usize = 16

/** Between two looks at a record that is held, whose holder needs its cache line to let go: about a microsecond. */
const LOOK_SPINS: u32 = 600

/** Of `hot`: the thread that held it has died. */
const LOST: u64 = 127

// @ts-expect-error: decorator
@inline
function blockOf(word: u64): usize {
  return <usize>((<u32>word >> 7) << 6)
}

// @ts-expect-error: decorator
@inline
function scratchOf(me: u32): usize {
  return <usize>load<u32>(threadAt(me), INBOX) + SCRATCH
}

/** Makes a record of no numbers, held by the calling thread. 0 when shared memory is used up. */
export function recordCreate(me: u32): usize {
  const record = allocateWaitable(me)
  if (record == 0) return 0
  store<u32>(record, 1, REFS)
  store64(record + HOLDERS, (<u64>1) << me)
  store<u32>(record, KIND_RECORD, KIND)
  return record
}

/** Copies the record to the thread's scratch; answers how many numbers it has, and leaves `hot` as the second result. */
export function recordRead(me: u32, record: usize): u32 {
  const scratch = scratchOf(me)
  while (true) {
    const seen = load64(record + WORD)
    const block = blockOf(seen)
    let count: u32 = 0
    if (block != 0) {
      reachable(block)
      count = load32(block, COUNT)
      // If it is not this record's any more the count is anything, and so many numbers may lie beyond the end of memory.
      if (count > MOST_NUMBERS || load64(record + WORD) != seen) continue
      for (let i: u32 = 0; i < count; i++) {
        const offset = <usize>i << 3
        store<u64>(scratch + READ + offset, load64(block + NUMBERS + offset))
      }
      if (load64(record + WORD) != seen) continue
    }
    store<u64>(scratch, seen, SEEN)
    store<u32>(threadAt(me), <u32>(seen & HOT), ANSWER)
    return count
  }
}

/**
 * Replaces the record by `hot` and the `count` numbers in the thread's scratch: OK, WOULD_BLOCK if it is not what recordRead saw any
 * more, or OUT_OF_MEMORY, also for more numbers than there are in a scratch. Unless it answers OK nothing has changed.
 */
export function recordWrite(me: u32, record: usize, count: u32, hot: u32, gate: u32): i32 {
  const scratch = scratchOf(me)
  const seen = load<u64>(scratch, SEEN)
  let block: usize = 0
  if (count > MOST_NUMBERS) return OUT_OF_MEMORY // whoever read them would take them for somebody else's block, for ever
  if (count != 0) {
    block = heapAllocate(me, max(LEAST_BYTES, <u32>NUMBERS + (count << 3)))
    if (block == 0) return OUT_OF_MEMORY
    // Not atomic: the swap below publishes them all. Somebody who is late may still be reading here, and finds that his word has changed, as
    // when the block has become anything else.
    prepare32(block + COUNT, count)
    prepare32(block + GATE, gate)
    for (let i: u32 = 0; i < count; i++) {
      const offset = <usize>i << 3
      prepare64(block + NUMBERS + offset, load<u64>(scratch + READ + offset))
    }
  }
  // Publishes the block: from here on everybody reads it, and nobody writes it.
  if (!cas64(record + WORD, seen, (((seen >> 32) + 1) << 32) | (<u64>block << 1) | hot)) {
    if (block != 0) heapFree(me, block)
    return WOULD_BLOCK
  }
  const old = blockOf(seen)
  if (old != 0) heapFree(me, old)
  return OK
}

/**
 * Makes `hot` 1 + the calling thread's number if it is 0: OK or WOULD_BLOCK. Nothing else of the record changes. While it is held and
 * nobody waits, looks so many times: whoever holds it may be about to let go on another core, which is over sooner than a wait begins. (Not
 * if that is a goroutine of this very thread.)
 */
export function recordHold(me: u32, record: usize, looks: u32): i32 {
  while (true) {
    const seen = load64(record + WORD)
    const hot = seen & HOT
    if (hot == 0) {
      if (cas64(record + WORD, seen, seen | (me + 1))) return OK
    } else if (blockOf(seen) != 0 || hot == LOST || hot == me + 1 || --looks == 0) return WOULD_BLOCK
    else spin(me, LOOK_SPINS)
  }
}

/**
 * Makes `hot` 0 if a thread's number is in it, and pokes the thread at the gate: OK. WOULD_BLOCK if that is not all there is to do, or if
 * it is not held.
 */
export function recordLet(record: usize): i32 {
  while (true) {
    const seen = load64(record + WORD)
    const hot = seen & HOT
    if (hot == 0 || hot == LOST) return WOULD_BLOCK
    const block = blockOf(seen)
    const gate = block != 0 ? load32(reachable(block), GATE) : 0 // the block's own if the swap below succeeds: V1
    if (block != 0 && gate == 0) return WOULD_BLOCK
    if (!cas64(record + WORD, seen, seen & ~HOT)) continue
    if (gate != 0) poke(gate - 1, record)
    return OK
  }
}

/** A thread has died: what it held by recordHold is lost. Called by its reaper. */
export function recordLose(record: usize, dead: u32): void {
  while (true) {
    const seen = load64(record + WORD)
    if ((seen & HOT) != dead + 1 || cas64(record + WORD, seen, seen | LOST)) return
  }
}

/** Its block, for whoever frees the record. */
export function recordBlock(record: usize): usize {
  return blockOf(load64(record + WORD))
}
