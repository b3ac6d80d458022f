// An unbuffered channel that several threads know. Its parked operations are named on boards, one per thread and
// direction; a value goes straight from one operation to the other, never through the channel.
//
//   64       closed     u32   1 = closed
//   72       boards     u32   a table: the board of thread t for direction d at 4 * (64 * d + t), 0 = none yet
//   128      posts      u32   goes up whenever an operation becomes open here: apart from what all read and few write
//   192      offer      u64   an operation that is not parked yet (offer.ts)
//
// The interest words are presence bits here: set by the thread itself when it first posts, cleared when it lets go of the channel.
//
//   claim   An operation that is not posted, or BUSY, takes an open counterpart: one compare-and-swap on its token commits both.
//           Nobody can commit the claimer meanwhile, so each operation is committed once.
//   look    An operation that has just been opened looks whether a counterpart is open too. If that is of a senior thread (a
//           smaller number), it holds itself back (BUSY) and claims. If it is of a junior one, that thread is poked, and will look
//           itself. Whichever of the two was opened last sees the other (Dekker), so a match never stays parked; and of two
//           that see each other exactly one gives way, so they do not chase each other.
//
// A claim, or a try, may miss a counterpart that is BUSY: awake, and looking at its own cases, for some hundred nanoseconds.
// It looks again BUSY_LOOKS times before it gives up; as the counterpart, opened again, looks itself, no match is lost.
//
// Closing linearises at the store of `closed`; a rendezvous of two operations that had both begun before may commit after
// it, and counts as having come just before.
//
// Models: models/rendezvous.pml, offer.pml, threads.pml. Cf. Reppy, Russo and Xiao, "Parallel Concurrent ML" (2009).

import { add32, and64, cas32, load32, load64, or64, reachable, store32 } from './atomics'
import {
  boardClear,
  boardCreate,
  boardEntry,
  boardFree,
  boardHead,
  boardPush,
  boardTail,
  boardTrim,
  boardUnchanged,
  entryCase,
  entryState,
  entryToken,
  entryVersion,
  headPosition,
} from './board'
import { allocateWaitable, heapAllocate, heapFree } from './heap'
import {
  ANSWER,
  CLAIMED,
  CONTENTS,
  HOLDERS,
  INTEREST,
  KIND,
  KIND_RENDEZVOUS,
  MAX_THREADS,
  MISSED,
  RECEIVE,
  REFS,
  SEND,
  threadAt,
} from './layout'
import { offerIsLaid, offerReap, offerTake } from './offer'
import { poke } from './parking'
import { CLOSED, OK, OK_SELF, WOULD_BLOCK } from './status'
import {
  TOKEN_BUSY,
  TOKEN_DEAD,
  TOKEN_OPEN,
  tokenCount,
  tokenPlace,
  tokenSetOpen,
  tokenTake,
  tokenValue,
  tokenVersion,
} from './token'

const CLOSED_AT: usize = 64
const BOARDS: usize = 72
const POSTS: usize = 128
const TABLE_BYTES: u32 = 512
const BUSY_LOOKS: u32 = 64

/** Makes an open unbuffered channel, held by the calling thread, whose values own what `contents` says (cells.ts). 0 when shared memory is used up. */
export function rendezvousCreate(me: u32, contents: u32): usize {
  const channel = allocateWaitable(me)
  if (channel == 0) return 0
  const table = heapAllocate(me, TABLE_BYTES)
  if (table == 0) {
    heapFree(me, channel)
    return 0
  }
  memory.fill(table, 0, TABLE_BYTES)
  store<u32>(channel, <u32>table, BOARDS)
  store<u32>(channel, contents, CONTENTS)
  store<u32>(channel, 1, REFS)
  store<u64>(channel, <u64>1 << me, HOLDERS)
  store<u32>(channel, KIND_RENDEZVOUS, KIND)
  return channel
}

/** Gives the boards of a channel back that nobody can reach any more. */
export function rendezvousFreeBoards(me: u32, channel: usize): void {
  const table = <usize>load<u32>(channel, BOARDS)
  for (let i: usize = 0; i < TABLE_BYTES; i += 4) {
    const board = <usize>load32(table + i)
    if (board != 0) boardFree(me, board)
  }
  heapFree(me, table)
}

/** Takes a dead thread's operations off the channel. Called by its reaper. */
export function rendezvousClear(me: u32, channel: usize, dead: u32): void {
  offerReap(me, channel, dead)
  for (let direction = RECEIVE; direction <= SEND; direction++) {
    const board = boardOf(channel, direction, dead)
    if (board != 0) boardClear(board)
  }
}

// @ts-expect-error: decorator
@inline
function tableEntry(channel: usize, direction: u32, thread: u32): usize {
  return reachable(<usize>load<u32>(channel, BOARDS)) + (<usize>((direction << 6) | thread) << 2)
}

// @ts-expect-error: decorator
@inline
function boardOf(channel: usize, direction: u32, thread: u32): usize {
  return reachable(<usize>load32(tableEntry(channel, direction, thread)))
}

// @ts-expect-error: decorator
@inline
function presence(channel: usize, direction: u32): usize {
  return channel + INTEREST + (<usize>direction << 3)
}

/**
 * Puts every case of a BUSY token on its channel's board. False when shared memory is used up: what has been posted dies with the
 * token.
 */
export function tokenPost(me: u32, token: usize): bool {
  const version = tokenVersion(token)
  for (let i: u32 = 0; i < tokenCount(token); i++) {
    const place = tokenPlace(token, i)
    const direction = place & 1
    const channel = <usize>(place ^ direction)
    let board = boardOf(channel, direction, me)
    if (board == 0) {
      board = boardCreate(me)
      if (board == 0) return false
      store32(tableEntry(channel, direction, me), <u32>board)
    }
    if (!boardPush(me, board, token, version, i)) return false
    const bit = <u64>1 << me
    if ((load64(presence(channel, direction)) & bit) == 0) or64(presence(channel, direction), bit)
  }
  return true
}

/** Lets others commit the operation. The caller then looks at each of its cases (rendezvousLook). */
export function tokenOpen(token: usize): void {
  tokenSetOpen(token)
  for (let i: u32 = 0; i < tokenCount(token); i++) add32(<usize>(tokenPlace(token, i) & ~1) + POSTS, 1)
}

/** A thread that has no operation on the channel lets go of it. Until then its presence bits stay: an empty board costs three loads. */
export function rendezvousLeave(channel: usize, thread: u32): void {
  const bit = <u64>1 << thread
  if (load64(presence(channel, RECEIVE)) & bit) and64(presence(channel, RECEIVE), ~bit)
  if (load64(presence(channel, SEND)) & bit) and64(presence(channel, SEND), ~bit)
}

/**
 * Takes an open operation of `direction` on the channel, handing it `value` if it receives. OK, or OK_SELF if it was of the calling
 * thread; the answer word is what a send case sent, the claimed word its token. Else WOULD_BLOCK.
 */
function claim(me: u32, channel: usize, direction: u32, value: u32): i32 {
  for (let looks: u32 = 0; looks < BUSY_LOOKS; looks++) {
    let busy = false
    let present = rotr<u64>(load64(presence(channel, direction)), <u64>me)
    while (present != 0) {
      const thread = (<u32>ctz(present) + me) & 63
      present &= present - 1
      const found = claimOn(me, channel, direction, thread, value)
      if (found == TOKEN_OPEN) return thread == me ? OK_SELF : OK
      if (found == TOKEN_BUSY) busy = true
    }
    if (offerTake(me, channel, direction, value)) return OK
    if (!busy) return WOULD_BLOCK
  }
  const block = threadAt(me)
  store<u32>(block, load<u32>(block, MISSED) + 1, MISSED)
  return WOULD_BLOCK
}

/** The part of `claim` on one thread's board. TOKEN_OPEN: claimed; TOKEN_BUSY: only busy ones are there; TOKEN_DEAD: none. */
function claimOn(me: u32, channel: usize, direction: u32, thread: u32, value: u32): u32 {
  const board = boardOf(channel, direction, thread)
  if (board == 0) return TOKEN_DEAD
  while (true) {
    let best = TOKEN_DEAD
    const begin = boardHead(board)
    const tail = boardTail(board)
    let head = begin
    for (let at = headPosition(begin); at != tail; at++) {
      const entry = boardEntry(begin, at)
      const state = entryState(entry)
      if (state == TOKEN_OPEN) {
        const token = entryToken(entry)
        const index = entryCase(entry)
        if (index < tokenCount(token) && tokenPlace(token, index) == (<u32>channel | direction)) {
          const sent = tokenValue(token, index)
          // Commits both operations; publishes the value to a receiver.
          if (tokenTake(token, entryVersion(entry), index, direction == RECEIVE ? value : 0)) {
            if (thread != me) poke(thread, token)
            store<u32>(threadAt(me), sent, ANSWER)
            store<u32>(threadAt(me), <u32>token, CLAIMED)
            return TOKEN_OPEN
          }
          best = TOKEN_BUSY // or gone: another look tells
          break
        }
      } else if (state == TOKEN_BUSY) {
        best = TOKEN_BUSY
        // Those behind it may not overtake it. What is busy on the own board is what claims here.
        if (thread != me) break
      } else if (at == headPosition(head)) {
        boardTrim(board, head)
        head = boardHead(board)
      }
    }
    if (boardUnchanged(board, begin, tail)) return best
  }
}

/** Sends `value` to a receiver that waits: OK, OK_SELF (it is of this thread: the claimed word), WOULD_BLOCK or CLOSED. */
export function rendezvousSend(me: u32, channel: usize, value: u32): i32 {
  return load32(channel, CLOSED_AT) != 0 ? CLOSED : claim(me, channel, RECEIVE, value)
}

/** Receives from a sender that waits, into the answer word: OK, OK_SELF, WOULD_BLOCK or CLOSED. */
export function rendezvousReceive(me: u32, channel: usize): i32 {
  return load32(channel, CLOSED_AT) != 0 ? CLOSED : claim(me, channel, SEND, 0)
}

/** What a look at one thread's board finds for an operation: an open entry of another token. */
function isOpenOn(channel: usize, direction: u32, thread: u32, self: usize): bool {
  const board = boardOf(channel, direction, thread)
  if (board == 0) return false
  while (true) {
    const head = boardHead(board)
    const tail = boardTail(board)
    for (let at = headPosition(head); at != tail; at++) {
      const entry = boardEntry(head, at)
      const token = entryToken(entry)
      if (token == self || entryState(entry) != TOKEN_OPEN) continue
      const index = entryCase(entry)
      if (index < tokenCount(token) && tokenPlace(token, index) == (<u32>channel | direction)) return true
    }
    if (boardUnchanged(board, head, tail)) return false
  }
}

/**
 * Looks for case `index` of a token of this thread, just opened, whether it should be held and polled again: the channel is closed, or
 * a counterpart is open on this thread or a senior one. Junior threads that have one are told to look.
 */
export function rendezvousLook(me: u32, token: usize, index: u32): bool {
  const place = tokenPlace(token, index)
  const channel = <usize>(place & ~1)
  const opposite = (place & 1) ^ 1
  if (load32(channel, CLOSED_AT) != 0 || offerIsLaid(channel, opposite)) return true
  let present = load64(presence(channel, opposite))
  while (present != 0) {
    const thread = <u32>ctz(present)
    present &= present - 1
    if (!isOpenOn(channel, opposite, thread, token)) continue
    if (thread <= me) return true
    poke(thread, channel)
  }
  return false
}

/** Whether an operation in `direction` would not wait: a counterpart is open, or the channel is closed. */
export function rendezvousReady(channel: usize, direction: u32): bool {
  if (load32(channel, CLOSED_AT) != 0 || offerIsLaid(channel, direction ^ 1)) return true
  let present = load64(presence(channel, direction ^ 1))
  while (present != 0) {
    const thread = <u32>ctz(present)
    present &= present - 1
    if (isOpenOn(channel, direction ^ 1, thread, 0)) return true
  }
  return false
}

/** Closes the channel and tells every thread that waits there: OK, or CLOSED if it was closed already. */
export function rendezvousClose(me: u32, channel: usize): i32 {
  if (!cas32(channel + CLOSED_AT, 0, 1)) return CLOSED
  for (let direction = RECEIVE; direction <= SEND; direction++) {
    const present = load64(presence(channel, direction))
    for (let thread: u32 = 0; thread < MAX_THREADS; thread++) {
      if (thread != me && (present & (<u64>1 << thread)) != 0) poke(thread, channel)
    }
  }
  return OK
}

export function rendezvousClosed(channel: usize): bool {
  return load32(channel, CLOSED_AT) != 0
}

/**
 * Goes up with every operation that becomes open here: what was not ready at two equal counts was not ready between them. An offer does
 * not count: its operation has not answered its caller yet, so nobody can tell it from one that begins when the offer is taken.
 */
export function rendezvousPosts(channel: usize): u32 {
  return load32(channel, POSTS)
}
