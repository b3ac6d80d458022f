import { ParkingLot, stayOnThread, type WaitOptions } from '@millrace/core'
import { BrokenBarrierError } from './errors.js'

/** One round: from the first arrival until the barrier opens or breaks. */
interface Round {
  over: boolean
  broken: boolean
}

const newRound = (): Round => ({ over: false, broken: false })

/**
 * Where so many parties wait for each other: nobody goes on until all have come. Then the next round begins.
 *
 * Somebody who gives up breaks it: as not all will come, the others reject with BrokenBarrierError, and so does whoever comes
 * until `reset`.
 *
 * @example
 * const barrier = new Barrier(2)
 * await Promise.all([barrier.wait(), barrier.wait()]) // => [0, 1]
 */
export class Barrier {
  readonly #parties: number
  #round = newRound()
  readonly #waiters = new ParkingLot<Round>(
    round => round.over,
    round => {
      round.over = round.broken = true
    },
  )

  /** @throws {RangeError} `parties` is not a whole number of at least 1. */
  constructor(parties: number) {
    if (!Number.isSafeInteger(parties) || parties < 1) {
      throw new RangeError(`barrier: parties must be a whole number of at least 1, got ${String(parties)}`)
    }
    this.#parties = parties
  }

  /** How many wait for the others. */
  get waiting(): number {
    return this.#waiters.length
  }

  /** Whether somebody gave up, and nobody has reset it. */
  get broken(): boolean {
    return this.#round.broken
  }

  /**
   * Arrives, and waits until all parties have. Answers how many came before: 0 for the first, parties - 1 for the last.
   *
   * Cancelled, it rejects with the signal's reason, and the barrier is broken. Already aborted, it does not arrive, and breaks
   * nothing.
   *
   * @throws {BrokenBarrierError} (as a rejection) Another party gave up, or the barrier was reset.
   */
  async wait(options?: WaitOptions): Promise<number> {
    const round = this.#round
    const index = this.#waiters.length
    const end = this.#waiters.wait(round, options)
    if (this.#waiters.length === this.#parties) this.#open(round)
    await end
    if (round.broken) throw new BrokenBarrierError()
    return index
  }

  /** Begins a new round, on a barrier that is whole. Who waits rejects with BrokenBarrierError. */
  reset(): void {
    const round = this.#round
    round.over = round.broken = true
    this.#round = newRound()
    this.#waiters.wake()
  }

  // The last to come stands in the line as everybody does, and opens for all.
  #open(round: Round): void {
    round.over = true
    this.#waiters.wake()
    // Unless one of them turns out to be cancelled: then nobody goes on.
    if (!round.broken) this.#round = newRound()
  }
}

stayOnThread(Barrier)
