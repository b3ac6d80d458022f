// What an object is beneath its prototype. Telling by `constructor` or `toString` alone would let a Map in
// disguise cross as {}, and an own class named Map be taken for one.

export type Builtin = 'Map' | 'Set' | 'Date' | 'RegExp' | 'ArrayBuffer' | 'Boxed' | 'Error'

export interface Nature {
  /** The built-in that the object is of, or extends. */
  builtin?: Builtin
  /** Why no object of this prototype can cross. */
  refusal?: string
  /** Why an object of this prototype that has no properties to copy cannot cross. */
  refusalIfEmpty?: string
}

const getter = (prototype: object, name: string): (() => unknown) =>
  Object.getOwnPropertyDescriptor(prototype, name)!.get as () => unknown

// Each throws unless `this` truly is one.
const brands: Record<Exclude<Builtin, 'Boxed' | 'Error'>, () => unknown> = {
  Map: getter(Map.prototype, 'size'),
  Set: getter(Set.prototype, 'size'),
  Date: Date.prototype.getTime,
  RegExp: getter(RegExp.prototype, 'source'),
  ArrayBuffer: getter(ArrayBuffer.prototype, 'byteLength'),
}

const builtins: Record<string, Builtin> = {
  Error: 'Error',
  DOMException: 'Error',
  Map: 'Map',
  Set: 'Set',
  Date: 'Date',
  RegExp: 'RegExp',
  ArrayBuffer: 'ArrayBuffer',
  Number: 'Boxed',
  String: 'Boxed',
  Boolean: 'Boxed',
  BigInt: 'Boxed',
}

const tagOf = (value: object): string => Object.prototype.toString.call(value).slice(8, -1)

/** Whether an object truly is the built-in that its prototype promises. */
export function isGenuine(value: object, builtin: Builtin): boolean {
  if (builtin === 'Error') return true // whoever extends Error means one
  if (builtin === 'Boxed') return unbox(value) !== undefined
  try {
    brands[builtin].call(value as never)
    return true
  } catch {
    return false
  }
}

const unboxers = [Number, String, Boolean, BigInt].map(Class => Class.prototype.valueOf as () => unknown)

/** The primitive in a `Number`, `String`, `Boolean` or `BigInt` object; undefined when it is none. */
export function unbox(value: object): unknown {
  for (const unboxAs of unboxers) {
    try {
      return unboxAs.call(value)
    } catch {
      // One of the others.
    }
  }
  return undefined
}

const natures = new WeakMap<object, Nature>()

/** The nature of a class instance, remembered by its prototype. */
export function natureOf(value: object, prototype: object): Nature {
  let nature = natures.get(prototype)
  if (nature === undefined) {
    nature = findNature(value, prototype)
    natures.set(prototype, nature)
  }
  return nature
}

function findNature(value: object, prototype: object): Nature {
  for (const [name, builtin] of Object.entries(builtins)) {
    if (inherits(value, globalNamed(name)?.prototype)) return { builtin }
  }
  const tag = tagOf(value)
  const builtin = builtins[tag] // another realm's
  if (builtin !== undefined && isGenuine(value, builtin)) return { builtin }
  const host = hostClassOf(prototype)
  if (host !== undefined) return { refusal: `it is ${article(host)}${cures[host] ?? ''}` }
  for (const iterator of iteratorPrototypes) {
    if (inherits(value, iterator)) return { refusal: `it is ${article(tag)}` }
  }
  // Of a host's class without a global name, such as KeyObject, or so private that its copy would be {}.
  return tag === 'Object' ? {} : { refusalIfEmpty: `it is ${article(tag)}, of which nothing can be copied` }
}

const cures: Record<string, string> = {
  Promise: '; await it first',
  SharedArrayBuffer: '; use sharedArray() for memory that threads share',
}

export const SHARED_BUFFER = `it is over a SharedArrayBuffer${cures.SharedArrayBuffer}`

const article = (noun: string): string => `${/^[AEIO]/.test(noun) ? 'an' : 'a'} ${noun}`

// Of all iterators, generators and their helpers; only some hosts have a global `Iterator`.
const iteratorPrototypes: object[] = [
  Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())),
  Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}.prototype)),
]

// What a prototype chain inherits of the host or the language: WebIDL gives every interface its name as
// tag, and so does ECMAScript. State of such an object is in slots that no copy of its properties has.
function hostClassOf(prototype: object): string | undefined {
  for (let at = prototype; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    const tag: unknown = Object.getOwnPropertyDescriptor(at, Symbol.toStringTag)?.value
    if (typeof tag === 'string' && globalNamed(tag)?.prototype === at) return tag
    // Node marks so what only its own postMessage can copy or move: FileHandle, BlockList, …
    if (Object.getOwnPropertySymbols(at).some(symbol => symbol.description?.startsWith('messaging_'))) {
      return prototype.constructor?.name || 'host object'
    }
  }
  return undefined
}

const inherits = (value: object, prototype: unknown): boolean =>
  typeof prototype === 'object' && prototype !== null && Object.prototype.isPrototypeOf.call(prototype, value)

type Global = { prototype?: unknown; [name: string]: unknown }

function globalNamed(path: string): Global | undefined {
  let at = globalThis as unknown as Global | undefined
  for (const name of path.split('.')) at = at?.[name] as Global | undefined
  return at ?? undefined
}
