// A token stands for one parked operation that has cases on unbuffered channels. Whoever moves its word from OPEN to
// TAKEN, with one compare-and-swap, has committed the operation, whichever thread it is parked on.
//
//   12       owner      u32   1 + the thread whose operation it is; 0 = the block is free
//   16       word       u64   below
//   24       version    u32   of the next post; survives the block's re-use (22 bits)
//   28       count      u32   cases
//   32       case[k]    {channel | direction u32, value u32}; the value is a word that a send case owns
//
//   state    bits 0-1   the rest
//   FREE     0          0                            not posted, or consumed
//   OPEN     1          version 2-23                 anybody may commit it
//   TAKEN    2          case 2-23, value 32-63       committed; the value is what a receive case got
//   BUSY     3          version 2-23                 its owner is at it, and nobody else may commit it
//
// FREE --owner--> BUSY(v) <--owner--> OPEN(v) --anybody--> TAKEN --owner--> FREE. Leaving OPEN(v) and BUSY(v) is final: v is
// "dead" then. Blocks of these classes are never used for anything else, so a reader that comes too late reads a
// well-formed word, and its compare-and-swap fails; 2^22 posts of one token would have to pass during one stall to fool it.
//
// Model: models/rendezvous.pml.

import { cas64, load64, reachable, store64 } from './atomics'
import { contentsFree } from './cells'
import { allocateToken, heapFree, isTokenBlock } from './heap'
import { ANSWER, CONTENTS, RECEIVE, SEND, threadAt } from './layout'

export const TOKEN_OWNER: usize = 12
/** All tokens begin at multiples of this. */
export const TOKEN_STEP: usize = 64
const WORD: usize = 16
const VERSION: usize = 24
const COUNT: usize = 28
const CASES: usize = 32

const FREE: u64 = 0
const OPEN: u64 = 1
const TAKEN: u64 = 2
const STATE_MASK: u64 = 3
const BUSY: u64 = 3
const VERSION_MASK: u32 = 0x3fffff

const NOT_TAKEN: i32 = -1

/** Bytes of a token with so many cases. */
export function tokenBytes(cases: u32): u32 {
  return <u32>CASES + (cases << 3)
}

/** Makes a BUSY token for an operation of thread `me`. 0 when shared memory is used up. */
export function tokenCreate(me: u32, cases: u32): usize {
  const token = allocateToken(me, tokenBytes(cases))
  if (token == 0) return 0
  store<u32>(token, cases, COUNT)
  store64(token + WORD, ((<u64>load<u32>(token, VERSION)) << 2) | BUSY)
  store<u32>(token, me + 1, TOKEN_OWNER)
  return token
}

/** Says what case `index` is: in `direction` on `channel`, with the word that a send case sends. */
export function tokenCase(token: usize, index: u32, channel: usize, direction: u32, value: u32): void {
  const at = token + CASES + (<usize>index << 3)
  store<u32>(at, <u32>channel | direction)
  store<u32>(at, value, 4)
}

// @ts-expect-error: decorator
@inline
export function tokenCount(token: usize): u32 {
  return load<u32>(token, COUNT)
}

// @ts-expect-error: decorator
@inline
export function tokenVersion(token: usize): u32 {
  return load<u32>(token, VERSION)
}

/** {channel | direction} of a case. */
// @ts-expect-error: decorator
@inline
export function tokenPlace(token: usize, index: u32): u32 {
  return load<u32>(token + CASES + (<usize>index << 3))
}

// @ts-expect-error: decorator
@inline
export function tokenValue(token: usize, index: u32): u32 {
  return load<u32>(token + CASES + (<usize>index << 3), 4)
}

/** The owner lets others commit the operation (again). It must look at all its cases afterwards. */
// @ts-expect-error: decorator
@inline
export function tokenSetOpen(token: usize): void {
  store64(token + WORD, ((<u64>tokenVersion(token)) << 2) | OPEN)
}

/** The owner keeps others from committing the operation. False: somebody has just done it. */
export function tokenHold(token: usize): bool {
  const version = (<u64>tokenVersion(token)) << 2
  return cas64(token + WORD, version | OPEN, version | BUSY)
}

/** What a scan makes of an entry's token. */
export const TOKEN_DEAD: u32 = 0
export const TOKEN_BUSY: u32 = 1
export const TOKEN_OPEN: u32 = 2

/** The state of the post that `token` and `version` name; dead also if there never was one (a stale entry). */
export function tokenState(token: usize, version: u32): u32 {
  if (!isTokenBlock(token)) return TOKEN_DEAD
  reachable(token)
  const word = load64(token + WORD)
  if (<u32>(word >> 2) != version) return TOKEN_DEAD
  const state = word & STATE_MASK
  return state == OPEN ? TOKEN_OPEN : state == BUSY ? TOKEN_BUSY : TOKEN_DEAD
}

/** Commits case `index` of the operation, which gets `value`. Publishes both to the owner. False: it is not open any more. */
export function tokenTake(token: usize, version: u32, index: u32, value: u32): bool {
  return cas64(token + WORD, ((<u64>version) << 2) | OPEN, ((<u64>value) << 32) | ((<u64>index) << 2) | TAKEN)
}

/** Which case somebody has committed, with what it received in the answer word; -1 = none yet. */
export function tokenTaken(me: u32, token: usize): i32 {
  const word = load64(token + WORD)
  if ((word & STATE_MASK) != TAKEN) return NOT_TAKEN
  store<u32>(threadAt(me), <u32>(word >> 32), ANSWER)
  return <i32>((<u32>word) >> 2)
}

/**
 * Gives a token back that is BUSY or TAKEN. The words of its send cases are the caller's again, from here on and not before:
 * a reaper must not find words that have been freed already.
 */
export function tokenFree(me: u32, token: usize): void {
  store64(token + WORD, FREE)
  store<u32>(token, (tokenVersion(token) + 1) & VERSION_MASK, VERSION)
  store<u32>(token, 0, TOKEN_OWNER)
  heapFree(me, token)
}

/**
 * Takes back what a dead thread has posted, and what had been handed to it. Called by its reaper. Of an operation that was BUSY, or
 * just being freed, nobody can tell whose its words are: they are leaked, one operation's at most for each death.
 */
export function tokenReap(me: u32, token: usize): void {
  let taken = tokenTaken(me, token)
  if (taken == NOT_TAKEN && tokenHold(token)) {
    freeSent(me, token, NOT_TAKEN)
  } else {
    taken = tokenTaken(me, token) // somebody may have been quicker than our hold
    if (taken != NOT_TAKEN) {
      freeSent(me, token, taken)
      if ((tokenPlace(token, <u32>taken) & 1) == RECEIVE) freeWord(me, token, <u32>taken, load<u32>(threadAt(me), ANSWER))
    }
  }
  tokenFree(me, token)
}

/** Frees the words of the send cases but one. */
function freeSent(me: u32, token: usize, except: i32): void {
  for (let i: u32 = 0; i < tokenCount(token); i++) {
    if (<i32>i != except && (tokenPlace(token, i) & 1) == SEND) freeWord(me, token, i, tokenValue(token, i))
  }
}

/** Frees a word of the channel that a case is on: the dead thread still holds that. The caller sees to the doomed afterwards. */
function freeWord(me: u32, token: usize, index: u32, word: u32): void {
  contentsFree(me, load<u32>(<usize>(tokenPlace(token, index) & ~1), CONTENTS), word)
}
