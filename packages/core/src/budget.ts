import { host } from '@millrace/kernel'

// The cooperative budget, after Tokio's. A loop over channels that are always ready runs on microtasks alone, and would
// keep timers and I/O from ever getting a turn. So after this many operations without one, those that are ready anyway
// resolve only after the event loop has gone round.
const OPERATIONS = 1024

let left = OPERATIONS
let turn: Promise<void> | undefined

/** Counts one operation that did not have to wait. False when it is time to let the event loop have a turn. */
export function spend(): boolean {
  return --left > 0
}

/** Resolves after the event loop has had a turn: the same promise for everybody until then. */
function nextTurn(): Promise<void> {
  turn ??= new Promise(resolve => {
    host.macrotask(() => {
      left = OPERATIONS
      turn = undefined
      resolve()
    })
  })
  return turn
}

/** Resolves to `value` after the event loop has had a turn. */
export function afterTurn<T>(value: T): Promise<T> {
  return nextTurn().then(() => value)
}

const DONE = Promise.resolve()

/** A finished operation without a result. One promise serves all of a turn. */
export function done(): Promise<void> {
  return spend() ? DONE : nextTurn()
}

/** A finished operation with a result. */
export function ready<T>(value: T): Promise<Awaited<T>> {
  return (spend() ? Promise.resolve(value) : afterTurn(value)) as Promise<Awaited<T>>
}

/** What to resolve the promise of an operation with that had to wait: goroutines that only serve each other go on for ever too. */
export function served<T>(value: T): T | Promise<T> {
  return spend() ? value : afterTurn(value)
}

/** Runs `fn`, in which the thread blocks: no turn can pass, so none is waited for. */
export function withoutBudget<R>(fn: () => R): R {
  const before = left
  left = 2 ** 30
  try {
    return fn()
  } finally {
    left = before
  }
}
