import type { LocalMedium } from './local-medium.js'
import type { Waiter } from './wait-queue.js'

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
