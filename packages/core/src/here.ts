import { copy, debugging, host } from '@millrace/kernel'
import { bareError } from './bare-error.js'
import { asGoroutine } from './debug.js'
import { goroutineEnded, goroutineStarted } from './goroutines.js'

// Parallel goroutines where there is one thread only. They run beside everything else on it, and see no other difference: their
// arguments, results and errors cross as if there were two threads.

/** Starts a parallel goroutine on this thread; settles as it does. */
export async function startHere<A extends unknown[]>(fn: (...args: A) => unknown, args: A): Promise<unknown> {
  const given = copy(args, 'args') as A
  goroutineStarted()
  if (debugging) fn = asGoroutine(fn)
  try {
    await turnOfItsOwn()
    return copy(await fn(...given), 'result')
  } catch (error) {
    throw copyOfThrown(error)
  } finally {
    goroutineEnded()
  }
}

function copyOfThrown(error: unknown): unknown {
  try {
    return copy(error, 'error')
  } catch {
    return copy(bareError(error), 'error')
  }
}

const waiting: (() => void)[] = []
let next = 0
let isComing = false

/** How many that have begun are forgotten at once. */
const BATCH = 1024

/**
 * Resolves in a turn of the event loop in which nobody else's does: what is to run in parallel may take long, and timers and I/O
 * come in between.
 */
function turnOfItsOwn(): Promise<void> {
  return new Promise(resolve => {
    waiting.push(resolve)
    come()
  })
}

function come(): void {
  if (isComing || next === waiting.length) return
  isComing = true
  host.macrotask(begin)
}

function begin(): void {
  isComing = false
  waiting[next++]()
  if (next === BATCH || next === waiting.length) {
    waiting.splice(0, next)
    next = 0
  }
  come()
}
