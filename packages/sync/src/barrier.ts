import {
  crossesWith,
  FAILED,
  Monitor,
  monitorRules,
  PASS,
  type State,
  WAIT,
  type WaitOptions,
} from '@millrace/core'
import { BrokenBarrierError } from './errors.js'

/** Parties that have come, of those who are waited for. */
const ARRIVED = 0
/** What happens to those who wait: SHUT but while they are being let pass, or turned away. */
const GATE = 1
/** 1: somebody gave up, and nobody has reset it. */
const BROKEN = 2

const SHUT = 0
const OPEN = 1
const TURNED_AWAY = 2

function breakIt(state: State): void {
  // The round is over already: who turns out to be cancelled takes nothing from the others.
  if (state[GATE] !== SHUT) return
  state[ARRIVED] = 0
  state[BROKEN] = 1
}

const rules = monitorRules({
  name: 'sync/barrier.monitor',
  size: 3,
  lines: 1,
  counted: () => true,
  attempt(state) {
    if (state[BROKEN] === 1 || state[GATE] === TURNED_AWAY) return FAILED
    return state[GATE] === OPEN ? PASS : WAIT
  },
  settled(state) {
    state[GATE] = SHUT
  },
  left: breakIt,
  waiterLost: breakIt,
  failure: () => new BrokenBarrierError(),
})

/**
 * Where so many parties wait for each other: nobody goes on until all have come. Then the next round begins.
 *
 * Somebody who gives up breaks it: as not all will come, the others reject with BrokenBarrierError, and so does whoever comes
 * until `reset`.
 *
 * It crosses to other threads by reference. A thread that dies while one of its goroutines waits breaks it.
 *
 * @example
 * const barrier = new Barrier(2)
 * await Promise.all([barrier.wait(), barrier.wait()]) // => [0, 1]
 */
export class Barrier {
  readonly #parties: number
  #monitor = new Monitor(rules)

  static {
    crossesWith(
      Barrier,
      'sync/barrier',
      barrier => [barrier.#monitor, barrier.#parties],
      (monitor, parties) => {
        const barrier = new Barrier(parties as number)
        barrier.#monitor = monitor
        return barrier
      },
    )
  }

  /** @throws {RangeError} `parties` is not a whole number of at least 1. */
  constructor(parties: number) {
    if (!Number.isSafeInteger(parties) || parties < 1) {
      throw new RangeError(`barrier: parties must be a whole number of at least 1, got ${String(parties)}`)
    }
    this.#parties = parties
  }

  /** How many wait for the others. */
  get waiting(): number {
    return this.#monitor.read(state => state[ARRIVED])
  }

  /** Whether somebody gave up, and nobody has reset it. */
  get broken(): boolean {
    return this.#monitor.read(state => state[BROKEN] === 1)
  }

  /**
   * Arrives, and waits until all parties have. Answers how many came before: 0 for the first, parties - 1 for the last.
   *
   * Cancelled, it rejects with the signal's reason, and the barrier is broken. Already aborted, it does not arrive, and breaks
   * nothing.
   *
   * @throws {BrokenBarrierError} (as a rejection) Another party gave up, or its thread has died, or the barrier was reset.
   */
  async wait(options?: WaitOptions): Promise<number> {
    let index = 0
    await this.#monitor.wait(
      0,
      state => {
        index = state[ARRIVED]
        if (state[BROKEN] === 0) this.#arrive(state)
        return 0
      },
      options,
    )
    return index
  }

  // The last to come stands in the line as everybody does, and opens for all.
  #arrive(state: State): void {
    state[ARRIVED]++
    if (state[ARRIVED] < this.#parties) return
    state[ARRIVED] = 0
    state[GATE] = OPEN
  }

  /** Begins a new round, on a barrier that is whole. Who waits rejects with BrokenBarrierError. */
  reset(): void {
    this.#monitor.change(turnAway)
  }
}

function turnAway(state: State): void {
  state[ARRIVED] = state[BROKEN] = 0
  state[GATE] = TURNED_AWAY
}
