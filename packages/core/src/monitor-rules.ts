/** The numbers that a monitor's rules are about. */
export interface State {
  [index: number]: number
}

/** What an attempt may ask of the monitor. */
export interface Standing {
  /** The number of the thread of whoever makes it. */
  readonly thread: number
  /** Whether anybody waits in a line, on any thread. */
  waits(line: number): boolean
}

/** An attempt's outcomes. From `FAILED` on they are failures of the rules' own. */
export const WAIT = 0
export const PASS = 1
export const FAILED = 2

/** In the first number of a gated monitor: the thread that held it has died. */
export const LOST = 127

/**
 * What a monitor is: its numbers, its lines, and who may pass. Functions of the numbers alone, which they may change: they run again
 * when another thread was first, so they must have no other effect.
 */
export interface Rules {
  /** What other threads know it by: see `Crossing.kind`. */
  readonly name: string
  /** Numbers of the state. All are 0 at first. */
  readonly size: number
  /** Lines that goroutines wait in. In each, first come, first served; between them, the first line goes first. */
  readonly lines: number
  /**
   * The first number says who holds it, 1 + the number of a thread or 0 for nobody, and is all that taking it when it is free changes,
   * and giving it back when nobody waits: both cost one compare-and-swap then. The second number is the monitor's: not 0 when somebody
   * has waited so long that he is to be next.
   */
  readonly gated?: boolean
  /** Whether as many may pass as wait, without another look at their tickets: of that line all tickets are worth the same. */
  counted?(line: number): boolean
  /** Whether someone with `ticket` may pass: WAIT, PASS, or a failure. Unless it answers WAIT it takes what that takes. */
  attempt(state: State, line: number, ticket: number, standing: Standing): number
  /** Called after everybody has passed who may. */
  settled?(state: State): void
  /** The error of a failure. */
  failure?(outcome: number): Error
  /** Somebody with `ticket` has given up waiting. */
  left?(state: State, line: number, ticket: number): void
  /** How much whoever passes holds from then on, until it is given back by `change`: so that it is known when a thread dies. */
  held?(line: number, ticket: number): number
  /** How much is held in all. */
  heldInAll?(state: State): number
  /** A thread has died whose goroutines held so much. `knew` is false if they had been let pass and never ran again. */
  ownerLost?(state: State, held: number, knew: boolean): void
  /** A thread has died on which so many had been let pass in a line, and did not know yet. */
  passLost?(state: State, line: number, count: number): void
  /** A thread has died on which somebody waited in a line; `ticket` is of the first. */
  waiterLost?(state: State, line: number, ticket: number): void
}

/** Rules of one shape for all, as their calls cost less then, with what the numbers are at first. */
export interface ShapedRules extends Rules {
  readonly zeros: readonly number[]
}

export function shapedRules(rules: Rules): ShapedRules {
  const { name, size, lines, gated, counted, attempt, settled, failure, left } = rules
  const { held, heldInAll, ownerLost, passLost, waiterLost } = rules
  return {
    name,
    size,
    lines,
    gated,
    counted,
    attempt,
    settled,
    failure,
    left,
    held,
    heldInAll,
    ownerLost,
    passLost,
    waiterLost,
    zeros: Array.from({ length: size }, () => 0),
  }
}
