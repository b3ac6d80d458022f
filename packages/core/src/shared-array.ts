import {
  arriveReference,
  type Crossing,
  crossReference,
  currentThread,
  hasThreads,
  keepReference,
  OutOfSharedMemoryError,
  registerKind,
  SHARE,
  type Thread,
} from '@millrace/kernel'

// Typed arrays over the runtime's memory. They are the language's own typed arrays with two properties more: how to cross, and a
// `subarray` whose result keeps the whole alive. So everything that works on typed arrays works on them, at full speed.

/** Offset of the elements' offset in a shared array's record: assembly/shared-array.ts. */
const ELEMENTS = 64
const RECORD_BYTES = 256
const LARGEST_BYTES = 2 ** 30
const KIND = 'shared-array'

const classes = {
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
  f32: Float32Array,
  f64: Float64Array,
}

/** What the elements of a shared array are, and which typed array it is then. */
export interface SharedArrays {
  i8: Int8Array<SharedArrayBuffer>
  u8: Uint8Array<SharedArrayBuffer>
  i16: Int16Array<SharedArrayBuffer>
  u16: Uint16Array<SharedArrayBuffer>
  i32: Int32Array<SharedArrayBuffer>
  u32: Uint32Array<SharedArrayBuffer>
  i64: BigInt64Array<SharedArrayBuffer>
  u64: BigUint64Array<SharedArrayBuffer>
  f32: Float32Array<SharedArrayBuffer>
  f64: Float64Array<SharedArrayBuffer>
}

export type SharedArrayKind = keyof SharedArrays
type SharedArray = SharedArrays[SharedArrayKind]
type Constructor = new (buffer: SharedArrayBuffer, offset: number, length: number) => SharedArray

/** A shared array on its way, or a part of one: from `begin` on, `length` elements. */
type Sent = [address: number, kind: SharedArrayKind, wholeLength: number, begin: number, length: number]

/**
 * Makes a typed array of `length` zeros in memory that all threads share. It crosses by reference, as an argument, a value sent or a
 * field at any depth: the other side gets an array over the same elements, not a copy. So does a `subarray` of it.
 *
 * What a goroutine has written is seen by another that comes after it, by a channel, a lock, `go` or a WaitGroup; without such an
 * order plain elements are a race, and `Atomics` are for arrays of integers. It lives until no thread holds it or a part of it;
 * a view that was made of its `buffer` by hand does not count, and that buffer is all memory of the runtime.
 *
 * @param kind `i8`, `u8`, `i16`, `u16`, `i32`, `u32`, `f32`, `f64`; `i64` and `u64`, whose elements are bigints.
 * @param length Elements: a whole number from 0 on.
 * @throws {RangeError} `kind` is none, or `length` no whole number from 0 on.
 * @throws {OutOfSharedMemoryError} There is no room, or it would take more than 1 GiB.
 *
 * @example
 * const pixels = sharedArray('u8', 640 * 480)
 * pixels.length // => 307200
 */
export function sharedArray<K extends SharedArrayKind>(kind: K, length: number): SharedArrays[K] {
  if (!Object.hasOwn(classes, kind)) {
    throw new RangeError(
      `sharedArray: kind must be one of ${Object.keys(classes).join(', ')}, got ${String(kind)}`,
    )
  }
  if (!Number.isSafeInteger(length) || length < 0) {
    throw new RangeError(`sharedArray: length must be a whole number from 0 on, got ${String(length)}`)
  }
  const bytes = length * classes[kind].BYTES_PER_ELEMENT
  if (!hasThreads()) {
    if (bytes > LARGEST_BYTES) throw OutOfSharedMemoryError.of(bytes, LARGEST_BYTES)
    return crossesHere(new classes[kind](length) as unknown as SharedArrays[K])
  }
  const thread = currentThread()
  const address = bytes > LARGEST_BYTES ? 0 : thread.kernel.sharedArrayCreate(thread.id, bytes)
  if (address === 0) throw thread.outOfMemory(bytes)
  const array = viewOf(thread, address, kind, length)
  keepReference(address, array)
  return array as SharedArrays[K]
}

function viewOf(thread: Thread, address: number, kind: SharedArrayKind, length: number): SharedArray {
  const { memory } = thread
  memory.reach(address + RECORD_BYTES)
  const elements = memory.i32[(address + ELEMENTS) >> 2]
  memory.reach(elements + length * classes[kind].BYTES_PER_ELEMENT)
  const array = new (classes[kind] as unknown as Constructor)(memory.u8.buffer, elements, length)
  return letCross(array, new Crosser(array, [address, kind, length, 0, length]))
}

/** Where there is one thread only, an array and its parts cross as they are. */
function crossesHere<A extends SharedArray>(array: A): A {
  const subarray = array.subarray.bind(array) as (from?: number, to?: number) => SharedArray
  Object.defineProperties(array, {
    [SHARE]: { value: () => undefined },
    subarray: { value: (from?: number, to?: number) => crossesHere(subarray(from, to)) },
  })
  return array
}

/** What makes an array cross; by its being there, whoever holds a part holds the whole. */
class Crosser {
  readonly #whole: SharedArray
  readonly #sent: Sent

  constructor(whole: SharedArray, sent: Sent) {
    this.#whole = whole
    this.#sent = sent
  }

  cross(): Crossing {
    return crossReference(currentThread(), KIND, this.#sent[0], this.#sent)
  }

  subarray(part: SharedArray, from: number | undefined, to: number | undefined): SharedArray {
    const [address, kind, wholeLength, begin] = this.#sent
    const { subarray } = classes[kind].prototype as unknown as {
      subarray(from?: number, to?: number): SharedArray
    }
    const view = subarray.call(part, from, to)
    const skipped = (view.byteOffset - part.byteOffset) / view.BYTES_PER_ELEMENT
    return letCross(
      view,
      new Crosser(this.#whole, [address, kind, wholeLength, begin + skipped, view.length]),
    )
  }
}

function letCross(array: SharedArray, crosser: Crosser): SharedArray {
  Object.defineProperties(array, {
    [SHARE]: { value: () => crosser.cross() },
    subarray: { value: (from?: number, to?: number) => crosser.subarray(array, from, to) },
  })
  return array
}

registerKind(KIND, ([address, kind, wholeLength, begin, length]: Sent) => {
  const thread = currentThread()
  const whole = arriveReference(thread, address, () => viewOf(thread, address, kind, wholeLength))
  return length === wholeLength ? whole : whole.subarray(begin, begin + length)
})
