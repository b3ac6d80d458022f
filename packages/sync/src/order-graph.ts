import type { Stack } from '@millrace/core'

// Which locks have been asked for while which were held, on this thread.
//
// An edge from A to B: somebody held A and asked for B. A way from B back to A is a cycle: if all who made its edges do so at the same
// moment, each holds what the one before him asks for, and they wait for ever. It need not have happened for it to be seen.
//
// Readers do not keep readers out, but where a writer waits between them: a lock of the cycle that is only read on both sides counts
// once somebody has asked to write it.
//
// After the lock validator of Linux ("lockdep"), which knows locks by their class. Here each is itself: a thousand accounts, each with its
// lock, have no order among them until one is seen.

/** A lock as the graph knows it. */
export class LockNode {
  /** Of this thread, from 1. */
  readonly number: number
  readonly kind: string
  /** Where it was made, if that was here and in development mode. */
  made: Stack | undefined
  /** Where it is in shared memory, the same on all threads. */
  readonly address: () => number | undefined
  /** Whether anybody has asked to write it. */
  written = false
  /** Who holds it, as far as is known, and who waits for it. */
  readonly holds: Hold[] = []
  /** Somebody has asked to read it who was reading it. */
  readAgain: Edge | undefined
  /** Called when it gets its first edge. */
  onJoin: (() => void) | undefined
  readonly before: Edge[] = []
  readonly after: Edge[] = []

  constructor(number: number, kind: string, address: () => number | undefined) {
    this.number = number
    this.kind = kind
    this.address = address
  }

  get name(): string {
    const address = this.address()
    return `${this.kind} #${this.number}${address === undefined ? '' : ` (shared, at 0x${address.toString(16)})`}`
  }

  /** From now on others know of it, who must not keep the lock itself alive. */
  joinGraph(): void {
    this.made?.letGo()
    this.onJoin?.()
    this.onJoin = undefined
  }

  /** It is gone: nobody can ask for it any more. */
  unlink(): void {
    for (const edge of this.before) remove(edge.held.lock.after, edge)
    for (const edge of this.after) remove(edge.asked.lock.before, edge)
    this.before.length = this.after.length = 0
  }
}

/** A lock that somebody has, or has asked for. */
export interface Hold {
  readonly lock: LockNode
  /** It keeps out readers too. */
  readonly write: boolean
  /** Where it was asked for. */
  readonly stack: Stack
  readonly goroutine: number
  state: 'waiting' | 'held' | 'over'
}

/** Somebody held one lock and asked for another, for the first time. */
export interface Edge {
  readonly held: Hold
  readonly asked: Hold
}

/** Adds an edge; answers the shortest cycle that it closes, as edges one after the other, if nobody knew it. */
export function addEdge(held: Hold, asked: Hold): Edge[] | undefined {
  const isKnown = held.lock.after.some(
    edge =>
      edge.asked.lock === asked.lock && edge.held.write === held.write && edge.asked.write === asked.write,
  )
  if (isKnown) return undefined
  const edge = { held, asked }
  for (const { stack, lock } of [held, asked]) {
    stack.letGo()
    lock.joinGraph()
  }
  held.lock.after.push(edge)
  asked.lock.before.push(edge)
  return news(cycleWith(edge))
}

/** Somebody asks to write `lock`, for the first time: answers the cycles that this closes. */
export function cyclesOnceWritten(lock: LockNode): Edge[][] {
  const cycles: Edge[][] = []
  for (const edge of lock.before) {
    const cycle = news(cycleWith(edge))
    if (cycle) cycles.push(cycle)
  }
  return cycles
}

/** Whether who holds what is asked for there keeps out who asks. */
function meet(asking: Edge, holding: Edge): boolean {
  const { lock } = asking.asked
  return lock === holding.held.lock && (asking.asked.write || holding.held.write || lock.written)
}

/** The shortest way from the end of `edge` to its beginning. */
function cycleWith(edge: Edge): Edge[] | undefined {
  const cameFrom = new Map<Edge, Edge | undefined>([[edge, undefined]])
  for (const last of cameFrom.keys()) {
    if (last !== edge && meet(last, edge)) {
      const cycle: Edge[] = []
      for (let step: Edge | undefined = last; step; step = cameFrom.get(step)) cycle.unshift(step)
      return cycle
    }
    for (const next of last.asked.lock.after) {
      if (!cameFrom.has(next) && meet(last, next)) cameFrom.set(next, last)
    }
  }
  return undefined
}

const known = new Set<string>()

/** A cycle, unless one over the same locks has been told. */
function news(cycle: Edge[] | undefined): Edge[] | undefined {
  if (!cycle) return undefined
  const locks = cycle.map(({ held }) => held.lock.number).sort((a, b) => a - b)
  const key = locks.join()
  if (known.has(key)) return undefined
  known.add(key)
  return cycle
}

/** Takes `item` out, if it is in. */
export function remove<T>(from: T[], item: T): void {
  const index = from.indexOf(item)
  if (index >= 0) from.splice(index, 1)
}
