// The codec: any value that may cross threads, as bytes and back. (Most messages do not come here: see codec/small.ts.)
//
// There are two forms. A tree of plain data, which most messages are, is packed as it is. Anything else is
// first taken apart into a table (codec/table.ts), which is a tree of plain data again. So msgpackr never
// meets a class instance, a Map, a cycle or an extension: of all it can do only the part is used that is
// exact, and nothing that other users of msgpackr may register in this thread changes what crosses.
//
//   tree    packed value
//   table   TABLE  packed table         (no packed value begins with TABLE)
//
// The contents of large buffers may go beside the table (codec/loose.ts).
//
// SHARE methods, attaching and rebuilding run before msgpackr does or after, and may encode and decode. So
// may getters; but one of a plain object is asked twice, first whether its value is plain and then for it,
// and has to answer alike.

import { Packr, RESERVE_START_SPACE, RESET_BUFFER_MODE, REUSE_BUFFER_MODE } from 'msgpackr/pack'
import { DataCloneError } from './codec/errors.js'
import { type Loose, NO_BYTES } from './codec/loose.js'
import { PuttingTogether } from './codec/put-together.js'
import type { Message } from './codec/share.js'
import { type Node, WIDE } from './codec/table.js'
import { TakingApart } from './codec/take-apart.js'
import { TreeTest } from './codec/tree.js'

export { DataCloneError, registerError } from './codec/errors.js'
export {
  type Crossing,
  type Message,
  providersOfKinds,
  providesKinds,
  registerKind,
  SHARE,
  SHARE_HERE,
  type Shareable,
} from './codec/share.js'

const TABLE = 0xc1 // the one byte that MessagePack never uses

const SMALL = 8192
const LARGE = 2 ** 20

const options = {
  mapsAsObjects: true,
  copyBuffers: true,
  useBigIntExtension: true,
  useToJSON: false,
  writeFunction() {
    throw new Error('a getter answered a function the second time')
  },
}
const maps = new Packr({ ...options, useRecords: false })
// Writes the keys of like objects once per message, which pays from about MANY objects on. Reading such a
// message compiles a function per kind of object. Under a Content-Security-Policy without `unsafe-eval`
// msgpackr does without, after one report of a violation.
const records = new Packr({ ...options, useRecords: true })
const MANY = 32

type Output = Uint8Array<ArrayBuffer> & { start: number; end: number }

// msgpackr is faster over a Buffer where there is one, and wants its own output to be one.
const newBuffer = (bytes: number): Uint8Array<ArrayBuffer> =>
  typeof Buffer === 'undefined' ? new Uint8Array(bytes) : Buffer.allocUnsafeSlow(bytes)

let depth = 0

/**
 * Turns a value into bytes.
 *
 * @param references Is given the offsets of the shared objects that the bytes own a reference to: whoever drops the bytes
 *   undecoded drops those.
 * @param root Begins the path of a culprit: `args` for `args[1].job.callback`.
 * @param loose Takes the bytes that go beside: views of the value's own buffers. Without it all bytes are among those answered.
 * @param message What the value is a part of, if a thing that crosses in that holds it. Otherwise it is a message of its own.
 * @returns Bytes that are valid until the next call: a view of a buffer that is used again. (Those of a
 *   call from within another, by a SHARE method or a getter, are the caller's own.)
 * @throws {DataCloneError} Something in the value cannot cross. What SHARE methods did has been undone.
 */
export function encode(
  value: unknown,
  root = 'value',
  references: number[] = [],
  loose?: Loose,
  message?: Message,
): Uint8Array {
  depth++
  try {
    const bytes = packTree(value) ?? packTable(value, new TakingApart(root, loose, message), root, references)
    return depth === 1 ? bytes : bytes.slice()
  } finally {
    depth--
  }
}

function packTree(value: unknown): Uint8Array | undefined {
  try {
    const test = new TreeTest()
    if (!test.passes(value)) return undefined
    return pack(value, test.count >= MANY && test.widest <= WIDE, 0)
  } catch {
    return undefined // a getter threw, or did not answer alike: the table will tell where
  }
}

function packTable(value: unknown, parts: TakingApart, root: string, references: number[]): Uint8Array {
  try {
    const nodes = parts.table(value)
    const bytes = packWhole(nodes, root)
    bytes[0] = TABLE
    parts.noteReferences(references)
    return bytes
  } catch (error) {
    parts.release()
    throw error
  }
}

function packWhole(nodes: Node[], root: string): Uint8Array {
  try {
    return pack(nodes, nodes.length >= MANY, 1)
  } catch (error) {
    throw new DataCloneError(error instanceof Error ? error.message : String(error), root, { cause: error })
  }
}

function pack(value: unknown, useRecords: boolean, reserved: number): Uint8Array {
  const packr = useRecords ? records : maps
  const mode = REUSE_BUFFER_MODE | RESET_BUFFER_MODE | (reserved > 0 ? RESERVE_START_SPACE | reserved : 0)
  const output = packr.pack(value, mode) as unknown as Output
  const bytes = new Uint8Array(output.buffer, output.byteOffset + output.start, output.end - output.start)
  // One large message must not hold its memory for ever.
  if (output.length > LARGE && depth === 1) packr.useBuffer(newBuffer(SMALL))
  return bytes
}

let scratch: Uint8Array | undefined

/**
 * Turns bytes back into a value that shares nothing with them.
 *
 * @param loose The bytes that went beside.
 * @throws {Error} The bytes are not what `encode` answered, or hold a reference to a kind of thing that no
 *   module of this thread has registered.
 */
export function decode(bytes: Uint8Array, loose = NO_BYTES): unknown {
  if (bytes[0] !== TABLE) return unpack(bytes, 0)
  const nodes = unpack(bytes, 1)
  if (!Array.isArray(nodes)) throw new Error('these bytes are not an encoded value')
  return new PuttingTogether(nodes as Node[], loose).value()
}

function unpack(bytes: Uint8Array, start: number): unknown {
  const end = bytes.length
  try {
    if (end <= SMALL) {
      scratch ??= newBuffer(SMALL)
      scratch.set(bytes)
      return maps.unpack(scratch, start === 0 ? end : { start, end })
    }
    // A copy, if they are in shared memory: not every text decoder reads that, and other threads write there.
    const own = bytes.buffer instanceof ArrayBuffer ? bytes : bytes.slice()
    const source = typeof Buffer === 'undefined' ? own : Buffer.from(own.buffer, own.byteOffset, end)
    return maps.unpack(source, { start, end })
  } catch (error) {
    throw new Error('these bytes are not an encoded value', { cause: error })
  }
}
