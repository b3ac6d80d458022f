import {
  crossesWith,
  go,
  isParallel,
  Monitor,
  monitorRules,
  PASS,
  type State,
  WAIT,
  type WaitOptions,
} from '@millrace/core'
import { SyncMisuseError } from './errors.js'

/** What is still to be done. */
const COUNT = 0
/** How often the count has got to 0. The ticket of who waits: it passes once this is another. */
const GENERATION = 1
/** How much of the count `go` has added: what the threads that called it hold. */
const GOING = 2

const rules = monitorRules({
  name: 'sync/wait-group.monitor',
  size: 3,
  lines: 1,
  attempt: (state, _line, generation) =>
    state[COUNT] === 0 || generation !== state[GENERATION] ? PASS : WAIT,
  heldInAll: state => state[GOING],
  ownerLost(state, held) {
    state[GOING] -= held
    setCount(state, Math.max(0, state[COUNT] - held))
  },
})

function setCount(state: State, count: number): void {
  if (count < 0) throw new SyncMisuseError(`sync: negative WaitGroup counter (${count})`)
  if (count === 0 && state[COUNT] > 0) state[GENERATION]++
  state[COUNT] = count
}

const generationOf = (state: State): number => state[GENERATION]

function started(state: State): void {
  setCount(state, state[COUNT] + 1)
  state[GOING]++
}

function ended(state: State): void {
  setCount(state, state[COUNT] - 1)
  state[GOING]--
}

/**
 * Counts what is still to be done, and lets others wait until nothing is. Go's `sync.WaitGroup`.
 *
 * `add` before what is counted starts, not inside it. It may be used again and again: who waits when the count gets to 0 is
 * released in that moment, whatever is added before it runs again. So it cannot happen that it is reused too early, or that `add` finds
 * somebody waiting for a count of 0, which Go calls misuse.
 *
 * It crosses to other threads by reference. What `go` has added is taken back if the thread dies that called it; what `add` has added
 * is not, as nobody can tell whose `done` it is.
 *
 * @example
 * const group = new WaitGroup()
 * const squares: number[] = []
 * for (const n of [1, 2, 3]) group.go(async () => { squares.push(n * n) })
 * await group.wait()
 * squares // => [1, 4, 9]
 */
export class WaitGroup {
  #monitor = new Monitor(rules)

  static {
    crossesWith(
      WaitGroup,
      'sync/wait-group',
      group => [group.#monitor],
      monitor => {
        const group = new WaitGroup()
        group.#monitor = monitor
        return group
      },
    )
  }

  /** What is still to be done. */
  get count(): number {
    return this.#monitor.read(state => state[COUNT])
  }

  /**
   * Adds `delta`, which may be negative, to the count. At 0, all who wait go on.
   *
   * @throws {SyncMisuseError} sync: negative WaitGroup counter. The count is as it was.
   * @throws {RangeError} `delta` is not a whole number.
   */
  add(delta: number): void {
    if (!Number.isSafeInteger(delta)) {
      throw new RangeError(`sync: WaitGroup.add needs a whole number, got ${String(delta)}`)
    }
    this.#monitor.change(state => setCount(state, state[COUNT] + delta))
  }

  /** Takes one from the count. @throws {SyncMisuseError} sync: negative WaitGroup counter (-1) */
  done(): void {
    this.add(-1)
  }

  /** Waits until the count is 0. Cancelled, it rejects with the signal's reason; the count is untouched. */
  wait(options?: WaitOptions): Promise<void> {
    // If the count gets to 0 in between, this generation is over, and need not be waited for.
    const generation = this.#monitor.read(generationOf)
    return this.#monitor.wait(0, generation, options)
  }

  /**
   * Starts a goroutine that counts as long as it runs; a `parallel` function runs on the pool.
   *
   * An error of `fn` is nobody's to handle, and ends the process as a panic does, the loss of its thread included; the count goes down
   * all the same. To get errors back, use an errgroup.
   */
  go<A extends unknown[]>(fn: (...args: A) => unknown, ...args: A): void {
    this.#monitor.change(started, -1)
    // A plain function tells itself when it ends, which is sooner, and cheaper, than to hear it from the goroutine's promise.
    const isElsewhere: boolean = typeof fn !== 'function' || isParallel(fn)
    if (isElsewhere) void go(fn, ...args).finally(() => this.#end())
    else void go(() => this.#run(fn, args))
  }

  #run<A extends unknown[]>(fn: (...args: A) => unknown, args: A): unknown {
    let result: unknown
    try {
      result = fn(...args)
    } catch (error) {
      this.#end()
      throw error
    }
    if (typeof (result as PromiseLike<unknown> | undefined)?.then === 'function') {
      return Promise.resolve(result).finally(() => this.#end())
    }
    return this.#end()
  }

  #end(): void {
    this.#monitor.change(ended, 1)
  }
}
