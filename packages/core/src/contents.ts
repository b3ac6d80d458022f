import { DataCloneError } from '@millrace/kernel'
import type { LocalMedium } from './local-medium.js'
import type { Waiter } from './wait-queue.js'

/** To read a value may run code of others, a getter's, which changes what is in the channel: so often it is read again. */
const MOST_READINGS = 100

/** What a local channel holds at one moment. */
export interface Contents {
  /** In the buffer, the oldest first. */
  readonly values: readonly unknown[]
  readonly senders: readonly Waiter[]
}

export function contentsOf(local: LocalMedium): Contents {
  const senders: Waiter[] = []
  for (let sender = local.senders.first; sender; sender = local.senders.after(sender)) senders.push(sender)
  return { values: [...local.buffered()], senders }
}

/** Whether it still holds just that. */
export function isStillIn(local: LocalMedium, { values, senders }: Contents): boolean {
  const now = contentsOf(local)
  return isSame(now.values, values) && isSame(now.senders, senders)
}

const isSame = (some: readonly unknown[], others: readonly unknown[]): boolean =>
  some.length === others.length && some.every((one, i) => Object.is(one, others[i]))

/**
 * Has what a channel holds read, and again if that has changed meanwhile; answers what was read last, which it still holds. What `read`
 * throws counts only if it has read what is still there.
 *
 * @throws {DataCloneError} It changes each time.
 */
export function readUntilStill(local: LocalMedium, read: (contents: Contents) => void): Contents {
  for (let readings = 0; readings < MOST_READINGS; readings++) {
    const contents = contentsOf(local)
    try {
      read(contents)
    } catch (error) {
      if (isStillIn(local, contents)) throw error
    }
    if (isStillIn(local, contents)) return contents
  }
  throw neverStill()
}

/** Has all of them read again which have changed since, until none has. @throws {DataCloneError} Some change each time. */
export function untilStill(readChanged: () => boolean): void {
  for (let rounds = 0; readChanged(); rounds++) if (rounds === MOST_READINGS) throw neverStill()
}

const neverStill = (): DataCloneError =>
  new DataCloneError('to read what is in it changes what is in it, each time: a getter sends or receives', '')
