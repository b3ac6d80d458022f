import { anyValue, copy } from '@millrace/kernel'
import { readUntilStill } from './contents.js'
import type { Carried } from './departure.js'
import { LocalMedium } from './local-medium.js'
import type { Waiter } from './wait-queue.js'

const ROOT = 'value'
/** Those whose contents are just being copied. */
const underWay = new Set<LocalMedium>()

/**
 * A channel that has crossed where there is one thread only. It is a local one, but for this: what is sent is copied, as another
 * thread would have got it, and refused if it could not have crossed. (What a typed channel takes is as good as copied.) So a program does the same with one thread and with many.
 */
export class CopyingMedium extends LocalMedium {
  /** Carries from now on what a local channel holds, copied. On an error the channel is as it was. */
  static carry(channel: Carried, local: LocalMedium): void {
    if (underWay.has(local)) return // what is in it names it
    underWay.add(local)
    try {
      channel.medium = local.successor = CopyingMedium.#fromLocal(local)
    } finally {
      underWay.delete(local)
    }
  }

  static #fromLocal(local: LocalMedium): CopyingMedium {
    let values: unknown[] = []
    let sent: unknown[] = []
    const { senders } = readUntilStill(local, contents => {
      values = contents.values.map((value, i) => copy(value, `.buffer[${i}]`))
      sent = contents.senders.map((sender, i) => copy(sender.value, `.senders[${i}]`))
    })
    // Nobody has seen the copies yet, and from here on nothing can fail.
    const medium = new CopyingMedium(local.capacity, local.element)
    for (const value of values) medium.#sendCopied(value)
    senders.forEach((sender, i) => {
      local.senders.unlink(sender)
      sender.value = sent[i]
      medium.senders.push(sender)
    })
    for (let waiter = local.receivers.shift(); waiter; waiter = local.receivers.shift())
      medium.receivers.push(waiter)
    medium.closed = local.closed
    return medium
  }

  #sendCopied(value: unknown): boolean {
    return super.trySend(value)
  }

  override trySend(value: unknown): boolean {
    // A value is copied only when there is room for it; if there is none, `parkSender` copies it.
    if (this.element !== anyValue) return super.trySend(value)
    if (!this.canSend()) return false
    return super.trySend(this.closed ? undefined : copy(value, ROOT))
  }

  override parkSender(waiter: Waiter): void {
    if (this.element === anyValue) waiter.value = copy(waiter.value, ROOT)
    super.parkSender(waiter)
  }
}
