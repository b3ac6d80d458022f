// Which accesses other threads can notice. One that nobody else's present or later operations conflict with commutes with
// everything that they still do, so the explorer need not stop at it. (Conflict: the same word, and one of the two writes.)
//
// Nobody says beforehand which operation touches what. An exploration assumes that it has seen all, and begins anew when it
// comes upon a conflict that it did not know of. The last pass has come upon none, so all its decisions were right.

const WORD_SHIFT = 2
const MAX_THREADS = 4
const READS = 0x5555 // bit 2i: operation i reads the word
const WRITES = 0xaaaa // bit 2i + 1: operation i writes the word

/** By thread: what its operations did to each word while the threads in `dead` were dead. */
interface Seen {
  readonly dead: number
  readonly byThread: readonly Uint16Array[]
}

export class SharedWords {
  readonly #words: number
  readonly #isShared: Uint8Array
  readonly #seen: Seen[] = []
  #last: Seen | undefined
  /** Words with a conflict. */
  count = 0

  constructor(bytes: number) {
    this.#words = bytes >> WORD_SHIFT
    this.#isShared = new Uint8Array(this.#words)
  }

  /** Whether anything is known that conflicts with any access of these bytes. */
  isShared(address: number, bytes: number): boolean {
    const last = (address + bytes - 1) >> WORD_SHIFT
    for (let word = address >> WORD_SHIFT; word <= last; word++) if (this.#isShared[word]) return true
    return false
  }

  /**
   * Whether an access of `thread` may conflict with what `other` does, from its operation number `operation` on. What a thread
   * does once another has died does not conflict with what that one did.
   */
  conflicts(
    thread: number,
    address: number,
    bytes: number,
    writes: boolean,
    other: number,
    operation: number,
    dead: number,
  ): boolean {
    const last = (address + bytes - 1) >> WORD_SHIFT
    for (let word = address >> WORD_SHIFT; word <= last; word++) {
      if (this.#isShared[word] && this.#conflicts(word, thread, writes, other, operation, dead)) return true
    }
    return false
  }

  /** Notes an access. Answers whether it has brought a conflict to light. */
  note(
    thread: number,
    address: number,
    bytes: number,
    writes: boolean,
    operation: number,
    dead: number,
  ): boolean {
    const seen = this.#seenBy(thread, dead)
    const bit = (writes ? 2 : 1) << (2 * operation)
    const last = (address + bytes - 1) >> WORD_SHIFT
    let isNew = false
    for (let word = address >> WORD_SHIFT; word <= last; word++) {
      if ((seen[word]! & bit) !== 0) continue
      seen[word]! |= bit
      for (let other = 0; other < MAX_THREADS; other++) {
        if (other === thread || !this.#conflicts(word, thread, writes, other, 0, dead)) continue
        isNew = true
        if (!this.#isShared[word]) this.count++
        this.#isShared[word] = 1
      }
    }
    return isNew
  }

  #seenBy(thread: number, dead: number): Uint16Array {
    if (this.#last?.dead === dead) return this.#last.byThread[thread]!
    let seen = this.#seen.find(entry => entry.dead === dead)
    if (!seen) {
      seen = { dead, byThread: Array.from({ length: MAX_THREADS }, () => new Uint16Array(this.#words)) }
      this.#seen.push(seen)
    }
    this.#last = seen
    return seen.byThread[thread]!
  }

  #conflicts(
    word: number,
    thread: number,
    writes: boolean,
    other: number,
    operation: number,
    dead: number,
  ): boolean {
    if (dead & (1 << other)) return false
    const conflicting = writes ? READS | WRITES : WRITES
    for (const { dead: deadThen, byThread } of this.#seen) {
      if (deadThen & (1 << thread)) continue
      if ((byThread[other]![word]! & conflicting) >> (2 * operation) !== 0) return true
    }
    return false
  }
}
