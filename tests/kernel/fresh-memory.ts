import { instantiateKernel, type Kernel, SharedMemory } from '@millrace/kernel'

// What the tests know of the memory map: assembly/layout.ts.
export const THREADS = 36864
export const THREAD_BYTES = 2048
export const INJECTOR = 76
export const BELL = 72
export const ANSWER = 16
export const CLAIMED = 32
export const MISSED = 44
export const INBOX = 1536
export const REFS = 0
export const KIND = 12
export const RESCAN = 3969
export const TASK_ENDED = 3968
/** A thread that the test itself is. The kernel goes by the number it is told, so one test may be several threads. */
export const MAIN = 0

/** Shared memory with nothing in it, and a kernel over it. */
export class FreshMemory {
  readonly memory: SharedMemory
  readonly kernel: Kernel

  constructor(maximum = 2 ** 26) {
    this.memory = SharedMemory.create({ maximum })
    this.kernel = instantiateKernel(this.memory.memory)
    this.kernel.kernelInit()
    if (this.attach() !== MAIN) throw new Error('the memory is not fresh')
  }

  /** Another thread's number, attached. */
  attach(): number {
    const id = this.kernel.threadReserve()
    if (!this.kernel.threadAttach(id, this.kernel.threadLife(id)))
      throw new Error('no memory for another thread')
    return id
  }

  word(offset: number): number {
    this.memory.reach(offset + 4)
    return this.memory.i32[offset >> 2]!
  }

  threadWord(thread: number, field: number): number {
    return this.word(THREADS + thread * THREAD_BYTES + field)
  }

  answerOf(thread: number): number {
    return this.threadWord(thread, ANSWER)
  }

  /** Takes a thread's mailbox: the hashes in it. */
  drain(thread: number): number[] {
    const count = this.kernel.mailboxDrain(thread)
    const inbox = this.threadWord(thread, INBOX)
    return Array.from({ length: count }, (_, i) => this.word(inbox + 4 * i))
  }
}
