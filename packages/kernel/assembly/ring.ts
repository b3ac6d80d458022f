// The sealed ring: a bounded first-in-first-out channel for any number of senders and receivers on any threads.
// Nothing is ever claimed but not yet published, so a thread may die between any two instructions and nobody
// else waits for it.
//
// n slots, n a power of two above the capacity. A slot is one word {stamp32, value32}, and
//
//   stamp = turn << 1 | sealed      turn = position + 1 of the value it holds, modulo 2^31
//
// For position p in slot p mod n the turn says: p + 1, filled; p + 1 - n, not filled yet; anything else, p is out
// of date. One compare-and-swap on the slot is the send; one on `head` is the receive; closing is a send of a
// seal, which nobody passes. All 2^32 values are legal.
//
// `tail` is a hint: the first position that may be unfilled. It lags behind by one for each sender that has filled
// its slot and not moved it yet, and whoever comes next helps. `headSeen` is a lower bound of `head` beside `tail`,
// so that a sender need not touch the receivers' cache line while there is room.
//
//   R1  the filled positions are exactly those before the true tail; `tail` never passes it
//   R2  a slot found unfilled at `tail` => `tail` is the true tail, and the channel is open, at that moment
//   R3  filling position p overwrites p - n, which has been received, as at most capacity < n are filled
//   R4  moving `head` from p succeeds => slot p was not overwritten since it was read
//   R5  a seal is never passed nor overwritten => sends and the close are totally ordered by their slots:
//       a send that succeeded precedes the seal and will be received
//
// Position arithmetic is modulo 2^32 (words are 64 bits wide, so they do not wrap in practice).
//
// After Nikolaev's NCQ (2019); the capacity test and the seal are ours. Model: models/ring.pml.
//
// When one side is faster than the other it runs into the cache lines that the other is writing, and both go at the pace of
// the cache. The faster side notices (CLOSE_LIMIT operations in a row that went through, but within CLOSE_BY of the other) and
// lets the other get away, for a few microseconds: temporal slipping, Giacomoni et al., "FastForward" (2008). It
// never does so in an operation that would block, nor where both sides are on one thread.
//
// Parking costs a wake-up by the other side, ten times what is waited for if that is at work on the ring right now. So whoever is
// about to park may look on for a moment before (ringAwait); whether that is worth it the caller has to know.

import { cas64, load64, store64 } from './atomics'
import { contentsFree } from './cells'
import { allocateWaitable, heapAllocate, heapFree } from './heap'
import { ANSWER, CLOSE, CLOSENESS, CONTENTS, HOLDERS, INBOX, INTEREST, KIND, KIND_RING, RECEIVE, REFS, SEND, threadAt } from './layout'
import { interestArm, interestDisarm, wakeAll, wakeOne } from './parking'
import { spin, spinBetweenLooks } from './spin'
import { CLOSED, OK, OK_SELF, WOULD_BLOCK } from './status'

const RING_HEAD: usize = 64
const RING_TAIL: usize = 128
const HEAD_SEEN: usize = 136
const CAPACITY: usize = 192
const MASK: usize = 196
const SLOTS_AT: usize = 200

const TURN_MASK: u32 = 0x7fffffff
const SEALED: u32 = 1

const CLOSE_BY: u64 = 8 // positions: a cache line of slots
const CLOSE_LIMIT: u32 = 16
const SLIP_LOOKS: u32 = 10
const SLIP_SPINS: u32 = 500 // about a microsecond each look
const ROOMY: u64 = 64 // smaller rings have no distance to keep
const MAX_DISTANCE: u64 = 256

// @ts-expect-error: decorator
@inline
function slotAt(ring: usize, position: u64, mask: u32): usize {
  return <usize>load<u32>(ring, SLOTS_AT) + (<usize>(<u32>position & mask) << 3)
}

/** How far a slot's turn is ahead of `position`: 1 = filled, 1 - n = not filled yet, modulo 2^31. */
// @ts-expect-error: decorator
@inline
function turnOf(slot: u64, position: u64): u32 {
  return (<u32>(slot >> 33) - <u32>position) & TURN_MASK
}

// @ts-expect-error: decorator
@inline
function filled(position: u64, value: u32, seal: u32): u64 {
  return (<u64>(((<u32>position + 1) << 1) | seal) << 32) | value
}

// @ts-expect-error: decorator
@inline
function isSealed(slot: u64): bool {
  return (<u32>(slot >> 32) & SEALED) != 0
}

/**
 * Makes an open, empty ring, held by the calling thread. `start` is added to the first position (tests begin just
 * below the wrap-around); `contents` says what its words own (cells.ts). Answers 0 when shared memory is used up.
 */
export function ringCreate(me: u32, capacity: u32, start: u32, contents: u32): usize {
  let n: u32 = 2
  while (n <= capacity) n <<= 1
  const ring = allocateWaitable(me)
  if (ring == 0) return 0
  const slots = heapAllocate(me, n << 3)
  if (slots == 0) {
    heapFree(me, ring)
    return 0
  }
  const first = <u64>(start & ~(n - 1)) + <u64>n
  for (let i: u32 = 0; i < n; i++) {
    store64(slots + (<usize>i << 3), filled(first + <u64>i - <u64>n, 0, 0)) // "filled one lap ago, and received"
  }
  store<u32>(ring, capacity, CAPACITY)
  store<u32>(ring, n - 1, MASK)
  store<u32>(ring, <u32>slots, SLOTS_AT)
  store<u32>(ring, contents, CONTENTS)
  store64(ring + RING_HEAD, first)
  store64(ring + RING_TAIL, first)
  store64(ring + HEAD_SEEN, first)
  store<u32>(ring, 1, REFS)
  store64(ring + HOLDERS, <u64>1 << me)
  store<u32>(ring, KIND_RING, KIND) // from here on a reaper that walks the waitables sees it
  return ring
}

/** The ring's slots, for whoever frees it. */
export function ringSlots(ring: usize): usize {
  return <usize>load<u32>(ring, SLOTS_AT)
}

/** How far the slipping side lets the other get away. */
// @ts-expect-error: decorator
@inline
function slipDistance(capacity: u64): u64 {
  return min(capacity >> 2, MAX_DISTANCE)
}

/** Counts an operation that came close to the other side. Answers whether it is time to slip. */
function countClose(me: u32, ring: usize, direction: u32): bool {
  const block = threadAt(me)
  const key = <u32>ring | direction
  const close = load<u32>(block, CLOSENESS) == key ? load<u32>(block, CLOSE) + 1 : 1
  store<u32>(block, key, CLOSENESS)
  store<u32>(block, close >= CLOSE_LIMIT ? 0 : close, CLOSE)
  return close >= CLOSE_LIMIT
}

/** Ends a row of close operations in `direction`: one has blocked, or this thread is on the other side too. */
// @ts-expect-error: decorator
@inline
function endClose(me: u32, ring: usize, direction: u32): void {
  const block = threadAt(me)
  if (load<u32>(block, CLOSENESS) == (<u32>ring | direction)) store<u32>(block, 0, CLOSE)
}

/** Waits a little for the receivers to make room behind `tail`. */
function slipSend(me: u32, ring: usize, tail: u64): void {
  const capacity = <u64>load<u32>(ring, CAPACITY)
  for (let looks: u32 = 0; looks < SLIP_LOOKS; looks++) {
    spin(me, SLIP_SPINS)
    if (tail - load64(ring + RING_HEAD) + slipDistance(capacity) <= capacity) return
  }
}

/** Waits a little for the senders to fill what comes after `head`. */
function slipReceive(me: u32, ring: usize, head: u64): void {
  const mask = load<u32>(ring, MASK)
  const far = head + slipDistance(<u64>load<u32>(ring, CAPACITY))
  for (let looks: u32 = 0; looks < SLIP_LOOKS; looks++) {
    spin(me, SLIP_SPINS)
    if (turnOf(load64(slotAt(ring, far, mask)), far) == 1) return
  }
}

/** Sends without waking anybody: OK, WOULD_BLOCK or CLOSED. */
export function enqueue(me: u32, ring: usize, value: u32): i32 {
  const capacity = <u64>load<u32>(ring, CAPACITY)
  const mask = load<u32>(ring, MASK)
  endClose(me, ring, RECEIVE)
  while (true) {
    const tail = load64(ring + RING_TAIL)
    const at = slotAt(ring, tail, mask)
    const seen = load64(at)
    const turn = turnOf(seen, tail)
    if (turn == 1) {
      if (isSealed(seen)) return CLOSED
      cas64(ring + RING_TAIL, tail, tail + 1) // help a sender that has filled its slot and not moved the tail
      continue
    }
    if (turn != ((0 - mask) & TURN_MASK)) continue // the tail was out of date
    if (tail - load64(ring + HEAD_SEEN) >= capacity) {
      const head = load64(ring + RING_HEAD)
      if (tail - head >= capacity) {
        endClose(me, ring, SEND)
        return WOULD_BLOCK
      }
      store64(ring + HEAD_SEEN, head)
      if (capacity >= ROOMY && tail - head + CLOSE_BY > capacity && countClose(me, ring, SEND)) slipSend(me, ring, tail)
    }
    // Publishes the value: from here on any receiver may take it.
    if (cas64(at, seen, filled(tail, value, 0))) {
      cas64(ring + RING_TAIL, tail, tail + 1)
      return OK
    }
  }
}

/** Takes the oldest value into the thread's answer word. */
function dequeue(me: u32, ring: usize): i32 {
  const mask = load<u32>(ring, MASK)
  endClose(me, ring, SEND)
  while (true) {
    const head = load64(ring + RING_HEAD)
    const seen = load64(slotAt(ring, head, mask))
    const turn = turnOf(seen, head)
    if (turn == 1) {
      if (isSealed(seen)) return CLOSED
      if (cas64(ring + RING_HEAD, head, head + 1)) {
        store<u32>(threadAt(me), <u32>seen, ANSWER) // the value is this thread's alone now
        const next = head + 1
        if (<u64>mask >= ROOMY && turnOf(load64(slotAt(ring, next, mask)), next) != 1 && countClose(me, ring, RECEIVE)) {
          slipReceive(me, ring, head)
        }
        return OK
      }
    } else if (turn == ((0 - mask) & TURN_MASK)) {
      endClose(me, ring, RECEIVE)
      return WOULD_BLOCK
    }
  }
}

/** The position of the oldest value, for one who takes it in two steps (`ringValueAt`, `ringAdvance`). */
export function ringHead(ring: usize): u64 {
  return load64(ring + RING_HEAD)
}

/** The value at a position that was the head's: itself, -1 if there is none yet, -2 if the head has moved on. */
export function ringValueAt(ring: usize, position: u64): i64 {
  const mask = load<u32>(ring, MASK)
  const seen = load64(slotAt(ring, position, mask))
  const turn = turnOf(seen, position)
  if (turn == 1) return isSealed(seen) ? -1 : <i64>(<u32>seen)
  return turn == ((0 - mask) & TURN_MASK) ? -1 : -2
}

/** Takes the value at `position` out, if it is still the head's: whoever has read it there may do it. */
export function ringAdvance(me: u32, ring: usize, position: u64): i32 {
  if (!cas64(ring + RING_HEAD, position, position + 1)) return WOULD_BLOCK
  return load64(ring + INTEREST + 8) == 0 ? OK : wakeOne(me, ring, SEND)
}

/** Sends `value`. OK, OK_SELF (the caller's own receivers may go on), WOULD_BLOCK or CLOSED. Never waits. */
export function ringSend(me: u32, ring: usize, value: u32): i32 {
  const status = enqueue(me, ring, value)
  if (status != OK || load64(ring + INTEREST) == 0) return status
  return wakeOne(me, ring, RECEIVE)
}

/** Receives into the answer word. OK, OK_SELF (the caller's own senders may go on), WOULD_BLOCK or CLOSED. */
export function ringReceive(me: u32, ring: usize): i32 {
  const status = dequeue(me, ring)
  if (status != OK || load64(ring + INTEREST + 8) == 0) return status
  return wakeOne(me, ring, SEND)
}

/**
 * Receives up to `max` values into the thread's inbox (which has room for 3970), all with one move of the head. Answers how many
 * in the answer word; the status as ringReceive.
 */
export function ringReceiveMany(me: u32, ring: usize, max: u32): i32 {
  const mask = load<u32>(ring, MASK)
  const out = <usize>load<u32>(threadAt(me), INBOX)
  while (true) {
    const head = load64(ring + RING_HEAD)
    let count: u32 = 0
    let turn: u32 = 0
    let sealed = false
    for (; count < max; count++) {
      const position = head + <u64>count
      const seen = load64(slotAt(ring, position, mask))
      turn = turnOf(seen, position)
      sealed = turn == 1 && isSealed(seen)
      if (turn != 1 || sealed) break
      store<u32>(out + (<usize>count << 2), <u32>seen)
    }
    if (count == 0) {
      if (sealed) return CLOSED
      if (turn == ((0 - mask) & TURN_MASK)) {
        endClose(me, ring, RECEIVE)
        return WOULD_BLOCK
      }
      continue // the head was out of date
    }
    // R4 for all of them: the head has not moved, so none of these slots was overwritten. They are this thread's alone now.
    if (cas64(ring + RING_HEAD, head, head + <u64>count)) {
      store<u32>(threadAt(me), count, ANSWER)
      if (<u64>mask >= ROOMY && <u64>count < CLOSE_BY && count < max && countClose(me, ring, RECEIVE)) {
        slipReceive(me, ring, head + <u64>count)
      }
      // One sender is woken for all that have room now: it passes the baton on as long as there is some.
      return load64(ring + INTEREST + 8) == 0 ? OK : wakeOne(me, ring, SEND)
    }
  }
}

/** Seals the ring and wakes everybody. OK, OK_SELF, or CLOSED if it was sealed already. */
export function ringClose(me: u32, ring: usize): i32 {
  const mask = load<u32>(ring, MASK)
  while (true) {
    const tail = load64(ring + RING_TAIL)
    const at = slotAt(ring, tail, mask)
    const seen = load64(at)
    const turn = turnOf(seen, tail)
    if (turn == 1) {
      if (isSealed(seen)) return CLOSED
      cas64(ring + RING_TAIL, tail, tail + 1)
    } else if (turn == ((0 - mask) & TURN_MASK) && cas64(at, seen, filled(tail, 0, SEALED))) {
      // No capacity test: there is a slot more than the capacity, so the seal always has one.
      const receivers = wakeAll(me, ring, RECEIVE)
      const senders = wakeAll(me, ring, SEND)
      return receivers == OK_SELF || senders == OK_SELF ? OK_SELF : OK
    }
  }
}

/** Whether a receive would not wait: a value is there, or the ring is closed and drained. */
export function ringCanReceive(ring: usize): bool {
  const mask = load<u32>(ring, MASK)
  while (true) {
    const head = load64(ring + RING_HEAD)
    const turn = turnOf(load64(slotAt(ring, head, mask)), head)
    if (turn == 1) return true
    if (turn == ((0 - mask) & TURN_MASK)) return false
  }
}

/** Whether a send would not wait: there is room, or the ring is closed (and the send fails). */
export function ringCanSend(ring: usize): bool {
  const capacity = <u64>load<u32>(ring, CAPACITY)
  const mask = load<u32>(ring, MASK)
  while (true) {
    const tail = load64(ring + RING_TAIL)
    const seen = load64(slotAt(ring, tail, mask))
    const turn = turnOf(seen, tail)
    if (turn == 1) {
      if (isSealed(seen)) return true
      cas64(ring + RING_TAIL, tail, tail + 1)
    } else if (turn == ((0 - mask) & TURN_MASK)) {
      return tail - load64(ring + RING_HEAD) < capacity
    }
  }
}

/**
 * Looks so many times whether an operation that would wait need not any more. Answers how many looks were left then, at least 1; 0 if it
 * still would. With `slips` it also lets the other side get away, so as not to wait again for the next value, if there is distance to keep.
 */
export function ringAwait(me: u32, ring: usize, direction: u32, looks: u32, slips: bool): u32 {
  for (; looks > 0; looks--) {
    if (direction == RECEIVE ? ringCanReceive(ring) : ringCanSend(ring)) {
      if (!slips || load<u32>(ring, MASK) < <u32>ROOMY) return looks
      if (direction == RECEIVE) slipReceive(me, ring, load64(ring + RING_HEAD))
      else slipSend(me, ring, load64(ring + RING_TAIL))
      return looks
    }
    spinBetweenLooks(me)
  }
  return 0
}

/**
 * Parks on the ring: sets the thread's ticket and looks once more. Answers true if the operation can go on after
 * all (the ticket stays: it costs one spurious look).
 */
export function ringPark(me: u32, ring: usize, direction: u32): bool {
  interestArm(me, ring, direction)
  return direction == RECEIVE ? ringCanReceive(ring) : ringCanSend(ring)
}

/** Passes a baton on: wakes another thread's waiter if the ring is ready. OK_SELF if the only ticket is the caller's. */
export function ringPassBaton(me: u32, ring: usize, direction: u32): i32 {
  const ready = direction == RECEIVE ? ringCanReceive(ring) : ringCanSend(ring)
  return ready ? wakeOne(me, ring, direction) : OK
}

/**
 * Leaves the ring, when the thread's last waiter for this direction is gone: takes the ticket back, and passes the
 * baton on if it was claimed meanwhile.
 */
export function ringUnpark(me: u32, ring: usize, direction: u32): void {
  if (!interestDisarm(me, ring, direction)) ringPassBaton(me, ring, direction)
}

/** Values in the ring, 0 to its capacity. A snapshot: others may be changing it. */
export function ringLength(ring: usize): u32 {
  const head = load64(ring + RING_HEAD)
  const tail = load64(ring + RING_TAIL)
  const length = <i64>(tail - head)
  const capacity = <i64>load<u32>(ring, CAPACITY)
  return <u32>(length < 0 ? 0 : length > capacity ? capacity : length)
}

/** How many values were ever sent and received, together; modulo 2^53. Stands still only while nothing moves. */
export function ringMoves(ring: usize): f64 {
  return <f64>((load64(ring + RING_HEAD) + load64(ring + RING_TAIL)) & 0x1fffffffffffff)
}

export function ringCapacity(ring: usize): u32 {
  return load<u32>(ring, CAPACITY)
}

/** Whether the ring has been closed; values may still be in it. */
export function ringClosed(ring: usize): bool {
  const mask = load<u32>(ring, MASK)
  while (true) {
    const tail = load64(ring + RING_TAIL)
    const seen = load64(slotAt(ring, tail, mask))
    const turn = turnOf(seen, tail)
    if (turn == 1) {
      if (isSealed(seen)) return true
      cas64(ring + RING_TAIL, tail, tail + 1)
    } else if (turn == ((0 - mask) & TURN_MASK)) return false
  }
}

/** Frees what is still in a ring that nobody can reach any more. The caller sees to the doomed afterwards. */
export function ringEmpty(me: u32, ring: usize): void {
  const contents = load<u32>(ring, CONTENTS)
  while (dequeue(me, ring) == OK) contentsFree(me, contents, load<u32>(threadAt(me), ANSWER))
}
