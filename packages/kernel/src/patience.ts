const MOST_SKIPPED = 64
/** Looks in shared memory: about three microseconds. */
export const SHORT_LOOK = 64
/** About 50: a turn of the other side's event loop takes 15 to 35. */
const LONG_LOOK = 1024
/** Looks in a row that ended well: who is waited for keeps pace, and is worth waiting for when it does not for once. */
const KEEPS_PACE = 4
/** When so many are left out, looks have been in vain too often to go by a short sleep: it may have been short because nobody looked. */
const DISTRUSTFUL = 16

/**
 * How what was waited for came: 'seen' by a thread that looked on for it, so that who answered has a core of its own; 'soon' after the
 * thread had fallen asleep; or 'late'.
 */
export type Arrival = 'seen' | 'soon' | 'late'

const nothing = (): void => {}

/**
 * Whether a short look for what may be on its way is worth it before going to sleep: learnt from how the last looks ended. After one in
 * vain, which all are where the one who would answer needs this very core, the next is left out; then two, four, up to MOST_SKIPPED.
 */
export class Patience {
  #toSkip: number
  #skippedAfterFailure = 1
  #successes = 0
  readonly #onLongFailure: () => void

  /**
   * @param toSkip How many looks are left out at first.
   * @param onLongFailure Called when a look was in vain though the other side had kept pace.
   */
  constructor(toSkip = 0, onLongFailure = nothing) {
    this.#toSkip = toSkip
    this.#onLongFailure = onLongFailure
  }

  /** Whether looking on has gone well for some time. */
  get keepsPace(): boolean {
    return this.#successes >= KEEPS_PACE
  }

  /** How often to look in shared memory. Long enough, if that has gone well, for the other side's event loop to have a turn meanwhile. */
  get looks(): number {
    return this.keepsPace ? LONG_LOOK : SHORT_LOOK
  }

  /** Whether to look this time. */
  ask(): boolean {
    if (this.#toSkip === 0) return true
    this.#toSkip--
    return false
  }

  /** Tells how what was not looked for came. If a look might have found it, the next is not left out, and a long one. */
  arrived(arrival: Arrival): void {
    if (arrival === 'late' || (arrival === 'soon' && this.#skippedAfterFailure > DISTRUSTFUL)) return
    this.#toSkip = 0
    this.#successes = KEEPS_PACE
  }

  /** Tells how the look ended, and answers it. */
  learn(came: boolean): boolean {
    if (came) {
      this.#successes++
      this.#skippedAfterFailure = Math.max(this.#skippedAfterFailure / 2, 1)
    } else {
      if (this.keepsPace) this.#onLongFailure()
      this.#successes = 0
      this.#toSkip = this.#skippedAfterFailure
      this.#skippedAfterFailure = Math.min(2 * this.#skippedAfterFailure, MOST_SKIPPED)
    }
    return came
  }
}
