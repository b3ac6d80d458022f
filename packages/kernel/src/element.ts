import type { Message } from './codec.js'
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
  /**
   * @param message What the value is a part of, if the channel that holds it is just crossing.
   * @throws {OutOfSharedMemoryError} … or what says that the value does not fit.
   */
  toWord(thread: Thread, value: unknown, root: string, message?: Message): number
  /** The value of a word, which owns nothing any more. */
  take(thread: Thread, word: number): unknown
  /**
   * Adds the values of all words of the thread's inbox to `values`. They own nothing any more then, also if one of them could not be
   * read: nobody gets those behind it.
   */
  takeMany(thread: Thread, inbox: Int32Array, values: unknown[]): void
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
  takeMany(thread, inbox, values) {
    let i = 0
    for (; i < inbox.length && (inbox[i] & 1) === 1; i++) values.push(inbox[i] >> 1) // small whole numbers, at no cost
    if (i < inbox.length) takeEach(anyValue, thread, inbox.subarray(i), values)
  },
  drop: wordDrop,
}

/** `takeMany` where to take a value may run code of others, which may fill the inbox again. */
export function takeEach(element: Element, thread: Thread, inbox: Int32Array, values: unknown[]): void {
  const words = inbox.slice()
  let i = 0
  try {
    while (i < words.length) values.push(element.take(thread, words[i++]))
  } finally {
    while (i < words.length) element.drop(thread, words[i++])
  }
}
