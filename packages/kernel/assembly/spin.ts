// Standing still for a moment: whoever looked again at once would take the cache line from another thread that is about to change it.

import { SPUN, threadAt } from './layout'

/** Computes for `rounds` of some two nanoseconds each, and touches no memory that others use. */
export function spin(me: u32, rounds: u32): void {
  let x = load<u32>(threadAt(me), SPUN) | 1
  for (; rounds > 0; rounds--) {
    x ^= x << 13
    x ^= x >> 17
    x ^= x << 5
  }
  store<u32>(threadAt(me), x, SPUN) // or a compiler would leave it all out
}

const ROUNDS: u32 = 17

/** Stands still between two looks of somebody who is about to park: a look and this are some 45 nanoseconds. */
// @ts-expect-error: decorator
@inline
export function spinBetweenLooks(me: u32): void {
  spin(me, ROUNDS)
}
