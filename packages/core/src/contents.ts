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

/** Reads again what has changed meanwhile, until nothing has. @throws {DataCloneError} It does so each time. */
export function readUntilStill(readChanged: () => boolean): void {
  for (let readings = 0; readChanged(); readings++) {
    if (readings === MOST_READINGS)
      throw new DataCloneError(
        'to read what is in it changes what is in it, each time: a getter sends or receives',
        'channel',
      )
  }
}
