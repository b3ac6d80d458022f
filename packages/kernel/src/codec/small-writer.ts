import { isGenuine } from './builtin.js'
import { FEWEST_LOOSE, Loose } from './loose.js'
import { SHARE } from './share.js'
import * as small from './small.js'
import { newScratch, type Scratch, SMALL } from './small.js'
import { isMatch } from './tree.js'
import { viewNumber } from './views.js'

const DEEPEST = 100
/** Comparing with a few beats hashing them. */
const FEW = 16
/** Text with more units than this is written by the host, which costs more to begin with and less for each. */
const LONG = 40
/** What takes no more need not ask for room: a short text, and anything else that is not made of values. */
const MARGIN = 2 * LONG + 16

type Writes = (text: string, at: number, room: number) => number

/**
 * Writes the small form (codec/small.ts). It tests as it goes: whatever is not a plain tree, or has a getter that throws, is not for
 * it, and left to the general form, which asks all getters again. A getter may do anything, which includes sending something else.
 */
export class SmallWriter {
  readonly scratch: Scratch = newScratch()
  /** What goes beside the bytes of the scratch. */
  readonly loose = new Loose()
  private readonly bytes = this.scratch.bytes
  private readonly view = this.scratch.view
  private readonly hostWrites: Writes = writesTo(this.bytes)
  private at = 0
  private metCount = 0
  private readonly few: (object | undefined)[] = new Array(FEW).fill(undefined)
  private readonly many = new Set<object>()

  /** Answers how many bytes of the scratch `value` takes: 0 if it is not for this form. */
  write(value: unknown): number {
    this.at = 0
    this.loose.clear()
    try {
      if (this.value(value, 0) && this.loose.isWhole()) return this.at
    } catch {
      // A getter threw: the general form tells where.
    } finally {
      this.forget()
    }
    this.loose.clear() // they are somebody else's
    return 0
  }

  private forget(): void {
    for (let i = 0; i < this.metCount && i < FEW; i++) this.few[i] = undefined
    if (this.metCount > FEW) this.many.clear()
    this.metCount = 0
  }

  private value(value: unknown, depth: number): boolean {
    if (this.at > SMALL - MARGIN) return false
    switch (typeof value) {
      case 'string':
        return this.text(value)
      case 'number':
        return this.number(value)
      case 'boolean':
        return this.tag(value ? small.TRUE : small.FALSE)
      case 'undefined':
        return this.tag(small.UNDEFINED)
      case 'object':
        return value === null ? this.tag(small.NULL) : this.object(value, depth)
      default:
        return false
    }
  }

  private tag(tag: number): boolean {
    this.bytes[this.at++] = tag
    return true
  }

  private number(value: number): boolean {
    if ((value | 0) !== value || Object.is(value, -0)) {
      this.bytes[this.at] = small.FLOAT
      this.view.setFloat64(this.at + 1, value, true)
      this.at += 9
    } else if (value >= 0 && value < 128) {
      this.bytes[this.at++] = value
    } else {
      this.bytes[this.at] = small.INTEGER
      this.view.setInt32(this.at + 1, value, true)
      this.at += 5
    }
    return true
  }

  private length(length: number): void {
    if (length >= 128) this.bytes[this.at++] = 128 | (length >> 8)
    this.bytes[this.at++] = length & 255
  }

  private text(text: string): boolean {
    const { length } = text
    if (length > LONG) return this.longText(text, SMALL - MARGIN - this.at)
    const start = this.at
    this.bytes[start] = small.ASCII
    this.bytes[start + 1] = length
    this.at = start + 2
    const all = this.units(text)
    if (all < 128) return true
    if (all < 256) this.bytes[start] = small.LATIN1
    else this.wideText(text, start)
    return true
  }

  private longText(text: string, room: number): boolean {
    const { bytes, at: start } = this
    // What does not fit is left out, but no more than three bytes of the room stay empty then.
    const written = this.hostWrites(text, start + 3, room + 4)
    if (written > room) return false
    if (written === text.length) bytes[start] = small.ASCII
    else if (text.isWellFormed()) bytes[start] = small.UTF8
    else return false
    bytes[start + 1] = 128 | (written >> 8)
    bytes[start + 2] = written & 255
    this.at = start + 3 + written
    return true
  }

  /** Writes the low byte of each unit. Answers all units, or-ed. */
  private units(text: string): number {
    const { bytes } = this
    let at = this.at
    let all = 0
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      all |= unit
      bytes[at++] = unit
    }
    this.at = at
    return all
  }

  private wideText(text: string, start: number): void {
    const { bytes } = this
    bytes[start] = small.UTF16
    let at = start + 2
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      bytes[at++] = unit
      bytes[at++] = unit >> 8
    }
    this.at = at
  }

  private object(object: object, depth: number): boolean {
    const prototype = Object.getPrototypeOf(object)
    if (prototype === Array.prototype) {
      return depth < DEEPEST && Array.isArray(object) && this.isNew(object) && this.array(object, depth)
    }
    if (prototype !== null && prototype !== Object.prototype)
      return ArrayBuffer.isView(object) && this.bufferView(object)
    if (prototype !== null && hasInherited()) return false
    return depth < DEEPEST && this.isNew(object) && this.properties(object, depth)
  }

  private array(array: unknown[], depth: number): boolean {
    const { length } = array
    if (length >= SMALL || isMatch(array)) return false
    this.bytes[this.at++] = small.ARRAY
    this.length(length)
    for (let i = 0; i < length; i++) {
      const item = array[i]
      if ((item === undefined && !(i in array)) || !this.value(item, depth + 1)) return false
    }
    return true
  }

  private properties(object: object, depth: number): boolean {
    const start = this.at
    this.bytes[start] = small.OBJECT
    this.at = start + 3
    let count = 0
    for (const key in object) {
      if (!this.key(key) || !this.value((object as Record<string, unknown>)[key], depth + 1)) return false
      count++
    }
    this.bytes[start + 1] = count & 255
    this.bytes[start + 2] = count >> 8
    return true
  }

  private key(key: string): boolean {
    const { length } = key
    if (length > 127 || this.at + length > SMALL - MARGIN || key === '__proto__') return false
    this.bytes[this.at++] = length
    return this.units(key) < 256
  }

  /** A view of a buffer that nothing else of the message has led to. The others are told apart by the general form. */
  private bufferView(view: ArrayBufferView): boolean {
    const { buffer, byteOffset, byteLength } = view
    if (SHARE in view || byteLength === 0 || !isFixed(buffer) || !this.isNew(buffer)) return false
    const offset = byteOffset % 8 // keeps the alignment
    const bytes = new Uint8Array(buffer, byteOffset - offset, offset + byteLength)
    const isLoose = bytes.length >= FEWEST_LOOSE
    if (!isLoose && this.at + bytes.length > SMALL - MARGIN) return false
    this.bytes[this.at] = small.VIEW
    this.bytes[this.at + 1] = viewNumber(view)
    this.bytes[this.at + 2] = offset
    this.view.setUint32(this.at + 3, bytes.length, true)
    this.at += 7
    if (isLoose) {
      this.view.setUint32(this.at, this.loose.add(bytes), true)
      this.at += 4
    } else {
      this.bytes.set(bytes, this.at)
      this.at += bytes.length
    }
    return true
  }

  private isNew(object: object): boolean {
    const { few, many } = this
    const count = this.metCount++
    if (count < FEW) {
      for (let i = 0; i < count; i++) if (few[i] === object) return false
      few[count] = object
      return true
    }
    if (count === FEW) for (const one of few) many.add(one!)
    return many.size < many.add(object).size
  }
}

/** Whether it is an ArrayBuffer of one size. A view of another changes with it. */
function isFixed(buffer: ArrayBufferLike): buffer is ArrayBuffer {
  return buffer instanceof ArrayBuffer && isGenuine(buffer, 'ArrayBuffer') && !buffer.resizable
}

/** Whether all plain objects have properties that somebody has given their prototype. */
function hasInherited(): boolean {
  for (const _ in Object.prototype) return true
  return false
}

/** How the host writes text as UTF-8, and no character in part. Answers how many bytes. */
function writesTo(bytes: Uint8Array): Writes {
  const { utf8Write } = bytes as { utf8Write?: Writes }
  if (typeof utf8Write === 'function') return utf8Write.bind(bytes)
  const encoder = new TextEncoder()
  return (text, at, room) => encoder.encodeInto(text, bytes.subarray(at, at + room)).written
}
