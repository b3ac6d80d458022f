// What the killer knows whatever dies: words in a memory of their own, beside the one under test.
//
// A life is one thread's run, as sender or receiver. A value is {life16, sequence16}.
//
//   sent[life]      how many values the life knows to be sent; written by the life alone, after each
//   seen[life]      a bit per sequence: received, and marked by the receiver before it took the next
//   received        how many in all

export const SEQUENCES = 2 ** 15

export class KillBoard {
  readonly buffer: SharedArrayBuffer
  readonly #words: Int32Array
  readonly #lives: number

  constructor(lives: number, buffer = new SharedArrayBuffer(4 * (4 + lives + (lives * SEQUENCES) / 32))) {
    this.#lives = lives
    this.buffer = buffer
    this.#words = new Int32Array(buffer)
  }

  static valueOf = (life: number, sequence: number): number => (life << 16) | sequence
  static lifeOf = (value: number): number => value >>> 16
  static sequenceOf = (value: number): number => value & 0xffff

  sent(life: number): number {
    return Atomics.load(this.#words, 4 + life)
  }

  nextSent(life: number): void {
    Atomics.add(this.#words, 4 + life, 1)
  }

  /** Marks a value as received; answers whether it had been before. */
  mark(value: number): boolean {
    Atomics.add(this.#words, 0, 1)
    const [word, bit] = this.#place(KillBoard.lifeOf(value), KillBoard.sequenceOf(value))
    return (Atomics.or(this.#words, word, bit) & bit) !== 0
  }

  wasSeen(life: number, sequence: number): boolean {
    const [word, bit] = this.#place(life, sequence)
    return (this.#words[word]! & bit) !== 0
  }

  get received(): number {
    return Atomics.load(this.#words, 0)
  }

  /** The first thing that went wrong, as a value and a number of it; 0 = nothing. */
  get wrong(): [number, number] {
    return [Atomics.load(this.#words, 1), Atomics.load(this.#words, 2)]
  }

  report(what: number, value: number): void {
    if (Atomics.compareExchange(this.#words, 1, 0, what) === 0) Atomics.store(this.#words, 2, value)
  }

  get isOver(): boolean {
    return Atomics.load(this.#words, 3) === 1
  }

  end(): void {
    Atomics.store(this.#words, 3, 1)
  }

  #place(life: number, sequence: number): [word: number, bit: number] {
    return [4 + this.#lives + ((life * SEQUENCES + sequence) >>> 5), 1 << (sequence & 31)]
  }

  /**
   * Compares what each life knows to be sent with what was received; answers how many of those values are missing.
   * Throws if something was received that cannot have been sent.
   */
  countLost(lives: number): number {
    let lost = 0
    for (let life = 0; life < lives; life++) {
      const sent = this.sent(life)
      for (let sequence = 0; sequence < SEQUENCES; sequence++) {
        const seen = this.wasSeen(life, sequence)
        if (sequence < sent && !seen) lost++
        // The one after the last may have been sent just before the life ended and could tell.
        if (sequence > sent && seen) throw new Error(`life ${life}: ${sequence} came, and ${sent} were sent`)
      }
    }
    return lost
  }
}

export const DOUBLED = 1
export const OUT_OF_ORDER = 2
