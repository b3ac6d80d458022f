import { CELLS, type Contents, NUMBERS, WORDS } from '../element.js'
import type { SharedMemory } from '../memory.js'
import type { Thread } from '../thread.js'
import { floatTake, wordDrop, wordOfNumber } from '../value.js'
import { printed, TypedElement } from './typed.js'

/** One number, boolean or bigint. */
abstract class ScalarElement<T> extends TypedElement {
  readonly name: string
  readonly description: string
  readonly alignment: number
  readonly bytes: number
  /** What `typeof` says of all that fit: such a value that does not is out of range, another is of the wrong type. */
  abstract readonly typeName: 'number' | 'boolean' | 'bigint'
  abstract readonly range: string

  constructor(name: string, bytes: number) {
    super()
    this.name = this.description = name
    this.bytes = this.alignment = bytes
  }

  abstract fits(value: unknown): value is T

  accept(value: unknown, root: string): T {
    if (this.fits(value)) return value
    throw this.refusal(value, root)
  }

  refusal(value: unknown, path: string): Error {
    const article = this.name === 'u32' || this.name === 'bool' ? 'a' : 'an'
    const message = `${path} must be ${article} ${this.name} (${this.range}), got ${printed(value)}`
    return typeof value === this.typeName ? new RangeError(message) : new TypeError(message)
  }
}

/** A value that is the word itself: the word owns nothing. */
abstract class InlineElement<T> extends ScalarElement<T> {
  readonly contents: Contents = NUMBERS

  override takeMany(thread: Thread, inbox: Int32Array, values: unknown[]): void {
    for (let i = 0; i < inbox.length; i++) values.push(this.take(thread, inbox[i]))
  }

  drop(): void {}
}

class Int32Element extends InlineElement<number> {
  readonly typeName = 'number'
  readonly range = 'a whole number from -2147483648 to 2147483647'

  fits(value: unknown): value is number {
    return typeof value === 'number' && (value | 0) === value
  }

  override accept(value: unknown, root: string): number {
    return super.accept(value, root) | 0 // no -0
  }

  toWord(_thread: Thread, value: unknown, root: string): number {
    if (this.fits(value)) return value
    throw this.refusal(value, root)
  }

  take(_thread: Thread, word: number): number {
    return word
  }

  write({ i32 }: SharedMemory, at: number, value: unknown): boolean {
    if (!this.fits(value)) return false
    i32[at >> 2] = value
    return true
  }

  read({ i32 }: SharedMemory, at: number): number {
    return i32[at >> 2]
  }
}

class Uint32Element extends InlineElement<number> {
  readonly typeName = 'number'
  readonly range = 'a whole number from 0 to 4294967295'

  fits(value: unknown): value is number {
    return typeof value === 'number' && value >>> 0 === value
  }

  override accept(value: unknown, root: string): number {
    return super.accept(value, root) >>> 0 // no -0
  }

  toWord(_thread: Thread, value: unknown, root: string): number {
    if (this.fits(value)) return value | 0
    throw this.refusal(value, root)
  }

  take(_thread: Thread, word: number): number {
    return word >>> 0
  }

  write({ i32 }: SharedMemory, at: number, value: unknown): boolean {
    if (!this.fits(value)) return false
    i32[at >> 2] = value
    return true
  }

  read({ i32 }: SharedMemory, at: number): number {
    return i32[at >> 2] >>> 0
  }
}

class BoolElement extends InlineElement<boolean> {
  readonly typeName = 'boolean'
  readonly range = 'true or false'

  fits(value: unknown): value is boolean {
    return typeof value === 'boolean'
  }

  toWord(_thread: Thread, value: unknown, root: string): number {
    return this.accept(value, root) ? 1 : 0
  }

  take(_thread: Thread, word: number): boolean {
    return word !== 0
  }

  write({ u8 }: SharedMemory, at: number, value: unknown): boolean {
    if (!this.fits(value)) return false
    u8[at] = value ? 1 : 0
    return true
  }

  read({ u8 }: SharedMemory, at: number): boolean {
    return u8[at] !== 0
  }
}

/** A float's place in its cell, and the cell's length: assembly/cells.ts. */
const FLOAT = 8
const FLOAT_BYTES = 16

/** Any number. Its words are those of any value: whole numbers of up to 31 bits inline, others in a cell. */
class Float64Element extends ScalarElement<number> {
  readonly contents: Contents = WORDS
  readonly typeName = 'number'
  readonly range = 'a number'

  fits(value: unknown): value is number {
    return typeof value === 'number'
  }

  toWord(thread: Thread, value: unknown, root: string): number {
    if (typeof value === 'number') return wordOfNumber(thread, value)
    throw this.refusal(value, root)
  }

  take(thread: Thread, word: number): number {
    return word & 1 ? word >> 1 : floatTake(thread, word)
  }

  override takeMany(thread: Thread, inbox: Int32Array, values: unknown[]): void {
    const { memory, kernel, id } = thread
    for (let i = 0; i < inbox.length; i++) {
      const word = inbox[i]
      if (word & 1) values.push(word >> 1)
      else {
        memory.reach(word + FLOAT_BYTES)
        values.push(memory.f64[(word + FLOAT) >> 3])
      }
    }
    kernel.floatsFree(id, inbox.length)
  }

  drop(thread: Thread, word: number): void {
    wordDrop(thread, word)
  }

  write({ f64 }: SharedMemory, at: number, value: unknown): boolean {
    if (!this.fits(value)) return false
    f64[at >> 3] = value
    return true
  }

  read({ f64 }: SharedMemory, at: number): number {
    return f64[at >> 3]
  }
}

/** Its values never pass the border of WebAssembly, where a bigint costs far more than in a view of memory. */
class Int64Element extends ScalarElement<bigint> {
  readonly contents: Contents = CELLS
  readonly typeName = 'bigint'
  readonly range = 'a bigint from -9223372036854775808n to 9223372036854775807n'

  fits(value: unknown): value is bigint {
    return typeof value === 'bigint' && BigInt.asIntN(64, value) === value
  }

  toWord(thread: Thread, value: unknown, root: string): number {
    const accepted = this.accept(value, root)
    const cell = thread.allocate(8)
    thread.memory.i64[cell >> 3] = accepted
    return cell
  }

  take(thread: Thread, cell: number): bigint {
    thread.memory.reach(cell + 8)
    const value = thread.memory.i64[cell >> 3]
    thread.free(cell)
    return value
  }

  drop(thread: Thread, cell: number): void {
    thread.free(cell)
  }

  write({ i64 }: SharedMemory, at: number, value: unknown): boolean {
    if (!this.fits(value)) return false
    i64[at >> 3] = value
    return true
  }

  read({ i64 }: SharedMemory, at: number): bigint {
    return i64[at >> 3]
  }
}

export const i32: TypedElement = new Int32Element('i32', 4)
export const u32: TypedElement = new Uint32Element('u32', 4)
export const i64: TypedElement = new Int64Element('i64', 8)
export const f64: TypedElement = new Float64Element('f64', 8)
export const bool: TypedElement = new BoolElement('bool', 1)
