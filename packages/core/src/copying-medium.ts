import { anyValue, copy, type Message } from '@millrace/kernel'
import type { Contents } from './contents.js'
import { type Carried, type Departure, depart } from './departure.js'
import { LocalMedium } from './local-medium.js'
import type { Waiter } from './wait-queue.js'

const ROOT = 'value'

/**
 * A channel that has crossed where there is one thread only. It is a local one, but for this: what is sent is copied, as another
 * thread would have got it, and refused if it could not have crossed. (What a typed channel takes is as good as copied.) So a program does the same with one thread and with many.
 */
export class CopyingMedium extends LocalMedium {
  /** Carries from now on what a local channel holds, copied. On an error the channel is as it was. */
  static carry(channel: Carried, local: LocalMedium, message?: Message): void {
    depart(local, () => new DepartingByCopy(channel, local), message)
  }

  moveIn(
    local: LocalMedium,
    values: readonly unknown[],
    sent: readonly (readonly [Waiter, unknown])[],
  ): void {
    for (const value of values) this.put(value)
    for (const [sender, value] of sent) {
      local.senders.unlink(sender)
      sender.value = value
      this.senders.push(sender)
    }
    for (let waiter = local.receivers.shift(); waiter; waiter = local.receivers.shift())
      this.receivers.push(waiter)
    this.closed = local.closed
  }

  override trySend(value: unknown): boolean {
    // A value is copied only when there is room for it; if there is none, `parkSender` copies it.
    if (this.element !== anyValue) return super.trySend(value)
    if (!this.canSend()) return false
    return this.put(this.closed ? undefined : copy(value, ROOT))
  }

  override parkSender(waiter: Waiter): void {
    if (this.element === anyValue) this.parkRead(waiter, copy(waiter.value, ROOT))
    else super.parkSender(waiter)
  }
}

/** What is in the channel crosses as copies. */
class DepartingByCopy implements Departure {
  readonly #channel: Carried
  readonly #local: LocalMedium
  #values: unknown[] = []
  #sent: (readonly [Waiter, unknown])[] = []

  constructor(channel: Carried, local: LocalMedium) {
    this.#channel = channel
    this.#local = local
  }

  pack({ values, senders }: Contents, message: Message): void {
    const cross = (value: unknown, place: string) =>
      this.#local.element === anyValue ? copy(value, place, message) : value
    this.#values = values.map((value, i) => cross(value, `.buffer[${i}]`))
    this.#sent = senders.map((sender, i) => [sender, cross(sender.value, `.senders[${i}]`)] as const)
  }

  undo(): void {}

  move(): void {
    const medium = new CopyingMedium(this.#local.capacity, this.#local.element)
    this.#channel.medium = this.#local.successor = medium
    medium.moveIn(this.#local, this.#values, this.#sent)
  }
}
