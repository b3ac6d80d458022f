import { getEventListeners } from 'node:events'
import {
  background,
  DeadlineExceeded,
  sleep,
  withCancelCause,
  withDeadline,
  withTimeout,
} from '@millrace/core'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { useClock } from '../../core/dist/clock.js'
import { ManualClock } from '../../core/fixtures/manual-clock.mjs'
// The core that '@millrace/core' is: a clock set in its sources would be another one's.
import { checkLeaks } from '../fixtures/testing.js'
import { every, RateLimiter, type Reservation } from './index.js'

// The tables are those of golang.org/x/time/rate: a step of d is 100 ms, t(n) is n steps after t0.
const d = 100
const T0 = 1_700_000_000_000
const t = (steps: number): number => T0 + steps * d

checkLeaks()

/** What `n` tokens reserved at a step are for: a step, or Infinity for never. */
const act = (limiter: RateLimiter, at: number, n: number): number => stepOf(limiter.reserveN(t(at), n), at)
const stepOf = (reservation: Reservation, at: number): number =>
  reservation.ok ? at + reservation.delayFrom(t(at)) / d : Number.POSITIVE_INFINITY
const never = Number.POSITIVE_INFINITY

describe('allowN', () => {
  type Row = [at: number, tokens: number, n: number, ok: boolean]
  const tables: { [name: string]: { limiter: [number, number]; rows: Row[] } } = {
    Burst1: {
      limiter: [10, 1],
      rows: [
        [0, 1, 1, true],
        [0, 0, 1, false],
        [0, 0, 1, false],
        [1, 1, 1, true],
        [1, 0, 1, false],
        [1, 0, 1, false],
        [2, 1, 2, false],
        [2, 1, 1, true],
        [2, 0, 1, false],
      ],
    },
    Burst3: {
      limiter: [10, 3],
      rows: [
        [0, 3, 2, true],
        [0, 1, 2, false],
        [0, 1, 1, true],
        [0, 0, 1, false],
        [1, 1, 4, false],
        [2, 2, 1, true],
        [3, 2, 1, true],
        [4, 2, 1, true],
        [4, 1, 1, true],
        [4, 0, 1, false],
        [4, 0, 1, false],
        [9, 3, 3, true],
        [9, 0, 0, true],
      ],
    },
    JumpBackwards: {
      limiter: [10, 3],
      rows: [
        [1, 3, 1, true],
        [0, 2, 1, true],
        [0, 1, 1, true],
        [0, 0, 1, false],
        [0, 0, 1, false],
        [1, 1, 1, true],
        [1, 0, 1, false],
        [1, 0, 1, false],
        [2, 1, 1, true],
        [2, 0, 1, false],
        [2, 0, 1, false],
      ],
    },
  }
  for (const [name, { limiter, rows }] of Object.entries(tables)) {
    test(`${name}, told when`, () => {
      const bucket = new RateLimiter(...limiter, { now: () => T0 })
      const seen = rows.map(([at, , n]) => [at, bucket.tokensAt(t(at)), n, bucket.allowN(t(at), n)])
      expect(seen).toEqual(rows)
    })

    test(`${name}, by the clock`, () => {
      let now = T0
      const bucket = new RateLimiter(...limiter, { now: () => now })
      for (const [at, , n, ok] of rows) {
        if (n !== 1) bucket.allowN(t(at), n)
        now = t(at)
        if (n === 1) expect(bucket.allow()).toBe(ok)
      }
    })
  }

  test('without a limit everything is allowed, whatever the burst', () => {
    const limiter = new RateLimiter(Number.POSITIVE_INFINITY, 0, { now: () => T0 })
    expect([limiter.allow(), limiter.allowN(T0, 1000), limiter.reserve().delay()]).toEqual([true, true, 0])
    expect(limiter.tokensAt(T0)).toBe(0)
  })

  test('a limit of 0 allows the burst, and then nothing for ever', () => {
    const limiter = new RateLimiter(0, 2, { now: () => T0 })
    expect([limiter.allow(), limiter.allow(), limiter.allow(), limiter.allowN(T0 * 2, 1)]).toEqual([
      true,
      true,
      false,
      false,
    ])
    const reservation = limiter.reserve()
    expect([reservation.ok, reservation.delay()]).toEqual([true, never])
  })

  test('a burst of 0 allows nothing', () => {
    const limiter = new RateLimiter(1000, 0, { now: () => T0 })
    expect([limiter.allow(), limiter.allowN(t(1000), 1), limiter.reserve().ok]).toEqual([false, false, false])
  })

  test('fractions of a limit count, and rounding costs nobody a token', () => {
    for (const ms of [3, 7, 30, 300, 333, 1e5]) {
      let now = 0
      const limiter = new RateLimiter(every(ms), 1, { now: () => now })
      expect(limiter.allow()).toBe(true)
      for (let i = 1; i <= 100; i++) {
        now = i * ms - 1
        expect([ms, i, limiter.allow()]).toEqual([ms, i, false])
        now = i * ms
        expect([ms, i, limiter.allow()]).toEqual([ms, i, true])
      }
    }
  })

  test('never more than limit * seconds + burst in any window, whatever is asked', () => {
    let seed = 1
    const random = (n: number): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
      return Math.floor((seed / 2 ** 32) * n)
    }
    for (let round = 0; round < 20; round++) {
      const limit = 1 + random(50)
      const burst = 1 + random(20)
      let now = T0
      const limiter = new RateLimiter(limit, burst, { now: () => now })
      const granted: [at: number, n: number][] = []
      for (let i = 0; i < 300; i++) {
        now += random(100)
        const n = random(burst + 2)
        const at = now
        if (random(2) === 0) {
          if (limiter.allowN(at, n)) granted.push([at, n])
        } else {
          const reservation = limiter.reserveN(at, n)
          if (!reservation.ok) continue
          if (random(3) === 0) reservation.cancel()
          else granted.push([at + reservation.delayFrom(at), n])
        }
      }
      granted.sort(([a], [b]) => a - b)
      let worst = Number.NEGATIVE_INFINITY
      for (let from = 0; from < granted.length; from++) {
        let events = 0
        for (let to = from; to < granted.length; to++) {
          events += granted[to][1]
          const seconds = (granted[to][0] - granted[from][0]) / 1000
          worst = Math.max(worst, events - (limit * seconds + burst))
        }
      }
      expect(worst).toBeLessThanOrEqual(1e-3)
    }
  })
})

describe('reserveN', () => {
  const ten = (burst: number): RateLimiter => new RateLimiter(10, burst, { now: () => T0 })
  const five = (): RateLimiter => new RateLimiter(5, 2, { now: () => T0 })

  test('SimpleReserve', () => {
    const limiter = ten(2)
    expect([act(limiter, 0, 2), act(limiter, 0, 2), act(limiter, 3, 2)]).toEqual([0, 2, 4])
  })

  test('Mix', () => {
    const limiter = ten(2)
    expect(act(limiter, 0, 3)).toBe(never)
    expect(act(limiter, 0, 2)).toBe(0)
    expect([limiter.tokensAt(t(1)), limiter.allowN(t(1), 2)]).toEqual([1, false])
    expect(act(limiter, 1, 2)).toBe(2)
    expect([limiter.tokensAt(t(1)), limiter.allowN(t(1), 1)]).toEqual([-1, false])
    expect([limiter.tokensAt(t(3)), limiter.allowN(t(3), 1)]).toEqual([1, true])
  })

  test('CancelInvalid', () => {
    const limiter = ten(2)
    expect(act(limiter, 0, 2)).toBe(0)
    const reservation = limiter.reserveN(t(0), 3)
    expect([reservation.ok, reservation.delay(), reservation.delayFrom(t(9))]).toEqual([false, never, never])
    reservation.cancelAt(t(0))
    expect(act(limiter, 0, 2)).toBe(2)
  })

  test('CancelLast', () => {
    const limiter = ten(2)
    expect(act(limiter, 0, 2)).toBe(0)
    const reservation = limiter.reserveN(t(0), 2)
    expect(stepOf(reservation, 0)).toBe(2)
    reservation.cancelAt(t(1))
    expect(act(limiter, 1, 2)).toBe(2)
  })

  test('CancelTooLate', () => {
    const limiter = ten(2)
    expect(act(limiter, 0, 2)).toBe(0)
    const reservation = limiter.reserveN(t(0), 2)
    reservation.cancelAt(t(3))
    expect(act(limiter, 3, 2)).toBe(4)
  })

  test('Cancel0Tokens', () => {
    const limiter = ten(2)
    expect(act(limiter, 0, 2)).toBe(0)
    const reservation = limiter.reserveN(t(0), 1)
    expect(stepOf(reservation, 0)).toBe(1)
    expect(act(limiter, 0, 1)).toBe(2)
    reservation.cancelAt(t(0))
    expect(act(limiter, 0, 1)).toBe(3)
  })

  test('Cancel1Token', () => {
    const limiter = ten(2)
    expect(act(limiter, 0, 2)).toBe(0)
    const reservation = limiter.reserveN(t(0), 2)
    expect(stepOf(reservation, 0)).toBe(2)
    expect(act(limiter, 0, 1)).toBe(3)
    reservation.cancelAt(t(2))
    expect(act(limiter, 2, 2)).toBe(4)
  })

  test('CancelMulti', () => {
    const limiter = ten(4)
    expect(act(limiter, 0, 4)).toBe(0)
    const a = limiter.reserveN(t(0), 3)
    expect(stepOf(a, 0)).toBe(3)
    expect(act(limiter, 0, 1)).toBe(4)
    const c = limiter.reserveN(t(0), 1)
    expect(stepOf(c, 0)).toBe(5)
    c.cancelAt(t(1))
    a.cancelAt(t(1))
    expect(act(limiter, 1, 3)).toBe(5)
  })

  test('ReserveJumpBack', async () => {
    let now = t(1)
    const limiter = new RateLimiter(10, 2, { now: () => now })
    expect([act(limiter, 1, 2), act(limiter, 0, 1), act(limiter, 2, 2)]).toEqual([1, 1, 3])
    expect([act(limiter, 0, 3), act(limiter, 2, 1)]).toEqual([never, 4])
    now = t(0)
    const [ctx, cancel] = withTimeout(background(), d)
    await expect(limiter.waitN(2, ctx)).rejects.toThrow('rate: Wait(n=2) would exceed context deadline')
    cancel()
    expect(act(limiter, 2, 1)).toBe(5)
  })

  test('ReserveJumpBackCancel', () => {
    const limiter = ten(2)
    expect(act(limiter, 1, 2)).toBe(1)
    const reservation = limiter.reserveN(t(1), 2)
    expect(stepOf(reservation, 1)).toBe(3)
    expect(act(limiter, 1, 1)).toBe(4)
    reservation.cancelAt(t(0))
    expect(act(limiter, 1, 2)).toBe(4)
  })

  test('ReserveSetLimit', () => {
    const limiter = five()
    expect([act(limiter, 0, 2), act(limiter, 0, 2)]).toEqual([0, 4])
    limiter.setLimit(10, t(2))
    expect(act(limiter, 2, 1)).toBe(4)
    expect(limiter.limit).toBe(10)
  })

  test('ReserveSetBurst', () => {
    const limiter = five()
    expect([act(limiter, 0, 2), act(limiter, 0, 2)]).toEqual([0, 4])
    limiter.setBurst(4, t(3))
    expect(act(limiter, 0, 4)).toBe(9)
    expect(limiter.burst).toBe(4)
  })

  test('ReserveSetLimitCancel', () => {
    const limiter = five()
    expect(act(limiter, 0, 2)).toBe(0)
    const reservation = limiter.reserveN(t(0), 2)
    expect(stepOf(reservation, 0)).toBe(4)
    limiter.setLimit(10, t(2))
    reservation.cancelAt(t(2))
    expect(act(limiter, 2, 2)).toBe(3)
  })

  test('ReserveMax: what is too far away is not taken', async () => {
    const limiter = ten(2)
    const [ctx, cancel] = withTimeout(background(), d)
    expect(act(limiter, 0, 2)).toBe(0)
    expect(act(limiter, 0, 1)).toBe(1)
    await expect(limiter.wait(ctx)).rejects.toThrow('rate: Wait(n=1) would exceed context deadline')
    cancel()
    expect(act(limiter, 0, 1)).toBe(2)
  })

  test('cancelling twice gives back once', () => {
    const limiter = ten(2)
    expect(act(limiter, 0, 2)).toBe(0)
    const reservation = limiter.reserveN(t(0), 2)
    for (let i = 0; i < 3; i++) reservation.cancelAt(t(0))
    expect(limiter.tokensAt(t(0))).toBe(0)
  })

  test('what was reserved without a limit gives nothing back once there is one', () => {
    const limiter = new RateLimiter(Number.POSITIVE_INFINITY, 2, { now: () => T0 })
    const reservation = limiter.reserveN(t(1), 2)
    limiter.setLimit(10, t(0))
    expect(limiter.allowN(t(0), 2)).toBe(true)
    reservation.cancelAt(t(0))
    expect(limiter.tokensAt(t(0))).toBe(0)
  })

  test('a limit that goes away and comes back leaves no NaN behind', () => {
    const limiter = ten(2)
    limiter.allowN(t(0), 2)
    limiter.setLimit(Number.POSITIVE_INFINITY, t(0))
    limiter.setLimit(10, t(0))
    expect(limiter.tokensAt(t(0))).toBe(2)
    limiter.setLimit(0, t(0))
    const reservation = limiter.reserveN(t(0), 2)
    const late = limiter.reserveN(t(0), 1)
    late.cancelAt(t(0))
    reservation.cancelAt(t(0))
    expect(limiter.tokensAt(t(0))).toBe(2)
  })
})

describe('wait', () => {
  let clock: ManualClock
  let before: ReturnType<typeof useClock>
  beforeEach(() => {
    clock = new ManualClock()
    clock.epoch = T0 - clock.time
    before = useClock(clock)
    vi.spyOn(Date, 'now').mockImplementation(() => clock.wall())
  })
  afterEach(() => {
    vi.restoreAllMocks()
    useClock(before)
    expect(clock.held).toBe(0)
  })

  const turn = () => new Promise<void>(resolve => setImmediate(resolve))

  /** Lets so many steps pass. */
  async function pass(steps: number): Promise<void> {
    for (let i = 0; i < steps * 2; i++) {
      clock.advance(d / 2)
      await turn()
    }
  }

  /** How many steps a wait takes, and what it rejects with. */
  async function timed(wait: Promise<void>): Promise<[steps: number, error: unknown]> {
    const began = Date.now()
    let end: [number, unknown] | undefined
    const ended = (error: unknown): void => {
      end = [(Date.now() - began) / d, error]
    }
    wait.then(() => ended(undefined), ended)
    await turn()
    for (let i = 0; i < 100 && !end; i++) await pass(0.5)
    if (!end) throw new Error('it did not end')
    return end
  }

  const later = (steps: number, fn: () => void): void => {
    void sleep(steps * d).then(fn)
  }

  test('WaitSimple', async () => {
    const limiter = new RateLimiter(10, 3)
    const gone = new Error('gone')
    expect(await timed(limiter.wait({ signal: AbortSignal.abort(gone) }))).toEqual([0, gone])
    expect(await timed(limiter.waitN(4))).toEqual([
      0,
      new RangeError("rate: Wait(n=4) exceeds limiter's burst 3"),
    ])
    expect(await timed(limiter.waitN(2))).toEqual([0, undefined])
    expect(await timed(limiter.waitN(3))).toEqual([2, undefined])
  })

  test('WaitCancel: the tokens come back', async () => {
    const limiter = new RateLimiter(10, 3)
    const [ctx, cancel] = withCancelCause(background())
    const gone = new Error('gone')
    expect(await timed(limiter.waitN(2, ctx))).toEqual([0, undefined])
    later(1, () => cancel(gone))
    expect(await timed(limiter.waitN(3, ctx))).toEqual([1, gone])
    expect(limiter.tokensAt(Date.now())).toBe(2)
    expect(await timed(limiter.waitN(2))).toEqual([0, undefined])
  })

  test('WaitTimeout: too near a deadline is told at once, and costs nothing', async () => {
    const limiter = new RateLimiter(10, 3)
    const [ctx, cancel] = withTimeout(background(), d)
    expect(await timed(limiter.waitN(2, ctx))).toEqual([0, undefined])
    const [steps, error] = await timed(limiter.waitN(3, ctx))
    expect([steps, error]).toEqual([0, new DeadlineExceeded('rate: Wait(n=3) would exceed context deadline')])
    expect(error).toMatchObject({ code: 'ERR_DEADLINE_EXCEEDED' })
    expect(limiter.tokensAt(Date.now())).toBe(1)
    cancel()
  })

  test('a deadline that is just far enough is', async () => {
    const limiter = new RateLimiter(10, 1)
    const [ctx, cancel] = withDeadline(background(), new Date(t(2)))
    await limiter.wait(ctx)
    expect((await timed(limiter.wait(ctx)))[0]).toBe(1)
    cancel()
  })

  test('WaitInf', async () => {
    expect(await timed(new RateLimiter(Number.POSITIVE_INFINITY, 0).waitN(3))).toEqual([0, undefined])
  })

  test('SetAfterZeroLimit', async () => {
    const limiter = new RateLimiter(0, 1)
    expect([limiter.allow(), limiter.allow()]).toEqual([true, false])
    limiter.setLimit(10)
    expect(await timed(limiter.wait())).toEqual([1, undefined])
  })

  test('a limit of 0 makes it wait until it is cancelled', async () => {
    const limiter = new RateLimiter(0, 1)
    await limiter.wait()
    const [ctx, cancel] = withCancelCause(background())
    const gone = new Error('gone')
    later(10, () => cancel(gone))
    expect(await timed(limiter.wait(ctx))).toEqual([10, gone])
  })

  test('who asks first goes first, at the limit', async () => {
    const limiter = new RateLimiter(10, 2)
    const went: [number, number][] = []
    for (let i = 0; i < 6; i++) void limiter.wait().then(() => went.push([i, (Date.now() - T0) / d]))
    await turn()
    await pass(5)
    expect(went).toEqual([
      [0, 0],
      [1, 0],
      [2, 1],
      [3, 2],
      [4, 3],
      [5, 4],
    ])
  })

  test('whoever is cancelled lets the last places be taken again, and leaves no listener', async () => {
    const limiter = new RateLimiter(10, 1)
    const controller = new AbortController()
    await limiter.wait()
    const reason = new Error('enough')
    const waits = Array.from({ length: 50 }, () => limiter.wait(controller))
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1)
    controller.abort(reason)
    expect(await Promise.allSettled(waits)).toEqual(waits.map(() => ({ status: 'rejected', reason })))
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
  })

  test('a wait that ends leaves no listener on its signal', async () => {
    const limiter = new RateLimiter(10, 1)
    const { signal } = new AbortController()
    await limiter.wait({ signal })
    expect((await timed(limiter.wait({ signal })))[1]).toBe(undefined)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })
})

test('a loop that never has to wait lets the event loop go round', async () => {
  const limiter = new RateLimiter(Number.POSITIVE_INFINITY, 0)
  let isOver = false
  setImmediate(() => {
    isOver = true
  })
  let waits = 0
  for (; !isOver && waits < 1e6; waits++) await limiter.wait()
  expect(waits).toBeLessThan(1e6)
})

test('every', () => {
  expect([every(1000), every(250), every(0.5), every(0), every(Number.POSITIVE_INFINITY)]).toEqual([
    1,
    4,
    2000,
    Number.POSITIVE_INFINITY,
    0,
  ])
})

describe('misuse', () => {
  const limiter = new RateLimiter(10, 2, { now: () => T0 })
  const wrong = (value: unknown): never => value as never
  const { NaN: nan, POSITIVE_INFINITY: infinity } = Number

  test.each<[string, () => unknown, typeof TypeError | typeof RangeError, string]>([
    ['limit NaN', () => new RateLimiter(nan, 1), RangeError, 'rate: limit (events per second) must be'],
    ['limit < 0', () => new RateLimiter(-1, 1), RangeError, 'of at least 0, got -1'],
    ['limit "10"', () => new RateLimiter(wrong('10'), 1), TypeError, 'got string'],
    ['burst NaN', () => new RateLimiter(1, nan), RangeError, 'rate: burst must be a whole number'],
    ['burst -1', () => new RateLimiter(1, -1), RangeError, 'rate: burst'],
    ['burst 1.5', () => new RateLimiter(1, 1.5), RangeError, 'got 1.5'],
    ['burst Infinity', () => new RateLimiter(1, infinity), RangeError, 'got Infinity'],
    ['no burst', () => new RateLimiter(1, wrong(undefined)), TypeError, 'rate: burst'],
    ['now 5', () => new RateLimiter(1, 1, { now: wrong(5) }), TypeError, 'rate: now must be a function'],
    ['now NaN', () => new RateLimiter(1, 1, { now: () => nan }), RangeError, 'rate: what now() answers'],
    ['n -1', () => limiter.allowN(T0, -1), RangeError, 'rate: n must be'],
    ['n NaN', () => limiter.reserveN(T0, nan), RangeError, 'rate: n must be'],
    ['n 0.5', () => limiter.reserveN(T0, 0.5), RangeError, 'rate: n must be'],
    ['at NaN', () => limiter.allowN(nan, 1), RangeError, 'rate: allowN: atMs'],
    ['at a Date', () => limiter.reserveN(wrong(new Date()), 1), TypeError, 'rate: reserveN: atMs'],
    ['at Infinity', () => limiter.tokensAt(infinity), RangeError, 'rate: tokensAt: atMs'],
    ['setLimit -1', () => limiter.setLimit(-1), RangeError, 'rate: limit'],
    ['setBurst -1', () => limiter.setBurst(-1), RangeError, 'rate: burst'],
    ['setLimit at NaN', () => limiter.setLimit(1, nan), RangeError, 'rate: setLimit: atMs'],
    ['cancelAt NaN', () => limiter.reserveN(T0, 0).cancelAt(nan), RangeError, 'rate: cancelAt: atMs'],
    ['delayFrom NaN', () => limiter.reserveN(T0, 0).delayFrom(nan), RangeError, 'rate: delayFrom: atMs'],
    ['every -1', () => every(-1), RangeError, 'rate: every'],
    ['every NaN', () => every(nan), RangeError, 'rate: every'],
  ])('%s', (_, fn, ErrorClass, message) => {
    expect(fn).toThrow(ErrorClass)
    expect(fn).toThrow(message)
    expect([limiter.limit, limiter.burst, limiter.tokensAt(T0)]).toEqual([10, 2, 2])
  })

  test('waits reject', async () => {
    await expect(limiter.waitN(-1)).rejects.toThrow(RangeError)
    await expect(limiter.waitN(wrong('1'))).rejects.toThrow(TypeError)
    await expect(limiter.wait(wrong({ signal: 7 }))).rejects.toThrow(TypeError)
    expect(limiter.tokensAt(T0)).toBe(2)
  })
})
