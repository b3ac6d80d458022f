import type { Thread } from './thread.js'
import { mustBePacked, wordDrop, wordOf, wordTake } from './value.js'

// What the words of a channel own, for whoever frees it: assembly/cells.ts.
export const WORDS = 0
export const NUMBERS = 1
export const CELLS = 2
export type Contents = typeof WORDS | typeof NUMBERS | typeof CELLS

/** How messages between threads name an element: undefined (any value), a scalar's name, or the fields of a struct. */
export type Description = undefined | string | { readonly [field: string]: Description }

/**
 * What the values of a channel are: how each becomes a word of shared memory and a value again. All media of a channel ask the
 * same element, so a value is refused alike whether other threads know the channel or not.
 *
 *   E1  toWord answered w  => w owns what it needs, and is taken or dropped exactly once
 *   E2  accept and toWord refuse the same values with the same error, and leave nothing behind then
 *   E3  take(toWord(v))    is equal to accept(v), of any value that toWord does not refuse
 */
export interface Element {
  readonly description: Description
  readonly contents: Contents
  /** What a channel that only this thread knows holds of `value`. `root` begins the path of a culprit. */
  accept(value: unknown, root: string): unknown
  /** Whether making a word of `value` costs so much that one looks for room first. */
  isCostly(value: unknown): boolean
  /** @throws {OutOfSharedMemoryError} … or what says that the value does not fit. */
  toWord(thread: Thread, value: unknown, root: string): number
  /** The value of a word, which owns nothing any more. */
  take(thread: Thread, word: number): unknown
  /**
   * Adds the values of all words of the thread's inbox to `values`; they own nothing any more. Where it is there, it is faster than to
   * take each, and runs nobody else's code.
   */
  takeMany?(thread: Thread, inbox: Int32Array, values: unknown[]): void
  /** Frees what a word owns. */
  drop(thread: Thread, word: number): void
}

/** The element of a channel without a type: any value that can cross. On one thread nothing is refused, and values stay themselves. */
export const anyValue: Element = {
  description: undefined,
  contents: WORDS,
  accept: value => value,
  isCostly: mustBePacked,
  toWord: wordOf,
  take: wordTake,
  drop: wordDrop,
}
