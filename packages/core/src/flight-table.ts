import {
  arriveReference,
  type Crossing,
  crossReference,
  currentThread,
  keepReference,
  OK,
  OUT_OF_MEMORY,
  type Parked,
  RECORD_NUMBERS,
  registerKind,
  SHARE,
  type Shareable,
  type Thread,
  ThreadLostError,
  WOULD_BLOCK,
  wordDrop,
  wordOf,
  wordTake,
} from '@millrace/kernel'
import { bareError } from './bare-error.js'
import { sleep } from './time.js'

// Calls that are under way, as all threads know them: a record (the kernel's record.ts) of rows.
//
//   call       flight, hash of its key, 0        of the thread that makes it. FORGOTTEN in place of the hash: nobody joins it any more
//   follower   flight, -life, word               of a thread that waits for its end; the word is that, or 0 before
//
// A flight is named by the life of the thread that makes it, and a number.
//
//   F1  a follower's word is 0       =>  the call's row is there, or its thread has died
//   F2  a row is removed             =>  by its own thread, or after that has died; whoever removes it owns its word
//   F3  a follower's row is there    =>  this is parked in its thread, which looks at it when the call ends, or a thread dies

const ROW = 3
const KEY = 1
const WORD = 2

const FORGOTTEN = 0
const FLIGHTS = 2 ** 20
const MOST_ROWS = Math.floor(RECORD_NUMBERS / ROW)

const KIND = 'flight-table'

/** How long a call that has ended waits for memory to say so, when there is none. */
const RETRY_MS = 10

/** How a call ended; `name` is what its key is known by. */
export type FlightEnd = { name: string; value: unknown } | { name: string; error: unknown }

/** How it did not end: its thread has died, or nobody can tell. */
export type FlightLost = { name: undefined; error: unknown }

/** Is told of the end of a call that another thread makes. */
export type Follower = (end: FlightEnd | FlightLost) => void

/** A call that this thread makes, or follows. */
export interface Flight {
  readonly id: number
  readonly isHere: boolean
}

/**
 * The calls that are under way on any thread, by the hashes of their keys: so that a call is made once for all who ask for its key
 * meanwhile. What a key is, and what a call, is not its business.
 */
export class FlightTable implements Shareable, Parked {
  readonly address: number
  /** What the table is part of, as this thread knows it. */
  face: object | undefined
  readonly #thread: Thread
  readonly #life: number
  readonly #rows: Float64Array
  readonly #followers = new Map<number, Follower>()
  #number = 0
  /** Numbers of the rows. */
  #end = 0
  /** The scratch is not what was read. */
  #changed = false

  private constructor(thread: Thread, address: number) {
    this.#thread = thread
    this.#life = thread.life()
    this.#rows = thread.scratch
    this.address = address
    thread.memory.reach(address + 256)
  }

  /** @throws {OutOfSharedMemoryError} */
  static create(): FlightTable {
    const thread = currentThread()
    const address = thread.kernel.recordCreate(thread.id)
    if (address === 0) throw thread.outOfMemory(256)
    const table = new FlightTable(thread, address)
    keepReference(address, table)
    return table
  }

  /**
   * Follows the call of a key, or, if there is none, makes it: then `end` must be called with it. Undefined if it has to be made without
   * others knowing: there are too many calls, or another key of this thread has the same hash.
   *
   * @throws {OutOfSharedMemoryError}
   */
  join(hash: number, follower: Follower): Flight | undefined {
    const flight = this.#change(() => {
      const row = this.#find(hash)
      if (row < 0) return this.#end < MOST_ROWS * ROW ? this.#add(this.#newFlight(), hash) : undefined
      const id = this.#rows[row]
      if (leaderOf(id) === this.#life || this.#followers.has(id) || this.#end >= MOST_ROWS * ROW)
        return undefined
      return this.#add(id, -this.#life)
    })
    if (flight === undefined) return undefined
    const isHere = leaderOf(flight) === this.#life
    if (!isHere) {
      this.#followers.set(flight, follower)
      if (this.#followers.size === 1) this.#thread.park(this)
    }
    return { id: flight, isHere }
  }

  /** Whether others may still join a call. */
  isOpen({ id }: Flight, hash: number): boolean {
    this.#read()
    const row = this.#find(hash)
    return row >= 0 && this.#rows[row] === id
  }

  /** Lets nobody join the call of a key any more. @throws {OutOfSharedMemoryError} */
  forget(hash: number): void {
    this.#change(() => {
      const row = this.#find(hash)
      if (row < 0) return
      this.#changed = true
      this.#rows[row + KEY] = FORGOTTEN
    })
  }

  /** A call of this thread has ended: tells its followers. Answers whether there were any. */
  end({ id }: Flight, end: FlightEnd): boolean {
    return this.#tell(id, end, [])
  }

  #tell(id: number, end: FlightEnd, words: number[]): boolean {
    const told: number[] = []
    let missing = 0
    do {
      // Not within a change: what a value consists of may run code of others.
      for (; missing > 0; missing--) words.push(wordOfEnd(this.#thread, end))
      try {
        missing = this.#change(() => {
          told.length = 0
          const short = this.#count(row => this.#rows[row] === id && this.#rows[row + KEY] < 0) - words.length
          if (short > 0) return short
          for (let row = 0; row < this.#end; row += ROW) {
            if (this.#rows[row] !== id) continue
            if (this.#rows[row + KEY] >= 0) {
              this.#remove(row)
              row -= ROW
            } else {
              this.#changed = true
              this.#rows[row + WORD] = words[told.length]
              told.push(threadOf(-this.#rows[row + KEY]))
            }
          }
          return 0
        })
      } catch {
        // They must not wait for ever.
        void sleep(RETRY_MS).then(() => this.#tell(id, end, words))
        return true
      }
    } while (missing > 0)
    for (const thread of told) this.#thread.kernel.poke(thread, this.address)
    for (const word of words.slice(told.length)) wordDrop(this.#thread, word)
    return words.length > 0
  }

  /** A call has ended that this thread follows, or a thread has died. */
  look(): void {
    const ended: [flight: number, word: number][] = []
    this.#change(() => {
      ended.length = 0
      for (let row = this.#end - ROW; row >= 0; row -= ROW) {
        const [flight, key, word] = this.#rows.subarray(row, row + ROW) as unknown as [number, number, number]
        if (key !== -this.#life || (word === 0 && this.#isAlive(leaderOf(flight)))) continue
        ended.push([flight, word])
        this.#remove(row)
      }
    })
    for (const [flight, word] of ended) {
      const follower = this.#followers.get(flight)!
      this.#followers.delete(flight)
      follower(this.#endOf(word))
    }
    if (ended.length > 0 && this.#followers.size === 0) this.#thread.unpark(this)
  }

  #endOf(word: number): FlightEnd | FlightLost {
    if (word === 0) return { name: undefined, error: new ThreadLostError(LOST) }
    try {
      const end = wordTake(this.#thread, word)
      return end instanceof Error ? { name: undefined, error: end } : (end as FlightEnd)
    } catch (error) {
      return { name: undefined, error }
    }
  }

  // Rows -------------------------------------------------------------------------------------------------------------------

  #read(): void {
    const { kernel, id } = this.#thread
    this.#end = kernel.recordRead(id, this.address)
  }

  /** Changes the rows, and publishes that; `change` runs again if another thread was first. @throws {OutOfSharedMemoryError} */
  #change<R>(change: () => R): R {
    const { kernel, id } = this.#thread
    for (;;) {
      this.#read()
      this.#changed = false
      const orphans = this.#forgetTheDead()
      const result = change()
      if (!this.#changed) return result
      const status = kernel.recordWrite(id, this.address, this.#end, 0, 0)
      if (status === WOULD_BLOCK) continue
      if (status !== OK) throw this.#thread.outOfMemory(8 * this.#end)
      for (const word of orphans) wordDrop(this.#thread, word)
      return result
    }
  }

  /** Takes out the rows of threads that have died; answers the words that nobody will take. */
  #forgetTheDead(): readonly number[] {
    let orphans: number[] | undefined
    for (let row = this.#end - ROW; row >= 0; row -= ROW) {
      const key = this.#rows[row + KEY]
      if (this.#isAlive(key < 0 ? -key : leaderOf(this.#rows[row]))) continue
      const word = this.#rows[row + WORD]
      if (word !== 0) (orphans ??= []).push(word)
      this.#remove(row)
    }
    return orphans ?? NONE
  }

  #isAlive(life: number): boolean {
    return life === this.#life || this.#thread.kernel.lifeIsAlive(life) !== 0
  }

  /** The row of the call that may be joined. */
  #find(hash: number): number {
    for (let row = 0; row < this.#end; row += ROW) {
      if (this.#rows[row + KEY] === hash && this.#isAlive(leaderOf(this.#rows[row]))) return row
    }
    return -1
  }

  #count(counts: (row: number) => boolean): number {
    let count = 0
    for (let row = 0; row < this.#end; row += ROW) if (counts(row)) count++
    return count
  }

  #newFlight(): number {
    for (;;) {
      const flight = this.#life * FLIGHTS + this.#number
      this.#number = (this.#number + 1) % FLIGHTS
      if (this.#count(row => this.#rows[row] === flight) === 0) return flight
    }
  }

  #add(flight: number, key: number): number {
    this.#rows[this.#end] = flight
    this.#rows[this.#end + KEY] = key
    this.#rows[this.#end + WORD] = 0
    this.#end += ROW
    this.#changed = true
    return flight
  }

  #remove(row: number): void {
    this.#rows.copyWithin(row, row + ROW, this.#end)
    this.#end -= ROW
    this.#changed = true
  }

  [SHARE](): Crossing {
    return crossReference(this.#thread, KIND, this.address, this.address)
  }

  static arrived(address: number): FlightTable {
    const thread = currentThread()
    return arriveReference(thread, address, () => new FlightTable(thread, address))
  }
}

registerKind(KIND, (address: number) => FlightTable.arrived(address))

const LOST = 'the thread that made this call for several has ended before it'
const NONE: readonly number[] = []

const leaderOf = (flight: number): number => Math.floor(flight / FLIGHTS)
const threadOf = (life: number): number => life & 0x3f

/** The end of a call as a word, as whole as it can cross. */
function wordOfEnd(thread: Thread, end: FlightEnd): number {
  const { name } = end
  const ends = [() => end, (why: unknown) => ({ name, error: 'error' in end ? bareError(end.error) : why })]
  let failure: unknown
  for (const attempt of ends) {
    try {
      return wordOf(thread, attempt(failure), 'result')
    } catch (error) {
      failure = error
    }
  }
  return OUT_OF_MEMORY
}
