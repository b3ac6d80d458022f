// What a scenario is, and what holds for all of them.

export interface Scenario {
  /** One operation, in words. */
  readonly what: string
  readonly unit: 'ns' | 'µs' | 'ms' | 'bytes'
  /**
   * Operations of one measurement, which is preceded by a warm-up of the same kind. A way that would take too long does fewer, a
   * number that is found once and then fixed (sizes.ts); the table says so.
   */
  readonly count: number
  /** The result that the others are compared with. */
  readonly base: string
  readonly threads: 1 | 2
  /** Count where only that it works is wanted. */
  readonly trial?: number
  /** Millrace does it on every host that is there; or on every Node. */
  readonly everywhere?: true | 'nodes'
  /** How long a way may take for its operations, where that is more than usual. */
  readonly patienceMs?: number
  /** What is measured does not vary: once is enough. */
  readonly once?: true
  /** The count is a size of what is measured, not so many repetitions of it. */
  readonly isSize?: true
}

export const TRIAL = 200

/** How long a way may take for its operations, and as long again for its warm-up. */
export const PATIENCE_MS = 150

/** `--quick` does this part of each count, and has this part of the patience. */
export const QUICK = 0.1
