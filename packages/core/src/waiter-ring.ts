import type { Waiter } from './wait-queue.js'

const LEAST_SLOTS = 4
/** More than so many are given back when they are needed no more. */
const MOST_KEPT = 64
/** They become fewer when less than one in so many is taken. */
const FEW = 8
/** Positions go round: they stay small integers on every engine. */
const POSITIONS = 2 ** 30 - 1

/**
 * Waiters in the order in which they came, in an array that wraps. Who leaves from the middle leaves a gap, which grows together with
 * those beside it, and is skipped at once. So joining and leaving cost the same however many wait (where the array becomes another,
 * as many have come or gone before as are moved then).
 *
 *   R1  a waiter's place is its position, from begin to before end; the slot of a position is its remainder by the number of slots
 *   R2  end is not begin  =>  a waiter stands at the first position between them, and at the last
 *   R3  of a gap, the slot at the first position says where it ends, and that at the last where it begins (boundary tags: Knuth, The Art of
 *       Computer Programming, 2.5); where it is one position, its own
 *
 * Not a list of waiters that name each other: the collector copies what is young, and would have to follow such a list from one to the
 * next. A message for which 10 000 goroutines wait took 1.3 to 1.8 times as long. Chunks as in a channel's buffer (value-queue.ts), from
 * which nothing leaves but the oldest, were as fast as this.
 */
export class WaiterRing {
  /** Those who wait, without the gaps. */
  length = 0
  /** A power of two of them. */
  #slots: (Waiter | number | undefined)[] = empty(LEAST_SLOTS)
  #begin = 0
  #end = 0

  push(waiter: Waiter): void {
    if (this.#isFull()) this.#resize()
    waiter.place = this.#end
    this.#slots[this.#end & (this.#slots.length - 1)] = waiter
    this.#end = next(this.#end)
    this.length++
  }

  unshift(waiter: Waiter): void {
    if (this.#isFull()) this.#resize()
    this.#begin = previous(this.#begin)
    waiter.place = this.#begin
    this.#slots[this.#begin & (this.#slots.length - 1)] = waiter
    this.length++
  }

  shift(): Waiter | undefined {
    if (this.length === 0) return undefined
    const waiter = this.#slots[this.#begin & (this.#slots.length - 1)] as Waiter
    this.remove(waiter)
    return waiter
  }

  remove({ place }: Waiter): void {
    const slots = this.#slots
    const mask = slots.length - 1
    slots[place & mask] = undefined
    if (--this.length === 0) return this.#clear()
    // From where to before where nobody stands now.
    let from = place
    let to = next(place)
    if (from !== this.#begin) {
      const before = slots[previous(from) & mask]
      if (typeof before === 'number') from = before
    }
    if (to !== this.#end) {
      const behind = slots[to & mask]
      if (typeof behind === 'number') to = behind === to ? next(to) : behind
    }
    if (from === this.#begin) this.#begin = to
    else if (to === this.#end) this.#end = from
    else {
      slots[from & mask] = to
      slots[previous(to) & mask] = from
    }
    if (slots.length > MOST_KEPT && this.length < slots.length / FEW) this.#resize()
  }

  /** Who stands first, or behind `waiter`. */
  after(waiter: Waiter | undefined): Waiter | undefined {
    const at = waiter === undefined ? this.#begin : next(waiter.place)
    if (at === this.#end) return undefined
    const mask = this.#slots.length - 1
    const found = this.#slots[at & mask]
    if (typeof found !== 'number') return found
    return this.#slots[(found === at ? next(at) : found) & mask] as Waiter
  }

  #isFull(): boolean {
    return ((this.#end - this.#begin) & POSITIONS) === this.#slots.length
  }

  #clear(): void {
    this.#begin = this.#end = 0
    if (this.#slots.length > MOST_KEPT) this.#slots = empty(LEAST_SLOTS)
  }

  /** Without the gaps, in as many slots as leave half of them free. */
  #resize(): void {
    let size = LEAST_SLOTS
    while (size < 2 * this.length) size *= 2
    const slots = empty(size)
    let end = 0
    for (let waiter = this.after(undefined); waiter; ) {
      const behind = this.after(waiter)
      waiter.place = end
      slots[end++] = waiter
      waiter = behind
    }
    this.#slots = slots
    this.#begin = 0
    this.#end = end
  }
}

const next = (position: number): number => (position + 1) & POSITIONS
const previous = (position: number): number => (position - 1) & POSITIONS
const empty = (length: number): (Waiter | number | undefined)[] => new Array(length).fill(undefined)
