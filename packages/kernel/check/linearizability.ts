// Could the operations, as they overlapped in time, have happened one after the other in some order, each at a moment between
// its beginning and its end, with these outcomes? Tried by brute force: histories here have a dozen operations at most.
//
// After Wing and Gong, "Testing and Verifying Concurrent Objects" (1993).

import type { Outcome } from './program.js'

/** What the object does when nothing happens at the same time. */
export interface Specification<S> {
  readonly initial: S
  /**
   * The states that the object may be in after `name(value)` has answered `outcome`; none if it cannot answer that. An
   * `outcome` of undefined: it may have answered anything.
   */
  apply(state: S, name: string, value: Outcome | undefined, outcome: Outcome | undefined): readonly S[]
}

export interface Happened {
  readonly name: string
  readonly value: Outcome | undefined
  /** undefined: its thread died in it, so it has happened, or not, and nobody knows what it answered. */
  readonly outcome: Outcome | undefined
  /** Its own bit, and those of the operations that had ended before it began. */
  readonly bit: number
  readonly before: number
}

export function isLinearizable<S>(specification: Specification<S>, history: readonly Happened[]): boolean {
  const all = history.reduce((bits, { outcome, bit }) => (outcome === undefined ? bits : bits | bit), 0)
  const refuted = new Set<string>()
  const search = (state: S, done: number): boolean => {
    if ((done & all) === all) return true
    const key = `${done} ${JSON.stringify(state)}`
    if (refuted.has(key)) return false
    for (const { name, value, outcome, bit, before } of history) {
      // An operation comes next if everything that had ended before it began has come already.
      if (done & bit || (before & all & ~done) !== 0) continue
      for (const next of specification.apply(state, name, value, outcome))
        if (search(next, done | bit)) return true
    }
    refuted.add(key)
    return false
  }
  return search(specification.initial, 0)
}
