import { currentThread, type Thread } from '@millrace/kernel'
import { type Contents, isStillIn, readUntilStill, untilStill } from './contents.js'
import type { LocalMedium } from './local-medium.js'
import type { Medium } from './medium.js'
import type { SharedMemoryMedium } from './shared-memory-medium.js'
import type { Waiter } from './wait-queue.js'

// A local channel becomes shared with all that is in it, which may name other channels that are still local, and those this one
// again: messages that say where to answer do. So it happens in two steps. First each of these channels gets a record that others
// can name, and what is in it is made words; then, when nothing can be refused any more, values and waiters move into the records.

/** Whatever is carried by a medium: a channel. */
export interface Carried {
  medium: Medium
}

/** What a local channel holds, as words. */
export interface Packed {
  /** The buffered values, the oldest first. */
  readonly words: readonly number[]
  readonly waiting: readonly (readonly [sender: Waiter, word: number])[]
}

/** Those in the first step, in the order they began. */
const underWay = new Map<LocalMedium, Departure>()

/**
 * Makes a local channel one that other threads can know, by a medium that `make` makes, empty. Until the outermost of those that are
 * on their way at the same time has all it needs, they stay local. On an error they are as they were.
 */
export function depart(
  channel: Carried,
  local: LocalMedium,
  make: (thread: Thread) => SharedMemoryMedium,
): SharedMemoryMedium {
  const known = underWay.get(local)
  if (known) return known.medium
  const before = underWay.size
  const thread = currentThread()
  const departure = new Departure(thread, channel, local, make(thread))
  underWay.set(local, departure)
  try {
    departure.pack()
    if (before === 0) untilStill(packChanged)
  } catch (error) {
    // What began after it may name it.
    const given = [...underWay.values()].slice(before)
    for (const { local } of given) underWay.delete(local)
    for (const each of given) each.undo()
    throw error
  }
  if (before === 0) {
    const all = [...underWay.values()]
    underWay.clear()
    for (const each of all) each.move()
  }
  return departure.medium
}

/** Packs those anew in which something has changed since they were packed. Answers whether there were any. */
function packChanged(): boolean {
  let any = false
  for (const each of underWay.values()) {
    if (each.isUnchanged) continue
    any = true
    each.pack()
  }
  return any
}

class Departure implements Packed {
  words: number[] = []
  waiting: [Waiter, number][] = []
  readonly local: LocalMedium
  readonly medium: SharedMemoryMedium
  readonly #thread: Thread
  readonly #channel: Carried
  #contents: Contents | undefined

  constructor(thread: Thread, channel: Carried, local: LocalMedium, medium: SharedMemoryMedium) {
    this.#thread = thread
    this.#channel = channel
    this.local = local
    this.medium = medium
  }

  pack(): void {
    const { element } = this.local
    this.#contents = readUntilStill(this.local, ({ values, senders }) => {
      this.#unpack()
      const { words, waiting } = this
      for (const value of values) words.push(element.toWord(this.#thread, value, `.buffer[${words.length}]`))
      for (const sender of senders) {
        waiting.push([sender, element.toWord(this.#thread, sender.value, `.senders[${waiting.length}]`)])
      }
    })
  }

  /** Whether the channel holds what has been packed. */
  get isUnchanged(): boolean {
    return this.#contents !== undefined && isStillIn(this.local, this.#contents)
  }

  #unpack(): void {
    const { element } = this.local
    for (const word of this.words) element.drop(this.#thread, word)
    for (const [, word] of this.waiting) element.drop(this.#thread, word)
    this.words = []
    this.waiting = []
  }

  undo(): void {
    this.#unpack()
    const { kernel, id } = this.#thread
    kernel.referenceRelease(id, this.medium.address, id)
  }

  move(): void {
    this.#channel.medium = this.medium
    this.local.successor = this.medium
    this.medium.keep(this.#channel)
    this.medium.moveIn(this.local, this)
  }
}
