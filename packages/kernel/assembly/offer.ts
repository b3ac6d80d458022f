// An operation on an unbuffered channel that finds nobody there may lay down an offer before it parks: one word of the channel, by
// which another thread can commit it, while its own thread stands still for some microseconds and looks. A rendezvous of two threads
// that are both at it so costs this one cache line, there and back, instead of a board, a token and a mailbox.
//
//   192      offer    u64   {value 32, thread 6 at bit 3, state 2, direction 1}
//
//   NONE --owner--> LAID --another thread--> TAKEN --owner--> NONE
//                   LAID --owner: withdrawn--> NONE
//
//   O1  LAID or TAKEN  =>  the thread in the word is in `offerWait`, or has died there: whatever comes next is its own to do
//   O2  the value is what a send offers, and with TAKEN what a receive was given: it goes with the word, so that whoever reads one has
//       read the other, and there is no A-B-A: a word that is the same again means the same
//   O3  who has laid an offer down is not parked: nobody owes it a wake-up, and it looks for parked counterparts once it parks
//
// Cf. Scherer, Lea and Scott, "A Scalable Elimination-based Exchange Channel" (2005).
//
// Model: models/offer.pml.

import { cas64, load64, store64 } from './atomics'
import { contentsFree } from './cells'
import { ANSWER, CONTENTS, INBOX, SEND, threadAt } from './layout'
import { spinBetweenLooks } from './spin'

const OFFER: usize = 192

const NONE: u64 = 0
const LAID: u64 = 2
const TAKEN: u64 = 4
const STATE_MASK: u64 = 6
const THREAD_SHIFT: u64 = 3

// @ts-expect-error: decorator
@inline
function offerOf(thread: u32, state: u64, direction: u32, value: u32): u64 {
  return ((<u64>value) << 32) | ((<u64>thread) << THREAD_SHIFT) | state | <u64>direction
}

// @ts-expect-error: decorator
@inline
function isLaid(offer: u64, direction: u32): bool {
  return (offer & (STATE_MASK | 1)) == (LAID | <u64>direction)
}

// @ts-expect-error: decorator
@inline
function threadOf(offer: u64): u32 {
  return <u32>(offer >> THREAD_SHIFT) & 63
}

/** Whether an operation of `direction` is offered. */
export function offerIsLaid(channel: usize, direction: u32): bool {
  return isLaid(load64(channel + OFFER), direction)
}

/** Commits the operation of `direction` that is offered, if one is: it gets `value`, if it receives; what it sends is the answer. */
export function offerTake(me: u32, channel: usize, direction: u32, value: u32): bool {
  const seen = load64(channel + OFFER)
  if (!isLaid(seen, direction)) return false
  const given = direction == SEND ? <u32>(seen >> 32) : value
  if (!cas64(channel + OFFER, seen, offerOf(threadOf(seen), TAKEN, direction, given))) return false
  store<u32>(threadAt(me), given, ANSWER)
  return true
}

/**
 * Offers the caller's operation of `direction`, which sends `value`, and takes what is offered to it meanwhile, looking so many times; or
 * until a counterpart is offered at one of `others` places ({channel | direction}) in the caller's inbox, the other cases of a select: two
 * that are offered on different channels would else wait for each other in vain.
 * Answers how many looks were left when it was committed, at least 1, with what it received in the answer word; 0 if it was not.
 */
export function offerWait(me: u32, channel: usize, direction: u32, value: u32, looks: u32, others: u32): u32 {
  const mine = offerOf(me, LAID, direction, value)
  let laid = false
  for (; looks > 0; looks--) {
    const seen = load64(channel + OFFER)
    if (laid) {
      if (seen != mine) {
        offerEnd(me, channel)
        return looks
      }
    } else if (seen == NONE) {
      laid = cas64(channel + OFFER, NONE, mine)
    } else if (offerTake(me, channel, direction ^ 1, value)) return looks
    if (isAwaited(me, others)) break
    spinBetweenLooks(me)
  }
  if (!laid || cas64(channel + OFFER, mine, NONE)) return 0
  offerEnd(me, channel)
  return 1
}

/** Whether a senior thread offers a counterpart at one of so many places in the caller's inbox: of two that see each other, one stays. */
function isAwaited(me: u32, count: u32): bool {
  const places = <usize>load<u32>(threadAt(me), INBOX)
  for (let i: u32 = 0; i < count; i++) {
    const place = load<u32>(places + (<usize>i << 2))
    const seen = load64(<usize>(place & ~1) + OFFER)
    if (isLaid(seen, (place & 1) ^ 1) && threadOf(seen) < me) return true
  }
  return false
}

/** The caller's offer has been taken: makes room for the next. */
function offerEnd(me: u32, channel: usize): void {
  store<u32>(threadAt(me), <u32>(load64(channel + OFFER) >> 32), ANSWER)
  store64(channel + OFFER, NONE)
}

/** Takes back what a dead thread has offered, or was given. Called by its reaper, who sees to the doomed afterwards. */
export function offerReap(me: u32, channel: usize, dead: u32): void {
  while (true) {
    const seen = load64(channel + OFFER)
    if (seen == NONE || threadOf(seen) != dead) return
    // Nobody changes a word that is TAKEN, its owner being dead; one that is LAID may be taken just now.
    if (!cas64(channel + OFFER, seen, NONE)) continue
    const owned = isLaid(seen, SEND) || (seen & (STATE_MASK | 1)) == TAKEN
    if (owned) contentsFree(me, load<u32>(channel, CONTENTS), <u32>(seen >> 32))
    return
  }
}
