import {
  cause,
  crossesWith,
  DeadlineExceeded,
  Monitor,
  sleep,
  stayOnThread,
  type WaitOptions,
} from '@millrace/core'
import { askClock } from './ask-clock.js'
import { checkCrossing } from './check-crossing.js'
import { checkFunction, checkMoment, checkNumber } from './check-number.js'
import { contextOf } from './context-of.js'
import { pass } from './passing.js'
import * as bucket from './token-bucket.js'

/**
 * The limit of one event every `ms`, for a RateLimiter. Go's `rate.Every`. 0 is no limit.
 *
 * @throws {RangeError} `ms` is negative or NaN. @throws {TypeError} It is not a number.
 *
 * @example
 * every(250) // => 4
 */
export function every(ms: number): number {
  return 1000 / checkNumber(ms, 'rate: every: milliseconds')
}

export interface RateLimiterOptions {
  /** Milliseconds on any clock that goes forward. The time of day, `Date.now`, unless given: all threads agree on it. */
  now?: () => number
}

/** Tokens that are spent, and when what they are for may happen. Stays on its thread. Go's `rate.Reservation`. */
export interface Reservation {
  /** Whether there are tokens at all: false if they are more than the limiter's burst. */
  readonly ok: boolean
  /** How long to wait from now on, in milliseconds; 0 is not at all, Infinity (never) if not `ok`. */
  delay(): number
  /** How long to wait from `atMs` on. */
  delayFrom(atMs: number): number
  /** What it was for will not happen: gives back what others can still use. Does nothing once its time has come. */
  cancel(): void
  /** As `cancel`, at the moment `atMs`. */
  cancelAt(atMs: number): void
}

/**
 * How often something may happen: `limit` times a second on average, and up to `burst` times at once. Go's
 * `golang.org/x/time/rate`: a bucket that holds `burst` tokens, full at first, into which `limit` tokens flow each second.
 *
 * `allow` drops what is too much, `wait` delays it, `reserve` says how long to delay it. A moment, `atMs`, is one of the
 * limiter's clock; an earlier one than the last counts as no time passed.
 *
 * It crosses to other threads by reference, if its clock is the usual or `parallel`: all draw from one bucket.
 *
 * @example
 * const limiter = new RateLimiter(10, 2) // 10 a second, 2 at once
 * limiter.allow() // => true
 * limiter.allow() // => true
 * limiter.allow() // => false
 */
export class RateLimiter {
  #monitor: Monitor
  readonly #clock: (() => number) | undefined

  static {
    crossesWith(
      RateLimiter,
      'patterns/rate-limiter',
      limiter => [limiter.#monitor, checkCrossing({ now: limiter.#clock }, 'rate limiter')],
      (monitor, options) => {
        const limiter = new RateLimiter(0, 0, options as RateLimiterOptions)
        limiter.#monitor = monitor
        return limiter
      },
    )
  }

  /**
   * @param limit Events per second: any number of at least 0, also a fraction. 0 allows `burst` events in all, Infinity any number.
   * @param burst Events at once: a whole number of at least 0. With 0 none are allowed, unless the limit is Infinity.
   * @throws {RangeError} One of them is negative or NaN. @throws {TypeError} It is not a number, or `now` no function.
   */
  constructor(limit: number, burst: number, { now }: RateLimiterOptions = {}) {
    checkLimit(limit)
    checkCount(burst, 'burst')
    this.#clock = checkFunction(now, 'rate: now')
    this.#monitor = new Monitor(bucket.rules, ...bucket.full(limit, burst, this.#now()))
  }

  /** Events per second. */
  get limit(): number {
    return this.#monitor.read(bucket.limitOf)
  }

  /** Events at once. */
  get burst(): number {
    return this.#monitor.read(bucket.burstOf)
  }

  /** Whether an event may happen now; spends a token if so. */
  allow(): boolean {
    return this.#reserve(this.#asked(), 1, 0).ok
  }

  /** Whether `n` events may happen at `atMs`; spends their tokens if so. @throws {RangeError} `n` is not a whole number of at least 0. */
  allowN(atMs: number, n: number): boolean {
    return this.#reserve(checkMoment(atMs, 'rate: allowN: atMs'), checkCount(n, 'n'), 0).ok
  }

  /** Spends a token, and says how long to wait before the event may happen. */
  reserve(): Reservation {
    return this.#reservation(this.#reserve(this.#asked(), 1, Number.POSITIVE_INFINITY))
  }

  /**
   * Spends `n` tokens at `atMs`, and says how long to wait before the events may happen. Not `ok`, and nothing is spent, if they are more
   * than the burst.
   *
   * @throws {RangeError} `n` is not a whole number of at least 0.
   */
  reserveN(atMs: number, n: number): Reservation {
    const at = checkMoment(atMs, 'rate: reserveN: atMs')
    return this.#reservation(this.#reserve(at, checkCount(n, 'n'), Number.POSITIVE_INFINITY))
  }

  /** Spends a token, and waits until the event may happen. As `waitN`. */
  wait(options?: WaitOptions): Promise<void> {
    return this.waitN(1, options)
  }

  /**
   * Spends `n` tokens, and waits until the events may happen: in the order in which they were spent. Cancelled, it rejects with
   * the signal's reason, and gives back what others can still use.
   *
   * @throws {RangeError} (as a rejection) "rate: Wait(n=…) exceeds limiter's burst …", or `n` is not a whole number of at least 0.
   * @throws {DeadlineExceeded} (as a rejection, at once) "rate: Wait(n=…) would exceed context deadline". Nothing is spent.
   */
  async waitN(n: number, options?: WaitOptions): Promise<void> {
    checkCount(n, 'n')
    const ctx = contextOf(options)
    if (ctx.err()) throw cause(ctx)
    const deadline = ctx.deadline()
    const leftMs = deadline ? deadline.getTime() - Date.now() : Number.POSITIVE_INFINITY
    const grant = this.#reserve(this.#asked(), n, leftMs)
    if (!grant.ok) {
      if (n > grant.burst) {
        throw new RangeError(`rate: Wait(n=${n}) exceeds limiter's burst ${grant.burst}`)
      }
      throw new DeadlineExceeded(`rate: Wait(n=${n}) would exceed context deadline`)
    }
    const reservation = this.#reservation(grant)
    const delayMs = reservation.delay()
    if (delayMs === 0) return pass()
    try {
      await sleep(delayMs, options)
    } catch (reason) {
      reservation.cancel()
      throw reason
    }
  }

  /** How many tokens there are at `atMs`; a negative number if so many are spent ahead. */
  tokensAt(atMs: number): number {
    const at = checkMoment(atMs, 'rate: tokensAt: atMs')
    return this.#monitor.read(state => bucket.tokensAt(state, at))
  }

  /**
   * Changes how many events may happen per second, from `atMs` on (now, unless given). What is reserved keeps its time.
   *
   * @throws {RangeError} As the constructor.
   */
  setLimit(limit: number, atMs?: number): void {
    checkLimit(limit)
    const at = atMs === undefined ? this.#asked() : checkMoment(atMs, 'rate: setLimit: atMs')
    this.#monitor.change(state => bucket.setLimit(state, limit, at ?? Date.now()))
  }

  /**
   * Changes how many events may happen at once, from `atMs` on (now, unless given). What is reserved keeps its time.
   *
   * @throws {RangeError} As the constructor.
   */
  setBurst(burst: number, atMs?: number): void {
    checkCount(burst, 'burst')
    const at = atMs === undefined ? this.#asked() : checkMoment(atMs, 'rate: setBurst: atMs')
    this.#monitor.change(state => bucket.setBurst(state, burst, at ?? Date.now()))
  }

  #reserve(at: number | undefined, n: number, maxWaitMs: number): bucket.Grant {
    return this.#monitor.change(state => bucket.reserve(state, at ?? Date.now(), n, maxWaitMs))
  }

  #reservation(grant: bucket.Grant): Reservation {
    return new BucketReservation(this.#monitor, grant, () => this.#asked())
  }

  #now(): number {
    return this.#asked() ?? Date.now()
  }

  #asked(): number | undefined {
    return askClock(this.#clock, 'rate')
  }
}

class BucketReservation implements Reservation {
  readonly #monitor: Monitor
  readonly #grant: bucket.Grant
  readonly #asked: () => number | undefined
  #isGivenBack = false

  constructor(monitor: Monitor, grant: bucket.Grant, asked: () => number | undefined) {
    this.#monitor = monitor
    this.#grant = grant
    this.#asked = asked
  }

  get ok(): boolean {
    return this.#grant.ok
  }

  delay(): number {
    return this.delayFrom(this.#asked() ?? Date.now())
  }

  delayFrom(atMs: number): number {
    checkMoment(atMs, 'rate: delayFrom: atMs')
    const { ok, at, origin } = this.#grant
    return ok ? Math.max(at - (atMs - origin), 0) : Number.POSITIVE_INFINITY
  }

  cancel(): void {
    this.#giveBack(this.#asked())
  }

  cancelAt(atMs: number): void {
    this.#giveBack(checkMoment(atMs, 'rate: cancelAt: atMs'))
  }

  #giveBack(at: number | undefined): void {
    if (this.#isGivenBack) return
    this.#isGivenBack = this.#monitor.change(state => bucket.giveBack(state, this.#grant, at ?? Date.now()))
  }
}

stayOnThread(BucketReservation)

function checkLimit(limit: number): void {
  checkNumber(limit, 'rate: limit (events per second)')
}

function checkCount(n: number, what: string): number {
  return checkNumber(n, `rate: ${what}`, { whole: true })
}
