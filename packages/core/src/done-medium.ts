import type { Crossing } from '@millrace/kernel'
import type { CancelContext } from './cancel-context.js'
import type { Cancellable } from './cancellation.js'
import { CLOSED, EMPTY, type SharedMedium } from './medium.js'
import { ReceiveOnlyMedium } from './receive-only.js'
import { type Waiter, WaitQueue } from './wait-queue.js'

/** The kind that a done channel crosses as; its payload is the context. */
export const DONE = 'core/done'

/** What a context's `done()` gives: nothing, and the end once the context has ended. */
export class DoneMedium extends ReceiveOnlyMedium implements SharedMedium, Cancellable {
  readonly scope: CancelContext
  readonly receivers = new WaitQueue(() => {
    if (!this.receivers.first) this.scope.delete(this)
  })

  constructor(scope: CancelContext) {
    super()
    this.scope = scope
  }

  get closed(): boolean {
    return this.scope.canceled
  }

  tryReceive(): unknown {
    return this.closed ? CLOSED : EMPTY
  }

  canReceive(): boolean {
    return this.closed
  }

  parkReceiver(waiter: Waiter): void {
    const isFirst = this.receivers.first === undefined
    this.receivers.push(waiter)
    if (isFirst) this.scope.add(this)
  }

  cancel(): void {
    for (let waiter = this.receivers.shift(); waiter; waiter = this.receivers.shift()) {
      waiter.received(undefined, false)
    }
  }

  share(): SharedMedium {
    return this
  }

  cross(): Crossing {
    return { kind: DONE, payload: this.scope }
  }
}
