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
  if (local.length !== values.length) return false
  let i = 0
  for (const value of local.buffered()) if (!Object.is(value, values[i++])) return false
  let sender = local.senders.first
  for (const known of senders) {
    if (sender !== known) return false
    sender = local.senders.after(known)
  }
  return sender === undefined
}
