// A value as one word of shared memory: see assembly/cells.ts for the forms. A word that stands for a block owns it:
// it must be taken (wordTake) or dropped (wordDrop) exactly once.

import { copyIn, copyOut } from './codec/small.js'
import { SmallReader } from './codec/small-reader.js'
import { SmallWriter } from './codec/small-writer.js'
import { decode, encode } from './codec.js'
import { BugError } from './errors.js'
import type { Thread } from './thread.js'

const FLOAT = 1
const PACKED = 2
const REFERRING = 3
const SMALL = 4
const HEADER = 8
/** No block is smaller, so this much of one can be read before its length is known. */
const SMALLEST = 16

const UNDEFINED = 0x02
const NULL = 0x12
const TRUE = 0x22
const FALSE = 0x32
/** Stands for an OutOfSharedMemoryError when there is no memory left to say so. */
export const OUT_OF_MEMORY = 0x42

const MAX_INLINE = 2 ** 30

/**
 * Puts a value into a word.
 *
 * @throws {DataCloneError} It cannot cross; the path begins with `root`.
 * @throws {OutOfSharedMemoryError}
 */
export function wordOf(thread: Thread, value: unknown, root?: string): number {
  if (typeof value === 'number') return wordOfNumber(thread, value)
  if (value === undefined) return UNDEFINED
  if (value === null) return NULL
  if (value === true) return TRUE
  if (value === false) return FALSE
  const small = smallWordOf(thread, value)
  if (small !== 0) return small
  const references: number[] = []
  return pack(thread, encode(value, root, references), references)
}

/** @throws {OutOfSharedMemoryError} */
export function wordOfNumber(thread: Thread, value: number): number {
  if ((value | 0) === value && value >= -MAX_INLINE && value < MAX_INLINE && (value !== 0 || 1 / value > 0)) {
    return (value << 1) | 1
  }
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
  const block = thread.allocate(HEADER + length)
  const { memory } = thread
  memory.i32[block >> 2] = SMALL
  memory.i32[(block >> 2) + 1] = length
  copyOut(writer.scratch, length, memory, block + HEADER)
  return block
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

function pack(thread: Thread, bytes: Uint8Array, references: readonly number[]): number {
  const count = references.length
  const header = count === 0 ? HEADER : HEADER + 4 + 4 * count
  let block: number
  try {
    block = thread.allocate(header + bytes.length)
  } catch (error) {
    for (const object of references) thread.kernel.referenceDrop(thread.id, object)
    throw error
  }
  const { i32, u8 } = thread.memory
  i32[block >> 2] = count === 0 ? PACKED : REFERRING
  i32[(block >> 2) + 1] = bytes.length
  if (count > 0) {
    i32[(block >> 2) + 2] = count
    i32.set(references, (block >> 2) + 3)
  }
  u8.set(bytes, block + header)
  return block
}

/** The value of a word, whose block is freed. */
export function wordTake(thread: Thread, word: number): unknown {
  if (word & 1) return word >> 1
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
  const bytes = packedBytes(thread, word)
  try {
    return decode(bytes)
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
  return decode(packedBytes(thread, word))
}

/** The bytes of a packed block, where they are. */
function packedBytes({ memory }: Thread, word: number): Uint8Array {
  const { i32 } = memory
  const format = i32[word >> 2]
  if (format !== PACKED && format !== REFERRING)
    throw new BugError(`a block of unknown format ${format} arrived`)
  const length = i32[(word >> 2) + 1]
  const start = word + HEADER + (format === PACKED ? 0 : 4 + 4 * i32[(word >> 2) + 2])
  memory.reach(start + length)
  return memory.u8.subarray(start, start + length)
}

/** Frees what a word owns, and lets go of what its value refers to. */
export function wordDrop(thread: Thread, word: number): void {
  if ((word & 15) === 0) thread.kernel.wordDrop(thread.id, word)
}
