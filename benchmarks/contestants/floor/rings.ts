// The least that messages between two threads take: rings whose senders are all on one of them and whose receivers on the other, so
// that each has but two ends. Who has to wait looks until it need not, and never sleeps; nothing is parked, closed, cancelled or chosen
// with any fairness.

import type { Run, Ways } from '../../contestant.js'
import { nsEach, sumBelow, WARM_MS_OF_THREADS } from '../../measure.js'
import { partOf, sumOfParts } from '../../programs/channels.js'
import { CAPACITIES, CROSSBEAM_THREADS } from '../../scenarios.js'
import { answer, plays, start } from './threads.js'

/** Places in the words of a ring: what has been taken, what has been put, and the slots. A cache line each, and the lines beside them. */
const TAKEN = 0
const PUT = 32
const SLOTS = 64

interface Ring {
  readonly words: Int32Array<SharedArrayBuffer>
  /** A power of two. */
  readonly slots: number
  /** What a channel without room does: a send is over when its value has been taken. */
  readonly isRendezvous: boolean
}

function ring(capacity: number): Ring {
  const slots = Math.max(capacity, 1)
  const words = new Int32Array(new SharedArrayBuffer(4 * (SLOTS + slots)))
  return { words, slots, isRendezvous: capacity === 0 }
}

const DONE = Promise.resolve()

/** Puts and takes, each on one thread, which asks what the other has done only when it must: where they meet they are slow. */
class End {
  readonly #ring: Ring
  #at = 0
  #others = 0

  constructor(ring: Ring) {
    this.#ring = ring
  }

  put(value: number): boolean {
    const { words, slots, isRendezvous } = this.#ring
    if (this.#at - this.#others >= slots) {
      this.#others = Atomics.load(words, TAKEN)
      if (this.#at - this.#others >= slots) return false
    }
    words[SLOTS + (this.#at & (slots - 1))] = value
    Atomics.store(words, PUT, ++this.#at)
    if (isRendezvous) while (Atomics.load(words, TAKEN) < this.#at) {}
    return true
  }

  take(): number | undefined {
    const { words, slots } = this.#ring
    if (this.#others <= this.#at) {
      this.#others = Atomics.load(words, PUT)
      if (this.#others <= this.#at) return undefined
    }
    const value = words[SLOTS + (this.#at & (slots - 1))]
    Atomics.store(words, TAKEN, ++this.#at)
    return value
  }
}

/** Goes round `ends`, from any of them on, until it can put. */
function put(ends: readonly End[], value: number): void {
  for (let i = from(ends); !ends[i % ends.length].put(value); i++) {}
}

function take(ends: readonly End[]): number {
  for (let i = from(ends); ; i++) {
    const value = ends[i % ends.length].take()
    if (value !== undefined) return value
  }
}

const from = ({ length }: readonly End[]): number => (length === 1 ? 0 : (Math.random() * length) | 0)

/** What one of those on a thread does, with the ends of all rings that it chooses among. */
const does = {
  async send(ends: readonly End[], n: number): Promise<number> {
    for (let i = 0; i < n; i++) put(ends, i)
    return 0
  },
  async sendAwait(ends: readonly End[], n: number): Promise<number> {
    for (let i = 0; i < n; i++) {
      put(ends, i)
      await DONE
    }
    return 0
  },
  async receive(ends: readonly End[], n: number): Promise<number> {
    let sum = 0
    for (let i = 0; i < n; i++) sum += take(ends)
    return sum
  },
  async receiveAwait(ends: readonly End[], n: number): Promise<number> {
    let sum = 0
    for (let i = 0; i < n; i++) sum += await Promise.resolve(take(ends))
    return sum
  },
}

/** Of each of those on a thread: the numbers of the rings that it chooses among. */
type Several = readonly (readonly number[])[]

interface Side {
  readonly rings: readonly Ring[]
  readonly what: keyof typeof does
  readonly several: Several
}

plays<Side>(import.meta.url, ({ rings, what, several }, main) => {
  const ends = rings.map(ring => new End(ring))
  const choices = several.map(numbers => numbers.map(i => ends[i]))
  main.on('message', async (n: number) => {
    const sums = choices.map((ends, i) => does[what](ends, several.length === 1 ? n : partOf(n, i)))
    main.postMessage((await Promise.all(sums)).reduce((a, b) => a + b))
  })
})

interface Program {
  readonly rings: number
  readonly senders: Several
  readonly receivers: Several
}

/** Nanoseconds for one of the numbers that go through rings, from a thread to another. */
const between =
  (
    program: Program,
    capacity: number,
    sends: 'send' | 'sendAwait',
    receives: 'receive' | 'receiveAwait',
  ): Run =>
  async count => {
    const rings = Array.from({ length: program.rings }, () => ring(capacity))
    const side = (what: keyof typeof does, several: Several) =>
      start<Side>(import.meta.url, { rings, what, several })
    const threads = await Promise.all([side(receives, program.receivers), side(sends, program.senders)])
    const run = async (n: number): Promise<number> => {
      const answers = threads.map(answer)
      for (const thread of threads) thread.postMessage(n)
      return (await Promise.all(answers))[0]
    }
    const checksum = program.senders.length === 1 ? sumBelow : sumOfParts
    const took = await nsEach(count, run, checksum, WARM_MS_OF_THREADS)
    await Promise.all(threads.map(thread => thread.terminate()))
    return took
  }

const each = <T>(one: (i: number) => T): T[] => Array.from({ length: CROSSBEAM_THREADS }, (_, i) => one(i))
const ALL = each(i => i)

const programs: Record<string, Program> = {
  spsc: { rings: 1, senders: [[0]], receivers: [[0]] },
  mpsc: { rings: 1, senders: each(() => [0]), receivers: [[0]] },
  mpmc: { rings: 1, senders: each(() => [0]), receivers: each(() => [0]) },
  select_rx: { rings: CROSSBEAM_THREADS, senders: each(i => [i]), receivers: [ALL] },
  select_both: { rings: CROSSBEAM_THREADS, senders: each(() => ALL), receivers: each(() => ALL) },
}

const AWAITING = 'rings for two threads, an await each'

export const ringWays: Ways = {
  'chan/stream': {
    [AWAITING]: between(programs.spsc, CAPACITIES.N, 'sendAwait', 'receiveAwait'),
    'rings for two threads': between(programs.spsc, CAPACITIES.N, 'send', 'receive'),
  },
  ...Object.fromEntries(
    Object.entries(programs).flatMap(([name, program]) =>
      Object.entries(CAPACITIES).map(([label, capacity]) => [
        `crossbeam-threads/${name}-${label}`,
        { [AWAITING]: between(program, capacity, 'sendAwait', 'receiveAwait') },
      ]),
    ),
  ),
}
