// First in, first out, at a memory that follows what is in it.
//
// A list of chunks. Values are added to the last one and taken from the first. A chunk that has been emptied is kept as the next to
// be added, and only one is; where there is none, a new one has twice the slots of the last, up to a limit. So few values need few
// slots, however many have passed. A single array that grows and wraps would have to be copied whenever it is full.
//
//   head            tail
//   ┌──────────┐    ┌──────────┐    ┌──────────┐         spare
//   │ · · 3 4 5│ ─► │6 7 8 9 10│ ─► │11 12 · · │         │ · · · · ·│
//   └─────┬────┘    └──────────┘    └──────┬───┘
//       taken                            added

const MOST_SLOTS = 64
const LEAST_SLOTS = 4

class Chunk {
  readonly slots: unknown[]
  next: Chunk | undefined

  constructor(size: number) {
    this.slots = new Array(size).fill(undefined)
    this.next = undefined
  }
}

/** A channel's buffer. */
export class ValueQueue {
  length = 0
  #head: Chunk | undefined
  #tail: Chunk | undefined
  #spare: Chunk | undefined
  /** Of the head: slots that have been emptied. */
  #taken = 0
  /** Of the tail: slots that have been filled. */
  #added = 0

  add(value: unknown): void {
    let tail = this.#tail
    if (tail === undefined || this.#added === tail.slots.length) tail = this.#grow(tail)
    tail.slots[this.#added++] = value
    this.length++
  }

  /** The oldest value. There must be one. */
  take(): unknown {
    const { slots } = this.#head!
    const value = slots[this.#taken]
    slots[this.#taken++] = undefined
    // Empty: the same slots again. So a channel that holds little at a time never needs a second chunk.
    if (--this.length === 0) this.#taken = this.#added = 0
    else if (this.#taken === slots.length) this.#shrink()
    return value
  }

  /** The values, the oldest first. */
  *[Symbol.iterator](): Iterator<unknown> {
    let index = this.#taken
    let chunk = this.#head
    for (let left = this.length; left > 0; left--) {
      yield chunk!.slots[index]
      if (++index < chunk!.slots.length) continue
      index = 0
      chunk = chunk!.next
    }
  }

  #grow(tail: Chunk | undefined): Chunk {
    const size = tail === undefined ? LEAST_SLOTS : Math.min(2 * tail.slots.length, MOST_SLOTS)
    const chunk = this.#spare ?? new Chunk(size)
    this.#spare = undefined
    if (tail === undefined) this.#head = chunk
    else tail.next = chunk
    this.#tail = chunk
    this.#added = 0
    return chunk
  }

  #shrink(): void {
    const emptied = this.#head!
    this.#head = emptied.next
    emptied.next = undefined
    if (this.#spare === undefined || this.#spare.slots.length < emptied.slots.length) this.#spare = emptied
    this.#taken = 0
  }
}
