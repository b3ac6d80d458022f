import { host } from '@millrace/kernel'

// The cooperative budget, after Tokio's. A loop over channels that are always ready runs on microtasks alone, and would
// keep timers and I/O from ever getting a turn. So after OPERATIONS without one, or as many as go into a millisecond, those that are ready
// anyway resolve only after the event loop has gone round. A turn takes as long as a hundred operations, and a thread that waits for this
// one meanwhile may have gone to sleep: so not more often.

/** So many are granted at a time; after them the clock is looked at. */
const OPERATIONS = 1024
const MOST_MS = 1
/** So often at most before a turn, however fast they are, and where the clock stands still, as browsers' may for a while. */
const MOST_GRANTS = 4

let left = OPERATIONS
/** How often they may be granted again before the turn. */
let grants = MOST_GRANTS - 1
let turnedAt = performance.now()

interface Waiting {
  readonly resolve: (value: never) => void
  readonly value: unknown
}

// Who goes on after the next turn, all in the same microtask: first those who would have gone on at once, as they came, so that a
// producer and its consumer stay as far apart as they were; then those who were parked and are served, as in Go a goroutine that
// is made ready comes after those that run. Otherwise two that alternate would park for every message from some turn on: the
// one because the buffer is empty each time it looks, or the other because it is full.
let running: Waiting[] = []
let parked: Waiting[] = []
/** Of whoever joined last, if that has no result: those that come directly after it go on with it. */
let lastDone: Promise<void> | undefined

/** Counts one operation that did not have to wait. False when it is time to let the event loop have a turn. */
function spend(): boolean {
  return --left > 0 || isGranted()
}

/** Whether there is time for as many operations again. */
function isGranted(): boolean {
  if (grants === 0) return false
  if (performance.now() - turnedAt >= MOST_MS) {
    grants = 0
    return false
  }
  grants--
  left = OPERATIONS
  return true
}

/** So many looks before parking count as one operation: the event loop has a turn after a millisecond or two of them at the latest. */
const LOOKS = 16

/** Counts `looks` in shared memory. */
export function spendLooks(looks: number): void {
  left -= (looks / LOOKS) | 0
}

/** Whether there is time left until the event loop is to have a turn. */
export function hasTime(): boolean {
  return left > 0 || isGranted()
}

function join(line: Waiting[], resolve: (value: never) => void, value: unknown): void {
  if (running.length === 0 && parked.length === 0) host.macrotask(goOn)
  line.push({ resolve, value })
  lastDone = undefined
}

function goOn(): void {
  const [first, then] = [running, parked]
  running = []
  parked = []
  lastDone = undefined
  left = OPERATIONS
  grants = MOST_GRANTS - 1
  turnedAt = performance.now()
  for (const { resolve, value } of first) resolve(value as never)
  for (const { resolve, value } of then) resolve(value as never)
}

/** Resolves to `value` after the event loop has had a turn. */
function afterTurn<T>(value: T): Promise<Awaited<T>> {
  return new Promise(resolve => join(running, resolve, value))
}

const DONE = Promise.resolve()

/** A finished operation without a result. A million of them in a row need no promise each. */
export function done(): Promise<void> {
  if (spend()) return DONE
  lastDone ??= afterTurn(undefined)
  return lastDone
}

/** A finished operation with a result. */
export function ready<T>(value: T): Promise<Awaited<T>> {
  return (spend() ? Promise.resolve(value) : afterTurn(value)) as Promise<Awaited<T>>
}

/** Resolves the promise of an operation that had to wait: goroutines that only serve each other go on for ever too. */
export function serve<T>(resolve: (value: T) => void, value: T): void {
  if (spend()) resolve(value)
  else join(parked, resolve, value)
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
