import { debugging, hasThreads, isPoolThread } from '@millrace/kernel'
import { isBundled, threadEntry, whyNoBeginning } from './bundle.js'
import { asGoroutine } from './debug.js'
import { goroutineEnded, goroutineStarted } from './goroutines.js'
import { startHere } from './here.js'
import { placeOf } from './parallel.js'
import { beginThreadsWith, startOnPool } from './pool.js'
import { servePool } from './pool-thread.js'
import { isThenable } from './thenable.js'

if (isBundled && isPoolThread()) void servePool()
beginThreadsWith(() => threadEntry(import.meta.url, isBundled), isBundled ? whyNoBeginning : undefined)

/**
 * Starts a goroutine: calls `fn` with `args`, soon but never before this returns, and settles as it does. Go's `go` statement,
 * with a result.
 *
 * A plain function runs on this thread, beside everything else that runs here. A `parallel` function runs on a thread of the
 * pool: its arguments and its result cross by copy, channels and contexts among them by reference. It does not move once it
 * has started. Where there can be no threads it runs here after all, in a turn of the event loop of its own, and everything
 * crosses as it would have.
 *
 * Never throws. Rejects with what `fn` throws; with DataCloneError if an argument or the result cannot cross (the path is
 * named, nothing was started); with ParallelError if the function is not found in its module; with whatever the import of its
 * module fails with; with ThreadLostError if its thread dies. A rejection that nobody handles ends the process, as a panic does.
 *
 * @example
 * const sum = await go(async (a: number, b: number) => a + b, 1, 2)
 * sum // => 3
 */
export function go<A extends unknown[], R>(
  fn: (...args: A) => R | PromiseLike<R>,
  ...args: A
): Promise<Awaited<R>> {
  if (typeof fn !== 'function') return Promise.reject(new TypeError('go of nil func value'))
  const place = placeOf(fn)
  if (!place) return run(fn, args)
  return (hasThreads() ? startOnPool(place, args) : startHere(fn, args)) as Promise<Awaited<R>>
}

const NOW = Promise.resolve()

// Without an async function around the user's own: 100 000 parked goroutines are 27 MB smaller for it. The result follows
// the user's promise, which is watched to know the end; a rejection of the result that nobody handles is still one.
function run<A extends unknown[], R>(fn: (...args: A) => R | PromiseLike<R>, args: A): Promise<Awaited<R>> {
  goroutineStarted()
  if (debugging) fn = asGoroutine(fn)
  return NOW.then(() => {
    let result: R | PromiseLike<R>
    try {
      result = fn(...args)
    } catch (error) {
      goroutineEnded()
      throw error
    }
    if (!isThenable(result)) {
      goroutineEnded()
      return result
    }
    // Of a foreign thenable `then` is called once: for some that starts the work.
    const promise = result instanceof Promise ? result : Promise.resolve(result)
    promise.then(goroutineEnded, goroutineEnded)
    return promise
  }) as Promise<Awaited<R>>
}
