import type { Cancellation } from './cancellation.js'
import type { Monitor } from './monitor.js'
import { PASS } from './monitor-rules.js'
import { NOTHING, type Reject, type Resolve, SingleWaiter, WaitQueue } from './wait-queue.js'

/** Goroutines of this thread that wait in one line of a monitor. The value of each is its ticket. */
export class Line extends WaitQueue {
  declare first: MonitorWaiter | undefined
  length = 0

  constructor() {
    super(NOTHING)
  }

  override push(waiter: MonitorWaiter): void {
    super.push(waiter)
    this.length++
  }

  override unshift(waiter: MonitorWaiter): void {
    super.unshift(waiter)
    this.length++
  }

  override unlink(waiter: MonitorWaiter): void {
    super.unlink(waiter)
    this.length--
  }

  override after(waiter: MonitorWaiter): MonitorWaiter | undefined {
    return super.after(waiter) as MonitorWaiter | undefined
  }
}

export class MonitorWaiter extends SingleWaiter<unknown> {
  readonly line: number
  readonly cancellation: Cancellation | undefined
  /** Since when it waits, by the monitor's own clock, where that matters. */
  since = 0
  readonly #monitor: Monitor

  constructor(
    monitor: Monitor,
    line: number,
    cancellation: Cancellation | undefined,
    resolve: Resolve<unknown>,
    reject: Reject,
  ) {
    super(undefined, NOTHING, resolve, reject)
    this.#monitor = monitor
    this.line = line
    this.cancellation = cancellation
  }

  /** It has been let pass, or failed, and is in no line any more. */
  passed(outcome: number): void {
    if (outcome === PASS) this.received(undefined, true)
    else this.failed(this.#monitor.rules.failure!(outcome))
  }

  /** It has left its line with nothing. */
  gaveUp(reason: unknown): void {
    this.failed(reason)
  }

  override cancel(reason: unknown): void {
    this.#monitor.giveUp(this, reason)
  }
}
