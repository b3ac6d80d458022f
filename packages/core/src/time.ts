import { host } from '@millrace/kernel'
import { Alarm } from './alarm.js'
import { type Cancellable, type Cancellation, cancellationOf, type WaitOptions } from './cancellation.js'
import { Channel, type ReceiveChan } from './chan.js'
import { checkMs, clock } from './clock.js'
import { NEVER } from './receive-only.js'
import { stayOnThread } from './stay-on-thread.js'
import { TimerMedium } from './timer-medium.js'

// All times are milliseconds; fractions count as far as the host's clock tells them apart. Zero and less mean "at once",
// Infinity means never. A date is the scheduled one, not the moment of reading.
//
// A timer keeps the process alive only while somebody waits for it, on whichever thread. Its channel crosses, and is the same channel
// there; what sets it, a Timer or a Ticker, stays on its thread.

/**
 * A channel that gives one date, `ms` from now. Go's `time.After`. A new Timer's channel: there is nothing to stop or give back.
 *
 * @throws {RangeError} `ms` is NaN. @throws {TypeError} It is not a number.
 *
 * @example
 * const inbox = chan<string>()
 * const hit = await select({ message: inbox, late: after(10) })
 * hit.case // => 'late'
 */
export function after(ms: number): ReceiveChan<Date> {
  return new Timer(ms).c
}

/**
 * A channel that gives a date every `ms`, for ever. Go's `time.Tick`. With `ms` of 0 or less, one that is never ready.
 *
 * @throws {RangeError} `ms` is NaN. @throws {TypeError} It is not a number.
 */
export function tick(ms: number): ReceiveChan<Date> {
  return checkMs(ms, 'tick') > 0 ? new Ticker(ms).c : NEVER
}

/**
 * Waits `ms` milliseconds; with 0 or less, until everything else has had a turn. Go's `time.Sleep`.
 *
 * Cancelled, it rejects at once with the signal's reason; with RangeError or TypeError if `ms` is no number.
 */
export function sleep(ms: number, options?: WaitOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    checkMs(ms, 'sleep')
    const cancellation = options && cancellationOf(options)
    if (cancellation?.canceled) reject(cancellation.reason)
    else new Sleeper(resolve, reject, cancellation).sleep(ms)
  })
}

class Sleeper implements Cancellable {
  readonly #resolve: () => void
  readonly #reject: (reason: unknown) => void
  readonly #cancellation: Cancellation | undefined
  readonly #alarm = new Alarm(() => this.#wake())

  constructor(
    resolve: () => void,
    reject: (reason: unknown) => void,
    cancellation: Cancellation | undefined,
  ) {
    this.#resolve = resolve
    this.#reject = reject
    this.#cancellation = cancellation
  }

  sleep(ms: number): void {
    if (ms > 0) this.#alarm.set(clock.now() + ms)
    else host.macrotask(() => this.#wake())
    this.#cancellation?.add(this)
  }

  #wake(): void {
    this.#cancellation?.delete(this)
    this.#resolve()
  }

  cancel(reason: unknown): void {
    this.#alarm.clear()
    this.#reject(reason)
  }
}

/**
 * A timer: its channel gives the date once `ms` have passed. Go's `time.Timer`.
 *
 * The channel looks unbuffered (length and capacity 0), and is ready as soon as the time has passed, however busy the event loop is.
 * After `stop` or `reset` no date of before is ever received, on any thread that has the channel.
 *
 * @example
 * const timer = new Timer(1000)
 * timer.reset(50) // => true
 * await timer.c.receive()
 * timer.stop() // => false
 */
export class Timer {
  readonly c: ReceiveChan<Date>
  readonly #medium = new TimerMedium()

  /** @throws {RangeError} `ms` is NaN. @throws {TypeError} It is not a number. */
  constructor(ms: number) {
    this.#medium.start(checkMs(ms, 'Timer'))
    this.c = new Channel<Date>(this.#medium)
  }

  /**
   * Stops the timer. Answers whether a date was still to be received, even if its time had come. Does not close the channel.
   *
   * @throws {OutOfSharedMemoryError} Other threads have the channel, and there is no memory to tell them. It is still set.
   */
  stop(): boolean {
    return this.#medium.stop()
  }

  /**
   * Sets the timer to `ms` from now; answers as `stop` does.
   *
   * @throws {RangeError} `ms` is NaN. @throws {OutOfSharedMemoryError} As for `stop`.
   */
  reset(ms: number): boolean {
    return this.#medium.start(checkMs(ms, 'Timer.reset'))
  }
}

/**
 * A ticker: its channel gives a date every `ms`. Go's `time.Ticker`.
 *
 * A slow receiver loses ticks: at most one is there to be received, the first that it missed; the next comes when it would have come
 * anyway. A ticker need not be stopped.
 */
export class Ticker {
  readonly c: ReceiveChan<Date>
  readonly #medium = new TimerMedium()

  /** @throws {RangeError} `ms` is 0, negative or NaN: "non-positive interval for NewTicker". */
  constructor(ms: number) {
    checkInterval(ms, 'non-positive interval for NewTicker')
    this.#medium.start(ms, ms)
    this.c = new Channel<Date>(this.#medium)
  }

  /**
   * Stops the ticker. Does not close the channel, so that a receiver does not take that for a tick.
   *
   * @throws {OutOfSharedMemoryError} As Timer's.
   */
  stop(): void {
    this.#medium.stop()
  }

  /** Ticks every `ms` from now on, the first time in `ms`. @throws {RangeError} As for the constructor. @throws {OutOfSharedMemoryError} */
  reset(ms: number): void {
    checkInterval(ms, 'non-positive interval for Ticker.Reset')
    this.#medium.start(ms, ms)
  }
}

stayOnThread(Timer, 'Timer (its channel, c, can cross)')
stayOnThread(Ticker, 'Ticker (its channel, c, can cross)')

function checkInterval(ms: number, message: string): void {
  if (!(checkMs(ms, 'Ticker') > 0)) throw new RangeError(`${message} (${ms} ms)`)
}
