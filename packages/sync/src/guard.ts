import { stayOnThread } from '@millrace/core'
/**
 * A lock that is held, and knows how to be given back: once, however often it is asked. `using` gives it back at the end of
 * its block.
 *
 * @example
 * const mutex = new Mutex()
 * {
 *   using guard = await mutex.acquire()
 *   mutex.locked // => true
 * }
 * mutex.locked // => false
 */
export class Guard implements Disposable {
  #unlock: (() => void) | undefined

  constructor(unlock: () => void) {
    this.#unlock = unlock
  }

  /** Gives the lock back. Does nothing if that has happened. */
  release(): void {
    const unlock = this.#unlock
    this.#unlock = undefined
    unlock?.()
  }

  [Symbol.dispose](): void {
    this.release()
  }
}

stayOnThread(Guard)
