import type { WaitOptions } from '@millrace/core'
import { checkFunction } from './check-function.js'
import { Once } from './once.js'

/**
 * Makes a function that calls `fn` the first time it is called, and always answers what that call answered, or throws what it
 * threw, the same error each time. Who calls meanwhile waits; cancelled, such a wait rejects with the signal's reason. `fn` is
 * let go of after its call. Go's `sync.OnceValue`.
 *
 * @throws {TypeError} `fn` is no function.
 *
 * @example
 * const answer = onceValue(() => 6 * 7)
 * await answer() // => 42
 */
export function onceValue<R>(fn: () => R | PromiseLike<R>): (options?: WaitOptions) => Promise<R> {
  checkFunction(fn, 'onceValue')
  const once = new Once()
  let unused: typeof fn | undefined = fn
  let value: R
  let error: unknown
  let failed = false

  const run = async (): Promise<void> => {
    const call = unused!
    unused = undefined
    try {
      value = await call()
    } catch (thrown) {
      failed = true
      error = thrown
    }
  }
  return async options => {
    await once.do(run, options)
    if (failed) throw error
    return value
  }
}

/** As `onceValue`, for a function that is called for what it does. Go's `sync.OnceFunc`. */
export function onceFunc(fn: () => unknown): (options?: WaitOptions) => Promise<void> {
  checkFunction(fn, 'onceFunc')
  return onceValue(async () => {
    await fn()
  })
}
