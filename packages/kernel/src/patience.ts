const MOST_SKIPPED = 64

/**
 * Whether a short look for what may be on its way is worth it before going to sleep: learnt from how the last looks ended. After one in
 * vain, which all are where the one who would answer needs this very core, the next is left out; then two, four, up to MOST_SKIPPED.
 */
export class Patience {
  #toSkip: number
  #skippedAfterFailure = 1
  /** Looks in a row that were not in vain. */
  successes = 0

  constructor(toSkip = 0) {
    this.#toSkip = toSkip
  }

  /** Whether to look this time. */
  ask(): boolean {
    if (this.#toSkip === 0) return true
    this.#toSkip--
    return false
  }

  /** Tells how the look ended, and answers it. */
  learn(came: boolean): boolean {
    if (came) {
      this.successes++
      this.#skippedAfterFailure = Math.max(this.#skippedAfterFailure / 2, 1)
    } else {
      this.successes = 0
      this.#toSkip = this.#skippedAfterFailure
      this.#skippedAfterFailure = Math.min(2 * this.#skippedAfterFailure, MOST_SKIPPED)
    }
    return came
  }
}
