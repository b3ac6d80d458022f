import * as kernel from '@millrace/kernel'
import { StructElement, TypedElement } from '@millrace/kernel'

// What the values of a typed channel can be. Go declares the element type of every channel; here it is worth it where values
// are numbers: they cross to another thread without being encoded, and nothing but the value itself is made on either side.

declare const VALUE: unique symbol

/** What the values of a channel are: `i32`, `u32`, `i64`, `f64`, `bool` or a `struct`. */
export interface ElementType<out T> {
  /** As one writes it: `i32`. */
  readonly name: string
  /** Bytes of a field of this type in a struct. */
  readonly bytes: number
  readonly [VALUE]: T
}

const typeOf = <T>(element: TypedElement): ElementType<T> => element as unknown as ElementType<T>

/** A whole number from -2_147_483_648 to 2_147_483_647; -0 becomes 0. It needs no memory beside its slot. Go's int32. */
export const i32: ElementType<number> = typeOf(kernel.i32)

/** A whole number from 0 to 4_294_967_295; -0 becomes 0. It needs no memory beside its slot. Go's uint32. */
export const u32: ElementType<number> = typeOf(kernel.u32)

/** A bigint from -(2n ** 63n) to 2n ** 63n - 1n. 16 bytes beside its slot, once other threads know the channel. Go's int64. */
export const i64: ElementType<bigint> = typeOf(kernel.i64)

/** Any number, NaN, -0 and the infinities included. 16 bytes beside its slot, unless it is a whole number of up to 31 bits. Go's float64. */
export const f64: ElementType<number> = typeOf(kernel.f64)

/** `true` or `false`, and nothing that is merely truthy. It needs no memory beside its slot. Go's bool. */
export const bool: ElementType<boolean> = typeOf(kernel.bool)

/** The value that a struct of these fields is. */
export type StructOf<F extends Fields> = { [K in keyof F]: F[K] extends ElementType<infer T> ? T : never }

/** The fields of a struct, by name. */
export interface Fields {
  readonly [name: string]: ElementType<unknown>
}

/**
 * A plain object with these fields, each of its type. Go's struct.
 *
 * A struct is a value, as in Go: what is received is a copy with these fields, in this order, and no others, also where both sides are
 * on one thread. A field that is missing, or does not fit, is refused with its path (`value.at.x`). Fields may be structs.
 *
 * Once other threads know the channel, a value takes a cell beside its slot: the fields lie as in C, each at a multiple of its
 * size (1 byte for bool, 4 for i32 and u32, 8 for i64 and f64).
 *
 * @throws {TypeError} A field's type is none, or its name is `__proto__`.
 *
 * @example
 * const points = chan(4, struct({ x: f64, y: f64 }))
 * await points.send({ x: 1, y: 0.5 })
 * await points.receive() // => { x: 1, y: 0.5 }
 */
export function struct<F extends Fields>(fields: F): ElementType<StructOf<F>> {
  if (typeof fields !== 'object' || fields === null)
    throw new TypeError('struct: the fields must be an object')
  return typeOf(new StructElement(fields))
}

/** @throws {TypeError} `type` is none. */
export function elementOfType(type: ElementType<unknown>): TypedElement {
  if (type instanceof TypedElement) return type
  throw new TypeError(
    'chan: the second argument must be an element type: i32, u32, i64, f64, bool or struct({ … })',
  )
}
