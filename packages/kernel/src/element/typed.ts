import { type Crossing, SHARE, type Shareable } from '../codec.js'
import { type Contents, type Description, type Element, takeEach } from '../element.js'
import type { SharedMemory } from '../memory.js'
import type { Thread } from '../thread.js'

/** The kind that a type itself crosses as; described.ts knows how it arrives. */
export const TYPE = 'element-type'

/** An element with a type: its values take a fixed number of bytes, so it can be a field of a struct too. */
export abstract class TypedElement implements Element, Shareable {
  /** As one writes it: `i32`. */
  abstract readonly name: string
  abstract readonly description: Description
  abstract readonly contents: Contents
  /** Bytes of a field of this type, a multiple of `alignment`, which is a power of two up to 8. */
  abstract readonly bytes: number
  abstract readonly alignment: number

  abstract accept(value: unknown, root: string): unknown
  abstract toWord(thread: Thread, value: unknown, root: string): number
  abstract take(thread: Thread, word: number): unknown
  abstract drop(thread: Thread, word: number): void

  /** Puts `value` into a field, which `memory` reaches. Answers false if it does not fit; a part may have been written then. */
  abstract write(memory: SharedMemory, at: number, value: unknown): boolean
  abstract read(memory: SharedMemory, at: number): unknown
  /** The error that says why `value`, at `path`, does not fit. */
  abstract refusal(value: unknown, path: string): Error

  [SHARE](): Crossing {
    return { kind: TYPE, payload: this.description }
  }

  takeMany(thread: Thread, inbox: Int32Array, values: unknown[]): void {
    takeEach(this, thread, inbox, values)
  }

  isCostly(): boolean {
    return false
  }
}

/** A few words for any value. */
export function printed(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value.length > 40 ? `a string of length ${value.length}` : JSON.stringify(value)
    case 'bigint':
      return `${value}n`
    case 'function':
      return 'a function'
    case 'object':
      return value === null ? 'null' : Array.isArray(value) ? 'an array' : 'an object'
    default:
      return Object.is(value, -0) ? '-0' : String(value)
  }
}
