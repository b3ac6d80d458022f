// What a simulated thread does: operations one after the other, each a generator that yields what it wants from the
// machine and is given the answer. A generator cannot be copied, so a thread that is set back runs it again from its start
// with the answers it had: everything else that it reads must be the same each time.

/** A call of the kernel by the thread. */
export interface Call {
  readonly call: string
  readonly args: readonly number[]
}

/** Reads a 32-bit word. */
export interface Read {
  readonly read: number
}

/** Writes a 32-bit word: what a thread's JavaScript puts into a block of its own. */
export interface Write {
  readonly write: number
  readonly value: number
}

/** `Atomics.wait(word, 1)`: 0 = the word was not 1, 1 = slept and was notified. */
export interface Sleep {
  readonly sleep: number
}

/** Waits until a thread has died that nobody was told of; the answer is its number. */
export interface AwaitDeath {
  readonly awaitDeath: true
}

/** Waits until thread `thread` has done `operations` of its operations, with no trace in memory: messages by other ways. */
export interface AwaitProgress {
  readonly thread: number
  readonly operations: number
}

export type Request = Call | Read | Write | Sleep | AwaitDeath | AwaitProgress

/** What an operation answers: anything that JSON tells apart. */
export type Outcome = number | string | readonly Outcome[] | null

/**
 * What an operation answers to be begun again, with `memory` and nothing else that it has learnt: so that two ways to the same
 * state are seen to be the same.
 */
export class Again {
  readonly memory: Outcome

  constructor(memory: Outcome) {
    this.memory = memory
  }
}

export type Steps = Generator<Request, Outcome | Again, number>

export interface Operation {
  /** As the sequential specification knows it. */
  readonly name: string
  readonly value?: Outcome
  /** `memory` is null the first time, then what it asked to be begun again with. */
  run(memory: Outcome): Steps
}

export interface Program {
  readonly operations: readonly Operation[]
  /** May die before any write, while it sleeps, and after its last operation. */
  readonly mortal?: boolean
}

export const call = (name: string, ...args: number[]): Call => ({ call: name, args })
export const read = (address: number): Read => ({ read: address })
export const write = (address: number, value: number): Write => ({ write: address, value })
export const sleep = (address: number): Sleep => ({ sleep: address })
export const awaitDeath: AwaitDeath = { awaitDeath: true }
export const awaitProgress = (thread: number, operations: number): AwaitProgress => ({ thread, operations })

/** An operation that is one call, and answers what it answers. */
export function callOperation(name: string, kernelCall: string, ...args: number[]): Operation {
  return {
    name,
    *run() {
      return yield call(kernelCall, ...args)
    },
  }
}
