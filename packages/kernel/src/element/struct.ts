import { CELLS, type Contents, type Description } from '../element.js'
import type { SharedMemory } from '../memory.js'
import type { Thread } from '../thread.js'
import { printed, TypedElement } from './typed.js'

type Values = Record<string, unknown>

interface Field {
  readonly name: string
  readonly type: TypedElement
  /** Bytes from the start of the struct. */
  readonly offset: number
}

/**
 * Fields of fixed types, which lie in a cell as in C: in their order, each at the next multiple of its alignment (1 for bool, 4 for
 * i32 and u32, 8 for i64 and f64, that of its widest field for a struct); the whole is rounded up to its own.
 *
 *   struct({ ok: bool, n: i32, x: f64, last: bool })      0 ok   4 n   8 x   16 last   24 bytes
 */
export class StructElement extends TypedElement {
  readonly name = 'struct'
  readonly description: Description
  readonly contents: Contents = CELLS
  readonly bytes: number
  readonly alignment: number
  readonly #fields: readonly Field[]

  /** @throws {TypeError} A field's type is none, or its name is `__proto__`, which a plain object cannot have. */
  constructor(types: { readonly [name: string]: unknown }) {
    super()
    const fields: Field[] = []
    const description: Record<string, Description> = {}
    let end = 0
    let alignment = 1
    for (const name of Object.keys(types)) {
      const type = types[name]
      if (name === '__proto__') throw new TypeError('struct: a field cannot be named __proto__')
      if (!(type instanceof TypedElement)) {
        throw new TypeError(
          `struct: the type of field ${JSON.stringify(name)} must be i32, u32, i64, f64, bool or a struct, got ${printed(type)}`,
        )
      }
      const offset = roundUp(end, type.alignment)
      fields.push({ name, type, offset })
      description[name] = type.description
      end = offset + type.bytes
      alignment = Math.max(alignment, type.alignment)
    }
    this.#fields = fields
    this.description = description
    this.alignment = alignment
    this.bytes = roundUp(end, alignment)
  }

  /** A copy with the fields of the type and no others: a struct is a value, on one thread too. */
  accept(value: unknown, root: string): Values {
    if (!isObject(value))
      throw new TypeError(`${root} must be a struct (${this.#print()}), got ${printed(value)}`)
    const copy: Values = {}
    for (const { name, type } of this.#fields) copy[name] = type.accept(value[name], `${root}.${name}`)
    return copy
  }

  toWord(thread: Thread, value: unknown, root: string): number {
    const cell = thread.allocate(this.bytes)
    let fits = false
    try {
      fits = this.write(thread.memory, cell, value)
    } finally {
      if (!fits) thread.free(cell) // also when a getter threw
    }
    if (fits) return cell
    throw this.refusal(value, root)
  }

  take(thread: Thread, cell: number): Values {
    thread.memory.reach(cell + this.bytes)
    const value = this.read(thread.memory, cell)
    thread.free(cell)
    return value
  }

  drop(thread: Thread, cell: number): void {
    thread.free(cell)
  }

  write(memory: SharedMemory, at: number, value: unknown): boolean {
    if (!isObject(value)) return false
    const fields = this.#fields
    for (let i = 0; i < fields.length; i++) {
      const { name, type, offset } = fields[i]
      if (!type.write(memory, at + offset, value[name])) return false
    }
    return true
  }

  read(memory: SharedMemory, at: number): Values {
    const value: Values = {}
    const fields = this.#fields
    for (let i = 0; i < fields.length; i++) {
      const { name, type, offset } = fields[i]
      value[name] = type.read(memory, at + offset)
    }
    return value
  }

  #print(): string {
    return `{ ${this.#fields.map(({ name, type }) => `${name}: ${type.name}`).join(', ')} }`
  }

  refusal(value: unknown, path: string): Error {
    try {
      this.accept(value, path)
    } catch (error) {
      return error as Error
    }
    return new TypeError(`${path} must not change while it is read`)
  }
}

const isObject = (value: unknown): value is Values => typeof value === 'object' && value !== null

const roundUp = (bytes: number, alignment: number): number => (bytes + alignment - 1) & -alignment
