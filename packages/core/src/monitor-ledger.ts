// The numbers of a monitor that several threads know, in its record (the kernel's record.ts), behind those of its state:
//
//   entries, holders              how many there are of the following
//   entry:  life, line, ticket,   that somebody of a thread waits in a line: the first one's ticket, how many may be let without
//           count, granted,       another look, how many have been let and do not know yet, and how that ended. In the order in
//           outcome               which they came, threads taking turns
//   holder: life, held            how much a thread's goroutines hold, where the rules say
//
// A thread has one entry in a line, and one more for each outcome that others of it have had there and do not know yet.
//
// A thread is named by its life, so that one that has died is known for ever.

export const HOLDER = 2
export const HELD = 1

export const ENTRY = 6
export const LINE = 1
export const TICKET = 2
export const COUNT = 3
export const GRANTED = 4
export const OUTCOME = 5

/** The number of the thread of a life. */
export const threadOf = (life: number): number => life & 0x3f

/** Who waits for a shared monitor, and who holds it: what of its numbers is behind those of the state. */
export class MonitorLedger {
  readonly numbers: Float64Array
  /** They are not what was read from the record. */
  isChanged = false
  /** Where the numbers of entries and of holders are. */
  readonly #base: number
  /** Of the thread that reads and writes here. */
  readonly #life: number

  constructor(numbers: Float64Array, base: number, life: number) {
    this.numbers = numbers
    this.#base = base
    this.#life = life
  }

  /** Everything is 0, the state too. */
  clear(): void {
    this.numbers.fill(0, 0, this.#base + 2)
  }

  get hasEntries(): boolean {
    return this.numbers[this.#base] !== 0
  }

  /** Whether no other thread holds anything. */
  get isMine(): boolean {
    const numbers = this.numbers
    const holders = numbers[this.#base + 1]
    return holders === 0 || (holders === 1 && numbers[this.holders] === this.#life)
  }

  /** Numbers that have to be kept: none if all from `first` on are 0. */
  count(first: number): number {
    const { end } = this
    if (end > this.#base + 2) return end
    for (let i = first; i < this.#base; i++) if (this.numbers[i] !== 0) return end
    return 0
  }

  get entries(): number {
    return this.#base + 2
  }

  get holders(): number {
    return this.entries + this.numbers[this.#base] * ENTRY
  }

  get end(): number {
    return this.holders + this.numbers[this.#base + 1] * HOLDER
  }

  /** The first entry in a line that somebody waits behind; -1 if nobody does. */
  firstOf(line: number): number {
    const numbers = this.numbers
    for (let entry = this.entries; entry < this.holders; entry += ENTRY) {
      if (numbers[entry + LINE] === line && numbers[entry + COUNT] > 0) return entry
    }
    return -1
  }

  entryOf(life: number, line: number): number {
    const numbers = this.numbers
    for (let entry = this.entries; entry < this.holders; entry += ENTRY) {
      if (numbers[entry] === life && numbers[entry + LINE] === line) return entry
    }
    return -1
  }

  /** So many more of this thread wait in a line. Of one that is not counted, the entry is for the first alone. */
  join(line: number, ticket: number, count: number, isCounted: boolean): void {
    const numbers = this.numbers
    let entry = this.entryOf(this.#life, line)
    if (entry < 0) {
      entry = this.#insert(this.holders)
      numbers[entry] = this.#life
      numbers[entry + LINE] = line
    }
    numbers[entry + TICKET] = ticket
    numbers[entry + COUNT] = isCounted ? numbers[entry + COUNT] + count : 1
  }

  /** An entry of nothing, before what is at `entry`. */
  #insert(entry: number): number {
    const numbers = this.numbers
    numbers.copyWithin(entry + ENTRY, entry, this.end)
    numbers.fill(0, entry, entry + ENTRY)
    numbers[this.#base]++
    return entry
  }

  /** Leaves what has been granted in an entry of its own, as what comes now ends otherwise. Answers where the others are. */
  split(entry: number): number {
    const numbers = this.numbers
    const others = entry + ENTRY
    this.#insert(entry)
    numbers.copyWithin(entry, others, others + ENTRY)
    numbers[entry + COUNT] = numbers[others + GRANTED] = 0
    return others
  }

  /** The entry's thread has had its turn. */
  moveToEnd(entry: number): void {
    const numbers = this.numbers
    const last = this.holders - ENTRY
    if (entry === last) return
    const moved = numbers.slice(entry, entry + ENTRY)
    numbers.copyWithin(entry, entry + ENTRY, last + ENTRY)
    numbers.set(moved, last)
  }

  dropEntry(entry: number): void {
    this.numbers.copyWithin(entry, entry + ENTRY, this.end)
    this.numbers[this.#base]--
  }

  dropHolder(holder: number): void {
    const { end } = this
    if (holder + HOLDER < end) this.numbers.copyWithin(holder, holder + HOLDER, end)
    this.numbers[this.#base + 1]--
  }

  /** Whether those of a thread have been let pass and do not know yet. */
  hasGrantsOf(life: number): boolean {
    const numbers = this.numbers
    for (let entry = this.entries; entry < this.holders; entry += ENTRY) {
      if (numbers[entry] === life && numbers[entry + GRANTED] > 0) return true
    }
    return false
  }

  /** Where it says how much the goroutines of a thread hold; -1 if they hold nothing. */
  holderOf(life: number): number {
    const { numbers, end } = this
    for (let holder = this.holders; holder < end; holder += HOLDER)
      if (numbers[holder] === life) return holder
    return -1
  }

  /** The goroutines of a thread hold so much more; a negative number is less. */
  hold(life: number, amount: number): void {
    if (amount === 0) return
    const numbers = this.numbers
    let holder = this.holderOf(life)
    if (holder < 0) {
      holder = this.end
      numbers[this.#base + 1]++
      numbers[holder] = life
      numbers[holder + HELD] = 0
    }
    numbers[holder + HELD] += amount
    if (numbers[holder + HELD] === 0) this.dropHolder(holder)
  }

  /** Somebody here gives back `amount`: what was taken here, or else on other threads. */
  giveBack(amount: number): void {
    const left = this.#giveBack(amount, true)
    if (left > 0) this.#giveBack(left, false)
  }

  /** As far as it goes, from what is held here, or from what is held on other threads. Answers what is left. */
  #giveBack(amount: number, here: boolean): number {
    const { numbers, holders } = this
    let left = amount
    for (let holder = this.end - HOLDER; holder >= holders && left > 0; holder -= HOLDER) {
      if ((numbers[holder] === this.#life) !== here) continue
      const given = Math.min(left, numbers[holder + HELD])
      left -= given
      numbers[holder + HELD] -= given
      if (numbers[holder + HELD] === 0) this.dropHolder(holder)
    }
    return left
  }
}
