import {
  crossesWith,
  FAILED,
  Monitor,
  monitorRules,
  PASS,
  type State,
  throwIfCanceled,
  WAIT,
  type WaitOptions,
} from '@millrace/core'
import { checkFunction } from './check-function.js'
import { OwnerLostError } from './errors.js'

const UNUSED = 0
const RUNNING = 1
const DONE = 2
/** The thread has died on which it was running. */
const LOST = 3

/** The lines. Whoever tries to be the first never waits there. */
const FIRST = 0
const OTHERS = 1

const rules = monitorRules({
  name: 'sync/once.monitor',
  size: 1,
  lines: 2,
  attempt(state, line) {
    if (state[0] === LOST) {
      state[0] = UNUSED
      return FAILED
    }
    // When it is unused again all pass who have waited, and try to be the first.
    if (line === OTHERS) return state[0] === RUNNING ? WAIT : PASS
    if (state[0] !== UNUSED) return WAIT
    state[0] = RUNNING
    return PASS
  },
  failure: () => new OwnerLostError('the thread that ran the function of this Once has ended before it'),
  held: line => (line === FIRST ? 1 : 0),
  heldInAll: state => (state[0] === RUNNING ? 1 : 0),
  ownerLost(state) {
    state[0] = LOST
  },
})

function end(state: State): void {
  state[0] = DONE
}

/**
 * Does something once. Go's `sync.Once`.
 *
 * It crosses to other threads by reference: the function of whoever is first, on whichever thread, is called there. If that thread dies
 * meanwhile, the next caller, or else the one who has waited longest, is told with an OwnerLostError; after that the Once is unused
 * again, and whoever comes or waits may be the first.
 *
 * @example
 * const once = new Once()
 * let runs = 0
 * await Promise.all([once.do(() => runs++), once.do(() => runs++)])
 * runs // => 1
 */
export class Once {
  #monitor = new Monitor(rules)

  static {
    crossesWith(
      Once,
      'sync/once',
      once => [once.#monitor],
      monitor => {
        const once = new Once()
        once.#monitor = monitor
        return once
      },
    )
  }

  /** Whether the one call has ended, be it with an error. */
  get done(): boolean {
    return this.#monitor.read(state => state[0] === DONE)
  }

  /**
   * The first call, of all calls whatever their function, calls `fn`, at once, and settles with it; any other waits until that
   * one has ended. If `fn` throws, the first call alone rejects, and the others find it done. Called from inside `fn` it waits
   * for ever.
   *
   * @param options End the wait for somebody else's call; of the first, only whether `fn` is called at all.
   */
  do<R>(fn: () => R | PromiseLike<R>, options?: WaitOptions): Promise<void> {
    if (this.done) return this.#monitor.wait(OTHERS, 0, options)
    try {
      checkFunction(fn, 'Once.do')
      throwIfCanceled(options)
      if (this.#monitor.try(FIRST, 0)) return this.#run(fn)
    } catch (error) {
      return Promise.reject(error)
    }
    return this.#monitor.wait(OTHERS, 0, options).then(() => (this.done ? undefined : this.do(fn, options)))
  }

  async #run(fn: () => unknown): Promise<void> {
    try {
      await fn()
    } finally {
      this.#monitor.change(end, 1)
    }
  }
}
