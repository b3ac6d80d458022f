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
  /** Lets the channel be what it is from now on, and hold what has been packed. Runs no code of others, and throws nothing. */
  move(): void
}

/** So often is what crosses together read at most, until nothing in it changes meanwhile; where it grows, so many values more than that. */
const MOST_READINGS = 32
const MOST_VALUES = 10_000

/** Those in the first step, and of each message the group that is. */
const underWay = new Map<LocalMedium, Member>()
const groups = new Map<Message, Group>()

/**
 * Lets a local channel cross, by the departure that `make` makes: together with those that what is in it leads to, all or none. Until the
 * first of them has all it needs, they stay local. On an error they are as they were.
 *
 * @throws {DataCloneError} Something in it cannot cross, or changes whenever it is read; or it is on its way in another message.
 */
export function depart<D extends Departure>(local: LocalMedium, make: () => D, message: Message = {}): D {
  const known = underWay.get(local)
  const group = groups.get(message)
  if (known === undefined) return group ? group.join(local, make) : departFirst(local, make, message)
  if (known.group === group) return known.departure as D
  throw new DataCloneError(
    'it is crossing just now, with what is in it: a getter of that cannot send it as well',
    '',
  )
}

function departFirst<D extends Departure>(local: LocalMedium, make: () => D, message: Message): D {
  let most = 0
  for (let values = 0, readings = 1; ; readings++) {
    const group = new Group(message)
    const departure = group.attempt(local, make)
    if (departure) return departure
    most ||= MOST_READINGS * group.size + MOST_VALUES
    values += group.size
    if (readings === MOST_READINGS || values > most) {
      throw new DataCloneError(
        'to read what is in it, or in a channel that is, changes that each time: a getter sends or receives',
        '',
      )
    }
  }
}

interface Member {
  readonly group: Group
  readonly local: LocalMedium
  readonly contents: Contents
  readonly departure: Departure
}

/** Those that cross together. */
class Group {
  readonly #message: Message
  readonly #members: Member[] = []
  /** How many channels and values have been read. */
  size = 0

  constructor(message: Message) {
    this.#message = message
  }

  join<D extends Departure>(local: LocalMedium, make: () => D): D {
    const contents = contentsOf(local)
    const departure = make()
    const member = { group: this, local, contents, departure }
    this.#members.push(member)
    underWay.set(local, member)
    this.size += 1 + contents.values.length + contents.senders.length
    departure.pack(contents, this.#message)
    return departure
  }

  /** Lets one cross, and whom it leads to. Undefined if what has been read has changed meanwhile: all are as they were then. */
  attempt<D extends Departure>(local: LocalMedium, make: () => D): D | undefined {
    let isReady = false
    try {
      const first = this.#pack(local, make)
      isReady = this.#isStill()
      return isReady ? first : undefined
    } catch (error) {
      if (this.#isStill()) throw error
      return undefined
    } finally {
      for (const { departure } of this.#members) {
        if (isReady) departure.move()
        else departure.undo()
      }
    }
  }

  #pack<D extends Departure>(local: LocalMedium, make: () => D): D {
    groups.set(this.#message, this)
    try {
      return this.join(local, make)
    } finally {
      // Before anything else, which may throw where the stack is nearly used up.
      groups.delete(this.#message)
      for (const { local } of this.#members) underWay.delete(local)
    }
  }

  #isStill(): boolean {
    for (const { local, contents } of this.#members) if (!isStillIn(local, contents)) return false
    return true
  }
}
