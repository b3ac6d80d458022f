import { anyValue, type Crossing, registerKind } from '@millrace/kernel'
import { Channel, type ReceiveChan } from './chan.js'
import type { Carried } from './departure.js'
import { EMPTY, type Medium, type SharedMedium, takeEach } from './medium.js'
import { type Waiter, WaitQueue } from './wait-queue.js'

// Channels that nobody sends on: what they give is not a value that was sent, but a fact: the time, a context's end.

/** What such channels have in common. They look unbuffered. */
export abstract class ReceiveOnlyMedium implements Medium {
  get moves(): number | undefined {
    return undefined
  }

  takeMany(values: unknown[], max: number): void {
    takeEach(this, values, max)
  }

  readonly element = anyValue
  readonly capacity = 0
  readonly length = 0
  readonly senders = new WaitQueue(() => {})
  abstract readonly receivers: WaitQueue
  abstract readonly closed: boolean
  abstract tryReceive(): unknown
  abstract canReceive(): boolean
  abstract parkReceiver(waiter: Waiter): void
  abstract share(channel: Carried): SharedMedium

  // The types have no send and no close; who gets here has gone round them.
  trySend(): never {
    throw new TypeError('send on receive-only channel')
  }

  canSend(): boolean {
    return true
  }

  parkSender(): never {
    return this.trySend()
  }

  close(): never {
    throw new TypeError('close of receive-only channel')
  }
}

const KIND = 'core/never'

class NeverMedium extends ReceiveOnlyMedium implements SharedMedium {
  readonly receivers = new WaitQueue(() => {})
  readonly closed = false

  tryReceive(): unknown {
    return EMPTY
  }

  canReceive(): boolean {
    return false
  }

  parkReceiver(waiter: Waiter): void {
    this.receivers.push(waiter)
  }

  share(): SharedMedium {
    return this
  }

  cross(): Crossing {
    return { kind: KIND, payload: undefined }
  }
}

/** A channel that is never ready, as a nil channel is in Go. */
export const NEVER: ReceiveChan<never> = new Channel<never>(new NeverMedium())

registerKind(KIND, () => NEVER)
