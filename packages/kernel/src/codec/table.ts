// The table: how a value crosses that is more than a tree.
//
// Every object of the value is one node, and node 0 is the whole. A node that is a plain object stands for
// a plain object with the same keys. Any other node is an array, its tag first. Inside a node a primitive
// stands for itself and [n] for whatever node n describes, so sharing and cycles are numbers, and no depth
// of nesting deepens the table.
//
//   { job: job, done: -0 }     [ { job: [1], done: [2] }, { id: 7, parent: [0] }, [MINUS_ZERO] ]
//   where job.parent is the
//   whole again

export const ARRAY = 0 // items: an array of children
export const SPARSE = 1 // length, then key and child in turn: holes, or properties beside the items
export const PAIRS = 2 // key and child in turn: a plain object whose keys the packer would spoil
export const MAP = 3 // key and child in turn, both children
export const SET = 4 // children
export const DATE = 5 // milliseconds
export const REGEXP = 6 // source, flags
export const BYTES = 7 // bytes, offset of the first one in the original buffer, maximum length or 0
export const VIEW = 8 // class, buffer, offset in the original buffer, length in items
export const BOXED = 9 // the primitive
// native class, code of ours or DOMException's name or null, message, stack, count of hidden pairs, then
// key and child in turn
export const ERROR = 10
export const SHARED = 11 // kind, payload
export const TEXT = 12 // UTF-16 code units, low byte first
export const MINUS_ZERO = 13
// as BYTES, but with the place of the bytes beside the table instead of the bytes, and their length last
export const LOOSE = 14

export type Tagged = [tag: number, ...unknown[]]
export type Node = Tagged | Record<string, unknown>
export type Reference = [node: number]

/** Where the key and child pairs of a node begin, by tag; undefined when it has none. */
export function firstPair(tag: number): number | undefined {
  switch (tag) {
    case PAIRS:
    case MAP:
      return 1
    case SPARSE:
      return 2
    case ERROR:
      return 6
    default:
      return undefined
  }
}

/** Objects with more keys than this are not worth being told apart by them. */
export const WIDE = 32

// What the packer gets wrong, so that it must not see it: half a surrogate pair becomes U+FFFD, and a byte
// order mark at the start of a long string is lost.
export function isPlainText(text: string): boolean {
  return text.isWellFormed() && text.charCodeAt(0) !== 0xfeff
}

// `__proto__` is renamed by the packer, and `__keys__` collides with a field of its own.
export function isPlainKey(key: string): boolean {
  return isPlainText(key) && key !== '__proto__' && key !== '__keys__'
}

export function codeUnits(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    bytes[2 * i] = unit & 0xff
    bytes[2 * i + 1] = unit >> 8
  }
  return bytes
}

export function textOf(bytes: Uint8Array): string {
  let text = ''
  const units: number[] = []
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    units.push(bytes[i]! | (bytes[i + 1]! << 8))
    if (units.length === 4096) {
      text += String.fromCharCode(...units)
      units.length = 0
    }
  }
  return text + String.fromCharCode(...units)
}
