import type { Chan } from '@millrace/core'

/** What some worlds have and others have not. */
export type Need =
  | 'any value'
  | 'by reference'
  | 'by copy'
  | 'AsyncLocalStorage'
  | 'process.exit'
  | 'threads'
  | 'blocking'
  | 'a page'

/** Where a law is tried: it makes channels, locks, … of one kind. */
export interface World {
  readonly name: string
  /** What this world has not, and why: a law that needs it is skipped with the reason. */
  readonly lacks: Partial<Record<Need, string>>
  chan<T>(capacity?: number): Promise<Chan<T>>
  chans<T>(count: number, capacity?: number): Promise<Chan<T>[]>
  /** Something of `sync`. */
  make<T, A extends unknown[]>(Class: new (...args: A) => T, ...args: A): Promise<T>
}

/**
 * Something that is always true. Data, not a test: it knows no framework and no host, so it runs everywhere. `run` throws, or
 * rejects, where the law is broken.
 */
export interface Law {
  /** A sentence. */
  readonly name: string
  /** What it comes from: a numbered rule of Go's semantics, or one of the API's that hold everywhere. */
  readonly rule: number | `API ${number}`
  readonly needs?: readonly Need[]
  /** How long it may take at most; 10 s by default. */
  readonly timeoutMs?: number
  run(world: World): Promise<void> | void
}
