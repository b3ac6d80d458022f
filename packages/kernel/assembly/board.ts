// A board: the parked operations of one thread on one unbuffered channel, in one direction, the oldest first. Only that
// thread posts; everybody reads, and takes dead entries off its front.
//
//   0        head       u64   {position 32, array offset >> 6: 26, log2 of its size: 6}, one word: taking off and changing the
//                             array exclude each other
//   8        tail       u32   the first position that is not posted yet
//
//   array    u64[size]  {token offset >> 6: 26, version: 22, case: 16}
//
//   B1  an OPEN or BUSY operation has its entry in [position, tail)
//   B2  only dead entries are taken off, and dead is final for a version
//   B3  a positive finding is validated by the token's own word and case record, whatever garbage was read;
//       a negative one by looking at the head again: the same array, which has not been filled further
//
// Full after its dead front has been taken off, a board is rebuilt: the live entries move, in order, to a fresh array at
// positions from the tail on. At least half of what is pushed between two rebuilds is paid for by them, so pushing costs
// O(1), and a board has at most twice as many entries as operations, plus 8, whatever came and went.
//
// Model: models/board.pml.

import { cas64, load32, load64, reachable, store32, store64 } from './atomics'
import { heapAllocate, heapFree } from './heap'
import { TOKEN_DEAD, tokenState } from './token'

const HEAD: usize = 0
const TAIL: usize = 8
const BOARD_BYTES: u32 = 64
const FIRST_LOG: u32 = 3
const FIRST_POSITION: u32 = 0xffffffc0 // shortly before positions wrap: nothing special, so it may happen at once

// @ts-expect-error: decorator
@inline
export function boardHead(board: usize): u64 {
  return load64(board + HEAD)
}

// @ts-expect-error: decorator
@inline
export function boardTail(board: usize): u32 {
  return load32(board, TAIL)
}

// @ts-expect-error: decorator
@inline
export function headPosition(head: u64): u32 {
  return <u32>head
}

// @ts-expect-error: decorator
@inline
function headArray(head: u64): usize {
  return <usize>((head >> 32) & 0x3ffffff) << 6
}

// @ts-expect-error: decorator
@inline
function headSize(head: u64): u32 {
  return (<u32>1) << <u32>(head >> 58)
}

// @ts-expect-error: decorator
@inline
function headOf(position: u32, array: usize, log: u32): u64 {
  return ((<u64>log) << 58) | ((<u64>(array >> 6)) << 32) | position
}

/** The entry at `position` of the array that `head` names. */
// @ts-expect-error: decorator
@inline
export function boardEntry(head: u64, position: u32): u64 {
  return load64(reachable(headArray(head)) + (<usize>(position & (headSize(head) - 1)) << 3))
}

// @ts-expect-error: decorator
@inline
function entryOf(token: usize, version: u32, index: u32): u64 {
  return ((<u64>index) << 48) | ((<u64>version) << 26) | (token >> 6)
}

// @ts-expect-error: decorator
@inline
export function entryToken(entry: u64): usize {
  return <usize>(entry & 0x3ffffff) << 6
}

// @ts-expect-error: decorator
@inline
export function entryVersion(entry: u64): u32 {
  return <u32>(entry >> 26) & 0x3fffff
}

// @ts-expect-error: decorator
@inline
export function entryCase(entry: u64): u32 {
  return <u32>(entry >> 48)
}

// @ts-expect-error: decorator
@inline
export function entryState(entry: u64): u32 {
  return tokenState(entryToken(entry), entryVersion(entry))
}

/** Makes an empty board. 0 when shared memory is used up. */
export function boardCreate(me: u32): usize {
  const board = heapAllocate(me, BOARD_BYTES)
  if (board == 0) return 0
  const array = heapAllocate(me, 8 << FIRST_LOG)
  if (array == 0) {
    heapFree(me, board)
    return 0
  }
  store64(board + HEAD, headOf(FIRST_POSITION, array, FIRST_LOG))
  store32(board + TAIL, FIRST_POSITION)
  return board
}

export function boardFree(me: u32, board: usize): void {
  heapFree(me, headArray(boardHead(board)))
  heapFree(me, board)
}

/** Takes the entry at the front off, if `head` is still how the board begins. The entry must be dead. */
// @ts-expect-error: decorator
@inline
export function boardTrim(board: usize, head: u64): void {
  cas64(board + HEAD, head, head + 1 - (<u32>head == 0xffffffff ? (<u64>1) << 32 : 0))
}

/** Whether a scan that began with `head` and found nothing has seen everything: B3. */
// @ts-expect-error: decorator
@inline
export function boardUnchanged(board: usize, head: u64, tail: u32): bool {
  const now = boardHead(board)
  return now >> 32 == head >> 32 && <i32>(headPosition(now) - tail) <= 0
}

/** Posts case `index` of a token. Only the board's thread does. False when shared memory is used up. */
export function boardPush(me: u32, board: usize, token: usize, version: u32, index: u32): bool {
  while (true) {
    const head = boardHead(board)
    const tail = boardTail(board)
    if (tail - headPosition(head) < headSize(head)) {
      store64(headArray(head) + (<usize>(tail & (headSize(head) - 1)) << 3), entryOf(token, version, index))
      store32(board + TAIL, tail + 1) // publishes the entry
      return true
    }
    if (entryState(boardEntry(head, headPosition(head))) == TOKEN_DEAD) boardTrim(board, head)
    else if (!boardRebuild(me, board, head, tail)) return false
  }
}

/** Moves the live entries to a fresh array with room for as many again. False when shared memory is used up. */
function boardRebuild(me: u32, board: usize, head: u64, tail: u32): bool {
  let live: u32 = 0
  for (let at = headPosition(head); at != tail; at++) if (entryState(boardEntry(head, at)) != TOKEN_DEAD) live++
  let log = FIRST_LOG
  while ((<u32>1) << log < live << 1) log++
  const array = heapAllocate(me, (<u32>8) << log)
  if (array == 0) return false
  // Counted and copied in two passes: what died between them only leaves room.
  let next = tail
  for (let at = headPosition(head); at != tail; at++) {
    const entry = boardEntry(head, at)
    if (entryState(entry) == TOKEN_DEAD) continue
    store64(array + (<usize>(next & (((<u32>1) << log) - 1)) << 3), entry)
    next++
  }
  // A scan between the two stores reads stale entries of the old array up to the new tail. B3: what it finds there is validated,
  // and if it finds nothing the array has changed.
  store32(board + TAIL, next)
  while (true) {
    const seen = boardHead(board)
    if (cas64(board + HEAD, seen, headOf(tail, array, log))) {
      heapFree(me, headArray(seen))
      return true
    }
  }
}

/** Takes everything off the board of a dead thread. Called by its reaper. */
export function boardClear(board: usize): void {
  const tail = boardTail(board)
  while (true) {
    const head = boardHead(board)
    if (cas64(board + HEAD, head, (head & ~(<u64>0xffffffff)) | tail)) return
  }
}
