// Which words of memory threads disagree about. An access to any other word commutes with everything that other threads do,
// so the explorer need not stop at it. Nobody says beforehand which they are: an exploration takes every word for private
// until two threads that were alive together have touched it, one of them writing; then it begins anew, knowing better. The
// last pass has found no new one, so each of its unstopped accesses was indeed to a word of one thread, or one that nobody
// writes.

const WORD_SHIFT = 2

export class SharedWords {
  readonly #shared: Uint8Array
  readonly #words: number
  /** By the set of dead threads: bit 2t, thread t has read the word; bit 2t + 1, it has written it. */
  readonly #seen = new Map<number, Uint16Array>()
  count = 0

  constructor(bytes: number) {
    this.#words = bytes >> WORD_SHIFT
    this.#shared = new Uint8Array(this.#words)
  }

  has(address: number, bytes: number): boolean {
    const last = (address + bytes - 1) >> WORD_SHIFT
    for (let word = address >> WORD_SHIFT; word <= last; word++) if (this.#shared[word]) return true
    return false
  }

  /** Notes an access of `thread` while the threads in `dead` were dead. Answers whether a word has turned out to be shared. */
  note(thread: number, address: number, bytes: number, writes: boolean, dead: number): boolean {
    const seen = this.#seenWith(dead)
    const bit = (writes ? 2 : 1) << (2 * thread)
    const last = (address + bytes - 1) >> WORD_SHIFT
    let isNew = false
    for (let word = address >> WORD_SHIFT; word <= last; word++) {
      if ((seen[word]! & bit) !== 0) continue
      seen[word]! |= bit
      if (!this.#shared[word] && this.#conflicts(word, thread, writes, dead)) {
        this.#shared[word] = 1
        this.count++
        isNew = true
      }
    }
    return isNew
  }

  #seenWith(dead: number): Uint16Array {
    let seen = this.#seen.get(dead)
    if (!seen) {
      seen = new Uint16Array(this.#words)
      this.#seen.set(dead, seen)
    }
    return seen
  }

  #conflicts(word: number, thread: number, writes: boolean, dead: number): boolean {
    for (const [deadThen, seen] of this.#seen) {
      if (deadThen & (1 << thread)) continue // then it was not yet, or no more, in a position to interfere
      const bits = seen[word]!
      for (let other = 0; other < 8; other++) {
        if (other === thread || dead & (1 << other)) continue
        const does = (bits >> (2 * other)) & 3
        if (writes ? does !== 0 : does & 2) return true
      }
    }
    return false
  }
}
