// Which threads have to be let go on here so that no outcome is missed: a set closed under "may conflict". What the others do
// before one of the set moves commutes with that move, so it may just as well come later.
//
// After Godefroid, "Partial-Order Methods for the Verification of Concurrent Systems" (1996), with the accesses of the
// operations that are left as each thread's future.

import type { Machine } from './machine.js'

/** The smallest of the sets that begin with one thread that can go on. */
export function persistentSet(machine: Machine, mayDie: boolean): readonly number[] {
  const all = machine.threads.flatMap(({ status }, thread) => (status === 'dead' ? [] : [thread]))
  let best: readonly number[] = all
  let bestSize = Number.POSITIVE_INFINITY
  for (const first of all) {
    if (!machine.canRun(first)) continue
    const set = closure(machine, first, all, mayDie)
    const size = set.filter(thread => machine.canRun(thread)).length
    if (size < bestSize) [best, bestSize] = [set, size]
    if (size === 1) break
  }
  return best
}

function closure(
  machine: Machine,
  first: number,
  all: readonly number[],
  mayDie: boolean,
): readonly number[] {
  const set = [first]
  for (const thread of set) {
    const { status } = machine.threads[thread]!
    if (status === 'done' || status === 'woken') continue
    const access = machine.nextAccess(thread)
    // A thread that waits for a death or for another's progress, or whose operation begins: everybody has a say in when.
    if (!access || (mayDie && status === 'asleep')) return all
    for (const other of all) {
      if (!set.includes(other) && machine.mayConflict(thread, access, other)) set.push(other)
    }
  }
  return set
}
