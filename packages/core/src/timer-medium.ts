import { DataCloneError } from '@millrace/kernel'
import { Alarm } from './alarm.js'
import { clock } from './clock.js'
import { EMPTY, type SharedMedium } from './medium.js'
import { ReceiveOnlyMedium } from './receive-only.js'
import { type Waiter, WaitQueue } from './wait-queue.js'

/**
 * What a timer's channel gives: the time it was set to, once that has come. There is no buffer: whoever receives looks at the
 * clock, so a value is there in time even if the event loop is late, and none is left over after `stop` or `start`.
 *
 *   T1  set, and the clock has reached `due`  =>  there is a value, unless somebody is parked (who gets it first)
 *   T2  the alarm is set  <=>  somebody is parked and the timer is set
 *
 * So a timer that nobody waits for costs the host nothing, and is collected as anything else.
 */
export class TimerMedium extends ReceiveOnlyMedium {
  readonly receivers = new WaitQueue(() => this.#left())
  readonly closed = false
  readonly #alarm = new Alarm(() => this.#serve())
  #isSet = false
  #due = 0
  /** What the wall clock will show then, had nobody set it since. */
  #date = 0
  /** Milliseconds between two ticks; 0 for a timer, which rings once. */
  #period = 0

  /** Sets the timer anew. Answers whether that took a value, one to come or one not received yet, from anybody. */
  start(ms: number, period = 0): boolean {
    const wasSet = this.#isSet
    const delay = Math.max(ms, 0)
    this.#isSet = true
    this.#due = clock.now() + delay
    this.#date = clock.wall() + delay
    this.#period = period
    if (this.receivers.first) this.#alarm.set(this.#due)
    return wasSet
  }

  stop(): boolean {
    const wasSet = this.#isSet
    this.#isSet = false
    this.#alarm.clear()
    return wasSet
  }

  tryReceive(): unknown {
    if (!this.#hasRung()) return EMPTY
    if (this.receivers.first === undefined) return this.#take()
    this.#serve()
    return EMPTY
  }

  canReceive(): boolean {
    return this.receivers.first === undefined && this.#hasRung()
  }

  parkReceiver(waiter: Waiter): void {
    const isFirst = this.receivers.first === undefined
    this.receivers.push(waiter)
    if (isFirst && this.#isSet) this.#alarm.set(this.#due)
  }

  share(): SharedMedium {
    throw new DataCloneError(
      'it is the channel of a timer, which stays on its thread (make the timer where it is waited for)',
      '',
    )
  }

  #hasRung(): boolean {
    return this.#isSet && clock.now() >= this.#due
  }

  #take(): Date {
    const date = new Date(this.#date)
    if (this.#period === 0) this.#isSet = false
    else {
      // The ticks that nobody received are lost; the next one keeps the phase.
      const passed = (Math.floor((clock.now() - this.#due) / this.#period) + 1) * this.#period
      this.#due += passed
      this.#date += passed
    }
    return date
  }

  readonly #serve = (): void => {
    while (this.#hasRung()) {
      const receiver = this.receivers.shift()
      if (!receiver) break
      receiver.received(this.#take(), true)
    }
    if (this.receivers.first && this.#isSet) this.#alarm.set(this.#due)
    else this.#alarm.clear()
  }

  #left(): void {
    if (!this.receivers.first) this.#alarm.clear()
  }
}
