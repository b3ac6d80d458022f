import { OutOfSharedMemoryError } from './errors.js'
import { INITIAL_PAGES, PAGE } from './kernel.js'

/** How much shared memory there may be, in bytes. */
export interface MemoryLimits {
  initial?: number
  maximum?: number
}

const DEFAULT_MAXIMUM = 1 << 30

/** A thread's views of the one shared memory. Growth by any thread shows after `reach`. */
export class SharedMemory {
  readonly memory: WebAssembly.Memory
  i32!: Int32Array<SharedArrayBuffer>
  u8!: Uint8Array<SharedArrayBuffer>
  f64!: Float64Array<SharedArrayBuffer>
  i64!: BigInt64Array<SharedArrayBuffer>
  readonly maximum: number

  constructor(memory: WebAssembly.Memory, maximum: number) {
    this.memory = memory
    this.maximum = maximum
    this.#refresh()
  }

  /** Reserves address space for the maximum; only what is used takes memory. */
  static create({ initial = 0, maximum = DEFAULT_MAXIMUM }: MemoryLimits): SharedMemory {
    const pages = Math.max(Math.ceil(maximum / PAGE), INITIAL_PAGES)
    const first = Math.min(pages, Math.max(Math.ceil(initial / PAGE), INITIAL_PAGES))
    try {
      return new SharedMemory(
        new WebAssembly.Memory({ initial: first, maximum: pages, shared: true }),
        pages * PAGE,
      )
    } catch (cause) {
      throw OutOfSharedMemoryError.of(pages * PAGE, pages * PAGE, { cause })
    }
  }

  #refresh(): void {
    const buffer = this.memory.buffer as unknown as SharedArrayBuffer
    this.i32 = new Int32Array(buffer)
    this.u8 = new Uint8Array(buffer)
    this.f64 = new Float64Array(buffer)
    this.i64 = new BigInt64Array(buffer)
  }

  /** Makes sure that the views cover everything below `end`. */
  reach(end: number): void {
    if (end <= this.u8.length) return
    this.#refresh()
    if (end <= this.u8.length) return
    // Another thread has made it grow, and the host has not told this one yet: growing by nothing makes it look.
    this.memory.grow(0)
    this.#refresh()
  }
}
