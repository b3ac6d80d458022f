// A value as one word of shared memory: see assembly/cells.ts for the forms. A word that stands for a block owns it:
// it must be taken (wordTake) or dropped (wordDrop) exactly once.

import { aligned, Loose } from './codec/loose.js'
import { copyIn, copyOut } from './codec/small.js'
import { SmallReader } from './codec/small-reader.js'
import { SmallWriter } from './codec/small-writer.js'
import { decode, encode, type Message } from './codec.js'
import { BugError } from './errors.js'
import type { SharedMemory } from './memory.js'
import type { Thread } from './thread.js'

const FLOAT = 1
const PACKED = 2
const REFERRING = 3
const SMALL = 4
const BESIDE = 5
const HEADER = 8
/** Of a block with bytes beside it: contents in shared memory are to be aligned, as loose bytes are. */
const BESIDE_HEADER = 16
/** No block is smaller, so this much of one can be read before its length is known. */
const SMALLEST = 16

const UNDEFINED = 0x02
const NULL = 0x12
const TRUE = 0x22
const FALSE = 0x32
/** Stands for an OutOfSharedMemoryError when there is no memory left to say so. */
export const OUT_OF_MEMORY = 0x42

/**
 * Puts a value into a word.
 *
 * @param message As of `encode`.
 * @throws {DataCloneError} It cannot cross; the path begins with `root`.
 * @throws {OutOfSharedMemoryError}
 */
export function wordOf(thread: Thread, value: unknown, root?: string, message?: Message): number {
  if (typeof value === 'number') return wordOfNumber(thread, value)
  if (value === undefined) return UNDEFINED
  if (value === null) return NULL
  if (value === true) return TRUE
  if (value === false) return FALSE
  const small = smallWordOf(thread, value)
  if (small !== 0) return small
  const references: number[] = []
  const loose = new Loose()
  return pack(thread, encode(value, root, references, loose, message), references, loose)
}

/** @throws {OutOfSharedMemoryError} */
export function wordOfNumber(thread: Thread, value: number): number {
  // A whole number of 31 bits, and not -0.
  if ((value << 1) >> 1 === value && (value !== 0 || 1 / value > 0)) return (value << 1) | 1
  const cell = thread.kernel.floatCreate(thread.id, value)
  if (cell === 0) throw thread.outOfMemory(16)
  return cell
}

/** The number in a float's cell, which is freed. */
export function floatTake(thread: Thread, cell: number): number {
  return thread.kernel.floatTake(thread.id, cell)
}

/** Whether `wordOf` would have to pack it. */
export function mustBePacked(value: unknown): boolean {
  return (typeof value === 'object' && value !== null) || typeof value === 'string'
}

// A writer that is at work is not here: whoever sends from within a getter makes another.
let idleWriter: SmallWriter | undefined
let idleReader: SmallReader | undefined

/** A word for a value that the small form is for; 0 for any other. @throws {OutOfSharedMemoryError} */
function smallWordOf(thread: Thread, value: unknown): number {
  const writer = idleWriter ?? new SmallWriter()
  idleWriter = undefined
  const length = writer.write(value)
  idleWriter = writer
  if (length === 0) return 0
  if (writer.loose.length > 0) return besideWordOf(thread, writer, length)
  const block = thread.allocate(HEADER + length)
  const { memory } = thread
  memory.i32[block >> 2] = SMALL
  memory.i32[(block >> 2) + 1] = length
  copyOut(writer.scratch, length, memory, block + HEADER)
  return block
}

function besideWordOf(thread: Thread, { scratch, loose }: SmallWriter, length: number): number {
  try {
    const beside = aligned(BESIDE_HEADER + length)
    const block = thread.allocate(beside + loose.length)
    const { memory } = thread
    const { i32, u8 } = memory
    i32[block >> 2] = BESIDE
    i32[(block >> 2) + 1] = length
    i32[(block >> 2) + 2] = loose.length
    copyOut(scratch, length, memory, block + BESIDE_HEADER)
    loose.copyTo(u8, block + beside)
    return block
  } finally {
    loose.clear() // or the sender's buffers would live until the next message
  }
}

/** The value of a block in the small form, which `isMine` if it is to be freed. */
function readSmall(thread: Thread, block: number, isMine: boolean): unknown {
  const { memory } = thread
  const length = memory.i32[(block >> 2) + 1]
  memory.reach(block + HEADER + length)
  const reader = idleReader ?? new SmallReader()
  idleReader = undefined
  copyIn(reader.scratch, length, memory, block + HEADER)
  if (isMine) thread.free(block)
  try {
    return reader.read()
  } finally {
    idleReader = reader
  }
}

/** The same of one with bytes beside it, which are read where they are. */
function readBeside({ memory }: Thread, block: number): unknown {
  const length = memory.i32[(block >> 2) + 1]
  const loose = bytesAt(memory, block + aligned(BESIDE_HEADER + length), memory.i32[(block >> 2) + 2])
  const reader = idleReader ?? new SmallReader()
  idleReader = undefined
  copyIn(reader.scratch, length, memory, block + BESIDE_HEADER)
  try {
    return reader.read(loose)
  } finally {
    idleReader = reader
  }
}

/** A block of what `encode` answered: as it is; or, if anything goes with it, behind {count, object[count], bytes beside}. */
function pack(thread: Thread, bytes: Uint8Array, references: readonly number[], loose: Loose): number {
  const count = references.length
  const isPlain = count === 0 && loose.length === 0
  const header = isPlain ? HEADER : HEADER + 8 + 4 * count
  const end = aligned(header + bytes.length)
  let block: number
  try {
    block = thread.allocate(end + loose.length)
  } catch (error) {
    for (const object of references) thread.kernel.referenceDrop(thread.id, object)
    throw error
  }
  const { i32, u8 } = thread.memory
  const first = block >> 2
  i32[first] = isPlain ? PACKED : REFERRING
  i32[first + 1] = bytes.length
  if (!isPlain) {
    i32[first + 2] = count
    i32.set(references, first + 3)
    i32[first + 3 + count] = loose.length
  }
  u8.set(bytes, block + header)
  loose.copyTo(u8, block + end)
  return block
}

/** The value of a word, whose block is freed. */
export function wordTake(thread: Thread, word: number): unknown {
  return word & 1 ? word >> 1 : otherTake(thread, word)
}

/** … that is no small whole number: apart, so that the engine may put the rest where it is called. */
function otherTake(thread: Thread, word: number): unknown {
  switch (word) {
    case UNDEFINED:
      return undefined
    case NULL:
      return null
    case TRUE:
      return true
    case FALSE:
      return false
    case OUT_OF_MEMORY:
      return thread.outOfMemory(HEADER)
  }
  const { memory } = thread
  memory.reach(word + SMALLEST)
  const format = memory.i32[word >> 2]
  if (format === SMALL) return readSmall(thread, word, true)
  if (format === FLOAT) return thread.kernel.floatTake(thread.id, word)
  try {
    return unpack(thread, word)
  } finally {
    thread.free(word)
  }
}

/** The value of a word that several threads may read: its block stays. References inside the value are not for this. */
export function wordPeek(thread: Thread, word: number): unknown {
  if ((word & 15) !== 0) return wordTake(thread, word)
  const { memory } = thread
  memory.reach(word + SMALLEST)
  const format = memory.i32[word >> 2]
  if (format === SMALL) return readSmall(thread, word, false)
  if (format === FLOAT) return new DataView(memory.u8.buffer).getFloat64(word + HEADER, true)
  return unpack(thread, word)
}

/** The value of a block that is in one of the general forms, or has bytes beside it. The block stays. */
function unpack(thread: Thread, word: number): unknown {
  const { memory } = thread
  const first = word >> 2
  const format = memory.i32[first]
  if (format === BESIDE) return readBeside(thread, word)
  if (format !== PACKED && format !== REFERRING)
    throw new BugError(`a block of unknown format ${format} arrived`)
  const length = memory.i32[first + 1]
  if (format === PACKED) return decode(bytesAt(memory, word + HEADER, length))
  const count = memory.i32[first + 2]
  const header = HEADER + 8 + 4 * count
  memory.reach(word + header)
  const beside = memory.i32[first + 3 + count]
  const bytes = bytesAt(memory, word + header, length)
  return beside === 0
    ? decode(bytes)
    : decode(bytes, bytesAt(memory, word + aligned(header + length), beside))
}

function bytesAt(memory: SharedMemory, start: number, length: number): Uint8Array {
  memory.reach(start + length)
  return memory.u8.subarray(start, start + length)
}

/** Frees what a word owns, and lets go of what its value refers to. */
export function wordDrop(thread: Thread, word: number): void {
  if ((word & 15) === 0) thread.kernel.wordDrop(thread.id, word)
}
