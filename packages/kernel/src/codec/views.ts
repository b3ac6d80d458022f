// The classes of views of a buffer, in an order that is the same in all threads.

export type ViewClass = new (buffer: ArrayBuffer, offset: number, length: number) => ArrayBufferView

// Float16Array is young, and so the last: where it is missing the others have the same numbers.
const NAMES = [
  ...'Int8 Uint8 Uint8Clamped Int16 Uint16 Int32 Uint32 BigInt64 BigUint64 Float32 Float64'
    .split(' ')
    .map(type => `${type}Array`),
  'DataView',
  'Float16Array',
]

const classes = NAMES.map(name => (globalThis as Record<string, unknown>)[name] as ViewClass | undefined)
const numbers = new Map(NAMES.map((name, number) => [name, number]))

const typedArrayName = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)!.get as () => string | undefined

/** The name of the class that it truly is of, or extends. */
export const viewName = (view: ArrayBufferView): string => typedArrayName.call(view) ?? 'DataView'

export const viewNumber = (view: ArrayBufferView): number => numbers.get(viewName(view))!

export const viewClassNamed = (name: unknown): ViewClass => viewClassOf(numbers.get(name as string)!)

export const viewClassOf = (number: number): ViewClass => classes[number]!
