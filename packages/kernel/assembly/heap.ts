// Blocks of shared memory for any thread: allocated by one, freed by another.
//
// Memory is cut into chunks of 64 KiB; each chunk serves one size class for ever, and a table says which, so a
// block needs no header and free() needs no size. Each thread has a magazine per class that it alone touches
// magazines trade whole chains of blocks with one depot per class, a Treiber stack of chains. Blocks above
// 32 KiB go to the depot directly.
//
// Lock-free: a thread that dies anywhere leaves at most what it has in its hand behind: a block, a chain on its way
// between magazine and depot, or a chunk that it has just taken; its magazines are given back by reap. The tag in a depot's word makes a pop fail whose view of the chain is out of date (ABA): 2^32
// operations would have to pass during one stall.
//
// After Bonwick and Adams, "Magazines and Vmem" (2001), and Treiber (1986). Model: models/heap.pml.

import { cas32, cas64, load32, load64, reachable, store32 } from './atomics'
import { CHUNK_CLASSES, DEPOT_SHIFT, DEPOTS, HEAP, HEAP_TOP, MAGAZINES, threadAt, WAITABLE_BYTES } from './layout'

const CHUNK: usize = 65536
const CELLS: u32 = 0 // the class of blocks of 16 bytes
const CELL_CHAIN: u32 = 32 // chainLength(16)
const SMALL_CLASSES: u32 = 22 // 16 bytes to 32 KiB, two sizes to an octave
const LARGEST: u32 = 1 << 30
const WAITABLES: u32 = 54 // classes of their own: blocks that are never re-used for anything else
const TASKS: u32 = 55
export const TASK_BYTES: usize = 64
const TOKENS: u32 = 56 // four sizes: 64 bytes, 1 KiB, 16 KiB, 576 KiB
const LARGEST_TOKENS: u32 = 59
const LARGEST_TOKEN_BYTES: u32 = 589824

// A magazine, by class; waitables, tasks and tokens have places 22 to 26.
const MAGAZINE_COUNT: u32 = 27
const HEAD: usize = 0
const COUNT: usize = 4
const CARVE: usize = 8 // the rest of a chunk that is not cut yet: [carve, carveEnd)
const CARVE_END: usize = 12

// A free block: the next of its chain; its first one also the next chain and how many blocks it has.
const NEXT: usize = 0
const NEXT_CHAIN: usize = 4
const CHAIN_COUNT: usize = 8

function classOf(bytes: u32): u32 {
  if (bytes <= 16) return 0
  if (bytes <= 32) return 1
  const octave = 31 - clz<u32>(bytes - 1)
  return 2 + ((octave - 5) << 1) + (((bytes - 1) >> (octave - 1)) & 1)
}

function sizeOf(sizeClass: u32): usize {
  if (sizeClass == WAITABLES) return WAITABLE_BYTES
  if (sizeClass == TASKS) return TASK_BYTES
  if (sizeClass == LARGEST_TOKENS) return LARGEST_TOKEN_BYTES
  if (sizeClass >= TOKENS) return <usize>64 << ((sizeClass - TOKENS) << 2)
  if (sizeClass < 2) return <usize>16 << sizeClass
  const octave = 5 + ((sizeClass - 2) >> 1)
  return (sizeClass - 2) & 1 ? <usize>2 << octave : <usize>3 << (octave - 1)
}

// @ts-expect-error: decorator
@inline
function magazineOf(thread: u32, sizeClass: u32): usize {
  const place = sizeClass < SMALL_CLASSES ? sizeClass : sizeClass - WAITABLES + SMALL_CLASSES
  return threadAt(thread) + MAGAZINES + (<usize>place << 4)
}

// @ts-expect-error: decorator
@inline
function depotOf(sizeClass: u32): usize {
  return DEPOTS + (<usize>sizeClass << DEPOT_SHIFT)
}

/** Blocks that change hands at once: about 4 KiB of them, 1 to 32. */
// @ts-expect-error: decorator
@inline
function chainLength(bytes: usize): u32 {
  return bytes <= 128 ? 32 : bytes >= 4096 ? 1 : 4096 / <u32>bytes
}

/** Takes whole chunks from the untouched end of memory, growing it; 0 when the maximum is reached. */
function takeChunks(bytes: usize, sizeClass: u32): usize {
  const span = (bytes + CHUNK - 1) & ~(CHUNK - 1)
  while (true) {
    const top = <usize>load32(HEAP_TOP)
    const end = top + span
    if (end < top) return 0
    const pages = <usize>memory.size()
    if (end > pages << 16) {
      // Grow by a sixteenth at least, so that growing stays rare; by just enough when that is refused.
      const needed = <i32>((end >> 16) - pages)
      if (memory.grow(max(needed, <i32>(pages >> 4))) < 0 && memory.grow(needed) < 0) {
        if (end > <usize>memory.size() << 16) return 0
      }
      continue
    }
    if (cas32(HEAP_TOP, <u32>top, <u32>end)) {
      store<u8>(CHUNK_CLASSES + (top >> 16), <u8>(sizeClass + 1)) // read again only by whoever was handed a block of it
      return top
    }
  }
}

function depotPush(sizeClass: u32, first: usize, count: u32): void {
  const depot = depotOf(sizeClass)
  store<u32>(reachable(first) + CHAIN_COUNT, count) // it may have come from another thread
  while (true) {
    const seen = load64(depot)
    store32(first + NEXT_CHAIN, <u32>seen)
    // Publishes the chain: from here on any thread may pop it.
    if (cas64(depot, seen, (((seen >> 32) + 1) << 32) | first)) return
  }
}

function depotPop(sizeClass: u32): usize {
  const depot = depotOf(sizeClass)
  while (true) {
    const seen = load64(depot)
    const first = reachable(<usize>(<u32>seen))
    if (first == 0) return 0
    // May read a block that somebody else popped meanwhile; then the tag has moved on and the swap fails.
    const next = load32(first + NEXT_CHAIN)
    if (cas64(depot, seen, (((seen >> 32) + 1) << 32) | next)) return first
  }
}

/** A free block of a class, from the magazine or the depot; 0 when there is none. */
function takeFree(thread: u32, sizeClass: u32): usize {
  const magazine = magazineOf(thread, sizeClass)
  let block = <usize>load<u32>(magazine, HEAD)
  if (block == 0) {
    block = depotPop(sizeClass)
    if (block == 0) return 0
    store<u32>(magazine, load<u32>(block, CHAIN_COUNT), COUNT)
  }
  store<u32>(magazine, load<u32>(block, NEXT), HEAD)
  store<u32>(magazine, load<u32>(magazine, COUNT) - 1, COUNT)
  return block
}

/** The next block of the chunk that the thread is cutting up, or of a new one; 0 when there is no more memory. */
function carve(thread: u32, sizeClass: u32): usize {
  const magazine = magazineOf(thread, sizeClass)
  const bytes = sizeOf(sizeClass)
  let block = <usize>load<u32>(magazine, CARVE)
  if (block == 0) {
    block = takeChunks(CHUNK, sizeClass)
    if (block == 0) return 0
    store<u32>(magazine, <u32>(block + CHUNK), CARVE_END)
  }
  const rest = block + bytes
  store<u32>(magazine, rest + bytes <= <usize>load<u32>(magazine, CARVE_END) ? <u32>rest : 0, CARVE)
  return block
}

function allocateClass(thread: u32, sizeClass: u32): usize {
  const magazine = magazineOf(thread, sizeClass)
  if (load<u32>(magazine, HEAD) == 0 && load<u32>(magazine, CARVE) != 0) return carve(thread, sizeClass)
  const block = takeFree(thread, sizeClass)
  return block != 0 ? block : carve(thread, sizeClass)
}

/**
 * Takes a block of at least `bytes`, aligned to 16 (to 64 from 192 on). Its contents are what was there before.
 * Answers 0 when shared memory is used up.
 */
export function heapAllocate(thread: u32, bytes: u32): usize {
  if (bytes > LARGEST) return 0
  const sizeClass = classOf(bytes)
  if (sizeClass >= SMALL_CLASSES) {
    let large = depotPop(sizeClass)
    if (large == 0) large = takeChunks(sizeOf(sizeClass), sizeClass)
    // With no chunks left, a larger block than needed does: free() knows its class by its chunk.
    for (let larger = sizeClass + 1; large == 0 && larger < WAITABLES; larger++) large = depotPop(larger)
    return large
  }
  let block = allocateClass(thread, sizeClass)
  // As above.
  for (let larger = sizeClass + 1; block == 0 && larger < SMALL_CLASSES; larger++) {
    block = load<u32>(magazineOf(thread, larger), CARVE) != 0 ? carve(thread, larger) : takeFree(thread, larger)
  }
  return block
}

/** A block of 16 bytes: heapAllocate on a shorter way, for what every message with a number needs. */
export function allocateCell(thread: u32): usize {
  const magazine = magazineOf(thread, CELLS)
  const block = <usize>load<u32>(magazine, HEAD)
  if (block == 0) return heapAllocate(thread, 16)
  store<u32>(magazine, load<u32>(block, NEXT), HEAD)
  store<u32>(magazine, load<u32>(magazine, COUNT) - 1, COUNT)
  return block
}

/** Gives back what allocateCell answered, which may be larger than a cell if memory was short. */
export function freeCell(thread: u32, block: usize): void {
  const magazine = magazineOf(thread, CELLS)
  const count = load<u32>(magazine, COUNT) + 1
  if (count >= CELL_CHAIN << 1 || <u32>load<u8>(CHUNK_CLASSES + (block >> 16)) != CELLS + 1) {
    heapFree(thread, block)
    return
  }
  store<u32>(block, load<u32>(magazine, HEAD), NEXT)
  store<u32>(magazine, <u32>block, HEAD)
  store<u32>(magazine, count, COUNT)
}

/** A zeroed block for a waitable. */
export function allocateWaitable(thread: u32): usize {
  const block = allocateClass(thread, WAITABLES)
  if (block != 0) memory.fill(block, 0, WAITABLE_BYTES)
  return block
}

export function allocateTask(thread: u32): usize {
  return allocateClass(thread, TASKS)
}

/** A block for a token of so many bytes; 0 when there is no memory, or it would be larger than any. */
export function allocateToken(thread: u32, bytes: u32): usize {
  for (let sizeClass = TOKENS; sizeClass < LARGEST_TOKENS; sizeClass++) {
    if (<usize>bytes <= sizeOf(sizeClass)) return allocateClass(thread, sizeClass)
  }
  if (bytes > LARGEST_TOKEN_BYTES) return 0
  const block = depotPop(LARGEST_TOKENS)
  return block != 0 ? block : takeChunks(LARGEST_TOKEN_BYTES, LARGEST_TOKENS)
}

/** Whether there is a token's block at `at`, in use or not. Any number may be asked for. */
export function isTokenBlock(at: usize): bool {
  if (at < HEAP || at >= <usize>load32(HEAP_TOP)) return false
  const sizeClass = <u32>load<u8>(CHUNK_CLASSES + (at >> 16)) - 1
  return sizeClass >= TOKENS && sizeClass <= LARGEST_TOKENS && (at & (min(sizeOf(sizeClass), CHUNK) - 1) & (CHUNK - 1)) == 0
}

/** The first token's block at or after `from` in memory order, 0 after the last: for walking all of them. */
export function nextToken(from: usize): usize {
  const top = <usize>load32(HEAP_TOP)
  reachable(top - 1)
  let at = from
  while (at < top) {
    const next = (at & ~(CHUNK - 1)) + CHUNK
    const sizeClass = <u32>load<u8>(CHUNK_CLASSES + (at >> 16)) - 1
    if (sizeClass >= TOKENS && sizeClass <= LARGEST_TOKENS) {
      const bytes = min(sizeOf(sizeClass), CHUNK)
      at = (at + bytes - 1) & ~(bytes - 1)
      if (at < next) return at
    }
    at = next
  }
  return 0
}

/** Gives a block back, whichever thread it came from. It must not be touched afterwards. */
export function heapFree(thread: u32, block: usize): void {
  const sizeClass = <u32>load<u8>(CHUNK_CLASSES + (block >> 16)) - 1
  if ((sizeClass >= SMALL_CLASSES && sizeClass < WAITABLES) || sizeClass == LARGEST_TOKENS) {
    depotPush(sizeClass, block, 1)
    return
  }
  const magazine = magazineOf(thread, sizeClass)
  const chain = chainLength(sizeOf(sizeClass))
  store<u32>(block, load<u32>(magazine, HEAD), NEXT)
  store<u32>(magazine, <u32>block, HEAD)
  const count = load<u32>(magazine, COUNT) + 1
  store<u32>(magazine, count, COUNT)
  if (count >= chain << 1) giveChain(sizeClass, magazine, chain)
}

/** Moves the first `chain` blocks of a magazine to the depot. */
function giveChain(sizeClass: u32, magazine: usize, chain: u32): void {
  const first = <usize>load<u32>(magazine, HEAD)
  let last = first
  for (let i: u32 = 1; i < chain; i++) last = <usize>load<u32>(last, NEXT)
  store<u32>(magazine, load<u32>(last, NEXT), HEAD)
  store<u32>(magazine, load<u32>(magazine, COUNT) - chain, COUNT)
  store<u32>(last, 0, NEXT)
  depotPush(sizeClass, first, chain)
}

/** Gives a dead thread's magazines back. Called by its reaper, when nobody else can touch them. */
export function reclaimMagazines(thread: u32): void {
  for (let place: u32 = 0; place < MAGAZINE_COUNT; place++) {
    const sizeClass = place < SMALL_CLASSES ? place : place - SMALL_CLASSES + WAITABLES
    const magazine = magazineOf(thread, sizeClass)
    const bytes = sizeOf(sizeClass)
    const end = <usize>load<u32>(magazine, CARVE_END)
    let carve = <usize>load<u32>(magazine, CARVE)
    let head = load<u32>(magazine, HEAD)
    let count: u32 = 0
    for (let block = <usize>head; block != 0; block = <usize>load<u32>(block, NEXT)) count++
    while (carve != 0 && carve + bytes <= end) {
      store<u32>(carve, head, NEXT)
      head = <u32>carve
      count++
      carve += bytes
    }
    store<u32>(magazine, 0, HEAD)
    store<u32>(magazine, 0, COUNT)
    store<u32>(magazine, 0, CARVE)
    if (count != 0) depotPush(sizeClass, <usize>head, count)
  }
}

/** Bytes of shared memory that chunks have been cut from so far. It never shrinks; freed blocks are re-used. */
export function heapUsed(): u32 {
  return load32(HEAP_TOP)
}

/** The first waitable at or after `from` in memory order, 0 after the last: for walking all of them. */
export function nextWaitable(from: usize): usize {
  return nextOf(WAITABLES, from)
}

/** As `nextWaitable`, of tasks. */
export function nextTask(from: usize): usize {
  return nextOf(TASKS, from)
}

function nextOf(sizeClass: u32, from: usize): usize {
  const top = <usize>load32(HEAP_TOP)
  reachable(top - 1)
  let at = from
  while (at < top) {
    if (<u32>load<u8>(CHUNK_CLASSES + (at >> 16)) == sizeClass + 1) return at
    at = (at & ~(CHUNK - 1)) + CHUNK
  }
  return 0
}
