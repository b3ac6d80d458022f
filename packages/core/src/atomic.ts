import {
  arriveReference,
  type Crossing,
  crossReference,
  currentThread,
  keepReference,
  registerKind,
  SHARE,
  type Shareable,
  type Thread,
} from '@millrace/kernel'

// Numbers that many threads change at once: Go's sync/atomic. Each is born in a small array of its own and moves to a cell of
// shared memory the first time it crosses to another thread. The operations are the same before and after, and sequentially
// consistent; each costs a few nanoseconds.

/** Offset of the number in its cell: assembly/atomic-cell.ts. */
const VALUE = 64

/** Where a number lies. */
abstract class Place<Words extends Int32Array | Uint32Array | BigInt64Array> implements Shareable {
  protected words: Words
  protected index = 0
  #address = 0

  constructor(words: Words) {
    this.words = words
  }

  /** Names the type to the other side. */
  protected abstract readonly kind: string
  protected abstract view(buffer: SharedArrayBuffer): Words

  /** From now on this is the number in the cell at `address`. */
  moveTo(thread: Thread, address: number): this {
    thread.memory.reach(address + VALUE + 8)
    this.words = this.view(thread.memory.u8.buffer)
    this.index = (address + VALUE) / this.words.BYTES_PER_ELEMENT
    this.#address = address
    return this
  }

  [SHARE](): Crossing {
    const thread = currentThread()
    const { kernel, id } = thread
    if (this.#address === 0) {
      const address = kernel.atomicCreate(id)
      if (address === 0) throw thread.outOfMemory(256)
      const value = this.words[0]
      this.moveTo(thread, address)
      this.words[this.index] = value // nobody else knows the cell yet
      keepReference(address, this)
    }
    return crossReference(thread, this.kind, this.#address, this.#address)
  }
}

/** Registers how numbers of a type arrive from other threads. */
function arrives<Words extends Int32Array | Uint32Array | BigInt64Array>(
  kind: string,
  make: () => Place<Words>,
): void {
  registerKind(kind, (address: number) => {
    const thread = currentThread()
    return arriveReference(thread, address, () => make().moveTo(thread, address))
  })
}

/** A 32-bit number; `add` wraps around. */
abstract class Atomic32<Words extends Int32Array | Uint32Array> extends Place<Words> {
  load(): number {
    return Atomics.load(this.words, this.index)
  }

  store(value: number): void {
    Atomics.store(this.words, this.index, value)
  }

  /** Adds; answers the new number. */
  add(delta: number): number {
    // Of a fraction, or what is beyond 32 bits, as much as was added.
    return this.wrap(Atomics.add(this.words, this.index, delta) + (delta | 0))
  }

  /** Stores; answers the old number. */
  swap(value: number): number {
    return Atomics.exchange(this.words, this.index, value)
  }

  /** Stores `value` if the number is `expected`; answers whether it was. */
  compareAndSwap(expected: number, value: number): boolean {
    const old = this.wrap(expected)
    return Atomics.compareExchange(this.words, this.index, old, value) === old
  }

  /** Keeps the bits of `mask`; answers the old number. */
  and(mask: number): number {
    return Atomics.and(this.words, this.index, mask)
  }

  /** Sets the bits of `mask`; answers the old number. */
  or(mask: number): number {
    return Atomics.or(this.words, this.index, mask)
  }

  protected abstract wrap(value: number): number
}

/** An int32 that any thread may change at any time. Go's atomic.Int32. */
export class AtomicInt32 extends Atomic32<Int32Array> {
  protected readonly kind = 'atomic-int32'

  constructor(value = 0) {
    super(Int32Array.of(value))
  }

  protected view(buffer: SharedArrayBuffer): Int32Array {
    return new Int32Array(buffer)
  }

  protected wrap(value: number): number {
    return value | 0
  }
}

/** A uint32 that any thread may change at any time. Go's atomic.Uint32. */
export class AtomicUint32 extends Atomic32<Uint32Array> {
  protected readonly kind = 'atomic-uint32'

  constructor(value = 0) {
    super(Uint32Array.of(value))
  }

  protected view(buffer: SharedArrayBuffer): Uint32Array {
    return new Uint32Array(buffer)
  }

  protected wrap(value: number): number {
    return value >>> 0
  }
}

/** An int64 (a bigint) that any thread may change at any time; `add` wraps around. Go's atomic.Int64. */
export class AtomicInt64 extends Place<BigInt64Array> {
  protected readonly kind = 'atomic-int64'

  constructor(value = 0n) {
    super(BigInt64Array.of(value))
  }

  protected view(buffer: SharedArrayBuffer): BigInt64Array {
    return new BigInt64Array(buffer)
  }

  load(): bigint {
    return Atomics.load(this.words, this.index)
  }

  store(value: bigint): void {
    Atomics.store(this.words, this.index, value)
  }

  /** Adds; answers the new number. */
  add(delta: bigint): bigint {
    return BigInt.asIntN(64, Atomics.add(this.words, this.index, delta) + delta)
  }

  /** Stores; answers the old number. */
  swap(value: bigint): bigint {
    return Atomics.exchange(this.words, this.index, value)
  }

  /** Stores `value` if the number is `expected`; answers whether it was. */
  compareAndSwap(expected: bigint, value: bigint): boolean {
    const old = BigInt.asIntN(64, expected)
    return Atomics.compareExchange(this.words, this.index, old, value) === old
  }

  /** Keeps the bits of `mask`; answers the old number. */
  and(mask: bigint): bigint {
    return Atomics.and(this.words, this.index, mask)
  }

  /** Sets the bits of `mask`; answers the old number. */
  or(mask: bigint): bigint {
    return Atomics.or(this.words, this.index, mask)
  }
}

const bit = (value: boolean): number => (value ? 1 : 0)

/** A boolean that any thread may change at any time. Go's atomic.Bool. */
export class AtomicBool extends Place<Int32Array> {
  protected readonly kind = 'atomic-bool'

  constructor(value = false) {
    super(Int32Array.of(bit(value)))
  }

  protected view(buffer: SharedArrayBuffer): Int32Array {
    return new Int32Array(buffer)
  }

  load(): boolean {
    return Atomics.load(this.words, this.index) === 1
  }

  store(value: boolean): void {
    Atomics.store(this.words, this.index, bit(value))
  }

  /** Stores; answers the old value. */
  swap(value: boolean): boolean {
    return Atomics.exchange(this.words, this.index, bit(value)) === 1
  }

  /** Stores `value` if it is `expected`; answers whether it was. */
  compareAndSwap(expected: boolean, value: boolean): boolean {
    const old = bit(expected)
    return Atomics.compareExchange(this.words, this.index, old, bit(value)) === old
  }

  /** Stores whether it is true and `value` is; answers the old value. */
  and(value: boolean): boolean {
    return Atomics.and(this.words, this.index, bit(value)) === 1
  }

  /** Stores whether it is true or `value` is; answers the old value. */
  or(value: boolean): boolean {
    return Atomics.or(this.words, this.index, bit(value)) === 1
  }
}

arrives('atomic-int32', () => new AtomicInt32())
arrives('atomic-uint32', () => new AtomicUint32())
arrives('atomic-int64', () => new AtomicInt64())
arrives('atomic-bool', () => new AtomicBool())

/**
 * A counter for hot paths: every thread adds in a place of its own, so that adding never waits for another core's cache. Reading
 * sums the places up, which costs more: use it for what is counted often and read seldom. Exact up to 2^53.
 */
export class Counter implements Shareable {
  #local = 0
  #address = 0
  #thread: Thread | undefined

  /** Adds `delta`, 1 by default; may be negative. */
  add(delta = 1): void {
    if (this.#thread) this.#thread.kernel.counterAdd(this.#thread.id, this.#address, delta)
    else this.#local += delta
  }

  /** The sum of all that was added before this call; of what is added meanwhile, some. */
  sum(): number {
    return this.#thread ? this.#thread.kernel.counterSum(this.#address) : this.#local
  }

  [SHARE](): Crossing {
    const thread = currentThread()
    const { kernel, id } = thread
    if (!this.#thread) {
      const address = kernel.counterCreate(id)
      if (address === 0) throw thread.outOfMemory(4096)
      kernel.counterAdd(id, address, this.#local)
      this.#moveTo(thread, address)
      keepReference(address, this)
    }
    return crossReference(thread, 'counter', this.#address, this.#address)
  }

  #moveTo(thread: Thread, address: number): this {
    this.#thread = thread
    this.#address = address
    return this
  }

  static {
    registerKind('counter', (address: number) => {
      const thread = currentThread()
      return arriveReference(thread, address, () => new Counter().#moveTo(thread, address))
    })
  }
}
