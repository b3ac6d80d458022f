// The least that threads need: a ring for one sender and one receiver that look until there is something, and never sleep; and a sleeper
// that is woken.

import { hrtime } from 'node:process'
import { isMainThread, type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads'
import type { Run } from '../../contestant.js'
import { microseconds, nsEach, sumBelow, WARM_MS_OF_THREADS, wakeUps } from '../../measure.js'

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

interface Sleeper {
  /** The bell, and that of who answers. */
  readonly bells: Int32Array<SharedArrayBuffer>
  readonly at: Float64Array<SharedArrayBuffer>
  readonly base: bigint
}

type Role =
  | { readonly floor: 'send' | 'sendAwait' | 'receive' | 'receiveAwait'; readonly ring: Ring }
  | SleeperRole
type SleeperRole = { readonly floor: 'sleep'; readonly sleeper: Sleeper }

const DONE = Promise.resolve()

/** Puts and takes, each by one thread, which asks what the other has done only when it must: where they meet they are slow. */
class End {
  readonly #ring: Ring
  #at = 0
  #others = 0

  constructor(ring: Ring) {
    this.#ring = ring
  }

  put(value: number): void {
    const { words, slots, isRendezvous } = this.#ring
    while (this.#at - this.#others >= slots) this.#others = Atomics.load(words, TAKEN)
    words[SLOTS + (this.#at & (slots - 1))] = value
    Atomics.store(words, PUT, ++this.#at)
    if (isRendezvous) while (Atomics.load(words, TAKEN) < this.#at) {}
  }

  take(): number {
    const { words, slots } = this.#ring
    while (this.#others <= this.#at) this.#others = Atomics.load(words, PUT)
    const value = words[SLOTS + (this.#at & (slots - 1))]
    Atomics.store(words, TAKEN, ++this.#at)
    return value
  }
}

const parts = {
  async send(end: End, n: number): Promise<number> {
    for (let i = 0; i < n; i++) end.put(i)
    return 0
  },
  async sendAwait(end: End, n: number): Promise<number> {
    for (let i = 0; i < n; i++) {
      end.put(i)
      await DONE
    }
    return 0
  },
  async receive(end: End, n: number): Promise<number> {
    let sum = 0
    for (let i = 0; i < n; i++) sum += end.take()
    return sum
  },
  async receiveAwait(end: End, n: number): Promise<number> {
    let sum = 0
    for (let i = 0; i < n; i++) sum += await Promise.resolve(end.take())
    return sum
  },
}

/** Tells, whenever it is woken, when that was. */
function sleep({ bells, at, base }: Sleeper): void {
  const { async, value } = Atomics.waitAsync(bells, 0, 0)
  const wake = (): void => {
    at[0] = microseconds(base)
    Atomics.store(bells, 0, 0)
    Atomics.store(bells, 1, 1)
    Atomics.notify(bells, 1)
    sleep({ bells, at, base })
  }
  if (async) void value.then(wake)
  else wake()
}

function play(role: Role, main: MessagePort): void {
  if (role.floor === 'sleep') {
    sleep(role.sleeper)
    main.on('message', () => {}) // keeps the thread
  } else {
    const end = new End(role.ring)
    main.on('message', async (n: number) => main.postMessage(await parts[role.floor](end, n)))
  }
  main.postMessage('ready')
}

if (!isMainThread && workerData?.floor) play(workerData as Role, parentPort!)

/** What `worker` says next. */
const answer = (worker: Worker): Promise<number> => new Promise(resolve => worker.once('message', resolve))

async function start(role: Role): Promise<Worker> {
  const worker = new Worker(new URL(import.meta.url), { workerData: role })
  await answer(worker)
  return worker
}

/** Nanoseconds for one number through a ring, from a thread to another. */
const throughRing =
  (capacity: number, sends: 'send' | 'sendAwait', receives: 'receive' | 'receiveAwait'): Run =>
  async count => {
    const words = new Int32Array(new SharedArrayBuffer(4 * (SLOTS + Math.max(capacity, 1))))
    const ring = { words, slots: Math.max(capacity, 1), isRendezvous: capacity === 0 }
    const threads = await Promise.all([start({ floor: receives, ring }), start({ floor: sends, ring })])
    const run = async (n: number): Promise<number> => {
      const answers = threads.map(answer)
      for (const thread of threads) thread.postMessage(n)
      return (await Promise.all(answers))[0]
    }
    const took = await nsEach(count, run, sumBelow, WARM_MS_OF_THREADS)
    await Promise.all(threads.map(thread => thread.terminate()))
    return took
  }

export const awaiting = (capacity: number): Run => throughRing(capacity, 'sendAwait', 'receiveAwait')
export const looking = (capacity: number): Run => throughRing(capacity, 'send', 'receive')

/** Microseconds until a thread that waits in `Atomics.waitAsync` is told. */
export const waking =
  (p: number): Run =>
  async count => {
    const bells = new Int32Array(new SharedArrayBuffer(8))
    const at = new Float64Array(new SharedArrayBuffer(8))
    const base = hrtime.bigint()
    const thread = await start({ floor: 'sleep', sleeper: { bells, at, base } })
    const took = await wakeUps(count, p, async () => {
      Atomics.store(bells, 1, 0)
      const sent = microseconds(base)
      Atomics.store(bells, 0, 1)
      Atomics.notify(bells, 0)
      await Atomics.waitAsync(bells, 1, 0).value
      return at[0] - sent
    })
    await thread.terminate()
    return took
  }
