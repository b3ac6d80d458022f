import { FEWEST_LOOSE, NO_BYTES, takeLoose } from './loose.js'
import * as small from './small.js'
import { newScratch, type Scratch } from './small.js'
import { viewClassOf } from './views.js'

/** Up to so many units, a text is made from its units sooner than by the host. */
const SHORT = 8
const KEYS = 1024

const { fromCharCode } = String
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
const keys: (string | undefined)[] = new Array(KEYS).fill(undefined)

type Slice = (start: number, end: number) => string

/** Reads the small form (codec/small.ts). */
export class SmallReader {
  readonly scratch: Scratch = newScratch()
  private readonly bytes = this.scratch.bytes
  private readonly view = this.scratch.view
  private readonly ascii = asciiOf(this.bytes)
  private at = 0
  private loose = NO_BYTES

  /** The value at the beginning of the scratch. `loose` went beside it. */
  read(loose: Uint8Array = NO_BYTES): unknown {
    this.at = 0
    this.loose = loose
    try {
      return this.value()
    } finally {
      this.loose = NO_BYTES
    }
  }

  private value(): unknown {
    const tag = this.bytes[this.at++]
    if (tag < 128) return tag
    switch (tag) {
      case small.NULL:
        return null
      case small.UNDEFINED:
        return undefined
      case small.TRUE:
        return true
      case small.FALSE:
        return false
      case small.INTEGER:
        return this.view.getInt32((this.at += 4) - 4, true)
      case small.FLOAT:
        return this.view.getFloat64((this.at += 8) - 8, true)
      case small.ARRAY:
        return this.array()
      case small.OBJECT:
        return this.object()
      case small.VIEW:
        return this.bufferView()
      default:
        return this.text(tag)
    }
  }

  private length(): number {
    const first = this.bytes[this.at++]
    return first < 128 ? first : ((first & 127) << 8) | this.bytes[this.at++]
  }

  private text(tag: number): string {
    const length = this.length()
    const start = this.at
    const end = start + (tag === small.UTF16 ? 2 * length : length)
    this.at = end
    switch (tag) {
      case small.ASCII:
        return length <= SHORT ? shortText(this.bytes, start, length) : this.ascii(start, end)
      case small.LATIN1:
        return textOf(this.bytes, start, end, 1)
      case small.UTF16:
        return textOf(this.bytes, start, end, 2)
      default:
        return utf8.decode(this.bytes.subarray(start, end))
    }
  }

  private array(): unknown[] {
    const length = this.length()
    const array = new Array<unknown>(length)
    for (let i = 0; i < length; i++) array[i] = this.value()
    return array
  }

  private object(): object {
    const count = this.bytes[this.at] | (this.bytes[this.at + 1] << 8)
    this.at += 2
    const object: Record<string, unknown> = {}
    for (let i = 0; i < count; i++) object[this.key()] = this.value()
    return object
  }

  private bufferView(): unknown {
    const Class = viewClassOf(this.bytes[this.at])
    const offset = this.bytes[this.at + 1]
    const size = this.view.getUint32(this.at + 2, true)
    this.at += 6
    const { buffer } = size >= FEWEST_LOOSE ? this.looseBytes(size) : this.ownBytes(size)
    const itemSize = (Class as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1
    return new Class(buffer, offset, (size - offset) / itemSize)
  }

  private looseBytes(size: number): Uint8Array<ArrayBuffer> {
    const place = this.view.getUint32((this.at += 4) - 4, true)
    return takeLoose(this.loose, place, size)
  }

  private ownBytes(size: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(size)
    bytes.set(this.bytes.subarray(this.at, (this.at += size)))
    return bytes
  }

  /** Keys come again and again: one that is known already need not be made. */
  private key(): string {
    const { bytes } = this
    const length = bytes[this.at++]
    const start = this.at
    const end = start + length
    this.at = end
    if (length === 0) return ''
    const hash =
      (31 * length + 7 * bytes[start] + 3 * bytes[end - 1] + 61 * bytes[start + (length >> 1)]) % KEYS
    const known = keys[hash]
    if (known !== undefined && known.length === length) {
      let i = 0
      while (i < length && known.charCodeAt(i) === bytes[start + i]) i++
      if (i === length) return known
    }
    return (keys[hash] = length <= SHORT ? shortText(bytes, start, length) : textOf(bytes, start, end, 1))
  }
}

function shortText(b: Uint8Array, i: number, length: number): string {
  switch (length) {
    case 0:
      return ''
    case 1:
      return fromCharCode(b[i])
    case 2:
      return fromCharCode(b[i], b[i + 1])
    case 3:
      return fromCharCode(b[i], b[i + 1], b[i + 2])
    case 4:
      return fromCharCode(b[i], b[i + 1], b[i + 2], b[i + 3])
    case 5:
      return fromCharCode(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4])
    case 6:
      return fromCharCode(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5])
    case 7:
      return fromCharCode(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6])
    default:
      return fromCharCode(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7])
  }
}

function textOf(bytes: Uint8Array, start: number, end: number, size: 1 | 2): string {
  const units: number[] = []
  for (let at = start; at < end; at += size)
    units.push(size === 1 ? bytes[at] : bytes[at] | (bytes[at + 1] << 8))
  return fromCharCode.apply(undefined, units)
}

function asciiOf(bytes: Uint8Array): Slice {
  const { latin1Slice } = bytes as { latin1Slice?: Slice }
  if (typeof latin1Slice === 'function') return latin1Slice.bind(bytes)
  return (start, end) => utf8.decode(bytes.subarray(start, end))
}
