import { DataCloneError, type Message } from '@millrace/kernel'
import { type Contents, contentsOf, isStillIn } from './contents.js'
import type { LocalMedium } from './local-medium.js'
import type { Medium } from './medium.js'

// A local channel crosses with all that is in it, which may name other channels that are still local, and those this one again: messages
// that say where to answer do. So they cross together, in two steps. First what is in each is packed, and it gets whatever others can name
// it by; then, when nothing can be refused any more, each moves.
//
// To read what is in a channel may run code of others, a getter's. If that changes what is in one of them, all begin anew. If it sends
// something, that is another message; no channel that is on its way may be in it: other threads would know it before its values are in it.

/** Whatever is carried by a medium: a channel. */
export interface Carried {
  medium: Medium
}

/** The way of one channel. */
export interface Departure {
  /** Reads what is in it, as a part of `message`. */
  pack(contents: Contents, message: Message): void
  /** Takes back what has been made for it. The channel has not changed. */
  undo(): void
  /** Lets the channel be what it is from now on, and hold what has been packed. Runs no code of others, and cannot fail. */
  move(): void
}

/** So often what crosses together is read, at a mean, until nothing in it changes meanwhile. */
const MOST_READINGS = 100

/** Those in the first step, and those of each message. */
const underWay = new Map<LocalMedium, [Departure, Departures]>()
const departures = new Map<Message, Departures>()

/**
 * Lets a local channel cross, by the departure that `begin` begins, together with all that names it and is named in it. Until the outermost
 * of those of a message has all it needs, they stay local. On an error they are as they were.
 *
 * @throws {DataCloneError} Something in it cannot cross, or changes whenever it is read; or it is on its way in another message.
 */
export function depart<D extends Departure>(local: LocalMedium, begin: () => D, message: Message = {}): D {
  const known = underWay.get(local)
  const together = departures.get(message)
  if (known === undefined) return together?.begin(local, begin) ?? departFirst(local, begin, message)
  if (known[1] === together) return known[0] as D
  throw new DataCloneError(
    'it is crossing just now, with what is in it: a getter of that cannot send it as well',
    '',
  )
}

function departFirst<D extends Departure>(local: LocalMedium, begin: () => D, message: Message): D {
  let left = Infinity
  for (;;) {
    const together = new Departures(message)
    const departure = together.cross(local, begin)
    if (departure) return departure
    // Not only the readings count: what doubles with each would have no end.
    left = Math.min(left, MOST_READINGS * together.size) - together.size
    if (left < 0) {
      throw new DataCloneError(
        'to read what is in it changes what is in it, each time: a getter sends or receives',
        '',
      )
    }
  }
}

/** Those that cross together. */
class Departures {
  readonly #message: Message
  readonly #all: [LocalMedium, Contents, Departure][] = []
  /** How many channels and values have been read. */
  size = 0

  constructor(message: Message) {
    this.#message = message
  }

  begin<D extends Departure>(local: LocalMedium, begin: () => D): D {
    const departure = begin()
    const contents = contentsOf(local)
    this.#all.push([local, contents, departure])
    this.size += 1 + contents.values.length + contents.senders.length
    underWay.set(local, [departure, this])
    departure.pack(contents, this.#message)
    return departure
  }

  /** Begins with one, and lets all move. Answers undefined if what has been read has changed: then all are as they were. */
  cross<D extends Departure>(local: LocalMedium, begin: () => D): D | undefined {
    let first: D | undefined
    let failure: { error: unknown } | undefined
    departures.set(this.#message, this)
    try {
      first = this.begin(local, begin)
    } catch (error) {
      failure = { error }
    }
    const isStill = this.#isStill
    departures.delete(this.#message)
    for (const [local] of this.#all) underWay.delete(local)
    if (first && isStill) {
      for (const [, , departure] of this.#all) departure.move()
      return first
    }
    for (const [, , departure] of this.#all) departure.undo()
    if (failure && isStill) throw failure.error
    return undefined
  }

  get #isStill(): boolean {
    return this.#all.every(([local, contents]) => isStillIn(local, contents))
  }
}
