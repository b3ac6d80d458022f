import { getEventListeners } from 'node:events'
import { background, Canceled, type Context, chan, DeadlineExceeded, withCancelCause } from '@millrace/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { useClock } from '../../core/dist/clock.js'
import { ManualClock } from '../../core/fixtures/manual-clock.mjs'
import { checkLeaks } from '../fixtures/testing.js'
import {
  CircuitBreaker,
  type CircuitBreakerJSON,
  type CircuitBreakerOptions,
  CircuitOpenError,
  type CircuitState,
} from './index.js'

const turn = () => new Promise<void>(resolve => setImmediate(resolve))

let now = 0
let changes: [CircuitState, CircuitState][] = []
beforeEach(() => {
  now = 1_700_000_000_000
  changes = []
})
checkLeaks()

/** By the test's clock; open for 1000 ms. */
const breakerOf = (options: Partial<CircuitBreakerOptions> = {}): CircuitBreaker =>
  new CircuitBreaker({
    resetMs: 1000,
    now: () => now,
    onChange: (from, to) => void changes.push([from, to]),
    ...options,
  })

const down = new Error('down')
const fail = (breaker: CircuitBreaker, error: unknown = down): Promise<unknown> =>
  breaker.call(() => Promise.reject(error)).catch(reason => reason)
const succeed = (breaker: CircuitBreaker): Promise<unknown> =>
  breaker.call(() => 'up').catch(error => error.code)

/** A call that is under way until it is told how to end. */
function begin(breaker: CircuitBreaker) {
  let [end, abort]: [() => void, (error: unknown) => void] = [() => {}, () => {}]
  let hasRun = false
  const work = new Promise<string>((resolve, reject) => {
    end = () => resolve('up')
    abort = reject
  })
  const result = breaker
    .call(() => {
      hasRun = true
      return work
    })
    .catch(error => error.code ?? error)
  work.catch(() => {})
  return {
    result,
    wasRefused: async () => {
      await turn()
      return !hasRun
    },
    async succeed() {
      end()
      return result
    },
    async fail() {
      abort(down)
      return result
    },
  }
}

async function opened(options: Partial<CircuitBreakerOptions> = {}): Promise<CircuitBreaker> {
  const breaker = breakerOf({ threshold: 1, ...options })
  await fail(breaker)
  expect(breaker.state).toBe('open')
  return breaker
}

async function halfOpen(options: Partial<CircuitBreakerOptions> = {}): Promise<CircuitBreaker> {
  const breaker = await opened(options)
  now += 1000
  expect(breaker.state).toBe('half-open')
  changes = []
  return breaker
}

describe('closed', () => {
  test('a call settles as its function does', async () => {
    const breaker = breakerOf()
    expect(await breaker.call(() => 7)).toBe(7)
    expect(await breaker.call(async () => 'later')).toBe('later')
    await expect(breaker.call(() => Promise.reject(down))).rejects.toBe(down)
    const thrown = breaker.call(() => {
      throw down
    })
    await expect(thrown).rejects.toBe(down)
    expect(breaker.state).toBe('closed')
  })

  test('so many failures in a row open it', async () => {
    const breaker = breakerOf({ threshold: 3 })
    for (const call of [fail, fail, succeed, fail, fail]) await call(breaker)
    expect(breaker.state).toBe('closed')
    await fail(breaker)
    expect(breaker.state).toBe('open')
    expect(changes).toEqual([['closed', 'open']])
  })

  test('five do, if nothing else is said', async () => {
    const breaker = breakerOf()
    for (let i = 0; i < 4; i++) await fail(breaker)
    expect(breaker.state).toBe('closed')
    await fail(breaker)
    expect(breaker.state).toBe('open')
  })

  test('what is no failure is a success', async () => {
    const breaker = breakerOf({ threshold: 2, isFailure: error => error !== 404 })
    for (let i = 0; i < 5; i++) {
      expect(await fail(breaker)).toBe(down)
      expect(await fail(breaker, 404)).toBe(404)
    }
    expect(breaker.state).toBe('closed')
  })

  test('an isFailure that throws is a failure, and its error the result', async () => {
    const wrong = new Error('isFailure')
    const breaker = breakerOf({
      threshold: 1,
      isFailure() {
        throw wrong
      },
    })
    expect(await fail(breaker)).toBe(wrong)
    expect(breaker.state).toBe('open')
  })
})

test('trip and reset tell of half-open, as a call does', () => {
  for (const [end, to] of [
    ['trip', 'open'],
    ['reset', 'closed'],
  ] as const) {
    changes = []
    const breaker = breakerOf()
    breaker.trip()
    breaker.trip()
    now += 1000
    breaker[end]()
    expect(changes).toEqual([
      ['closed', 'open'],
      ['open', 'half-open'],
      ['half-open', to],
    ])
    expect(breaker.state).toBe(to)
  }
})

describe('the window', () => {
  const window = { ms: 1000, minimum: 4, ratio: 0.5 }

  test('opens at the share, of enough calls', async () => {
    const breaker = breakerOf({ window })
    for (const call of [fail, fail, fail]) await call(breaker)
    expect(breaker.state).toBe('closed')
    await fail(breaker)
    expect(breaker.state).toBe('open')
  })

  test('opens also when a success makes the calls enough', async () => {
    const breaker = breakerOf({ window })
    for (const call of [fail, fail, fail]) await call(breaker)
    expect(breaker.state).toBe('closed')
    await succeed(breaker)
    expect(breaker.state).toBe('open')
    expect(changes).toEqual([['closed', 'open']])
  })

  test('a smaller share does not', async () => {
    const breaker = breakerOf({ window })
    for (let i = 0; i < 20; i++) {
      await succeed(breaker)
      await succeed(breaker)
      await fail(breaker)
    }
    expect(breaker.state).toBe('closed')
  })

  test('the share is exact', async () => {
    const breaker = breakerOf({ window: { ms: 1000, minimum: 100, ratio: 0.07 } })
    for (let i = 0; i < 93; i++) await succeed(breaker)
    for (let i = 0; i < 6; i++) await fail(breaker)
    expect(breaker.state).toBe('closed')
    await fail(breaker)
    expect(breaker.state).toBe('open')
  })

  test('forgets what is older, to the millisecond if it came alone', async () => {
    for (const [age, state] of [
      [999, 'open'],
      [1000, 'closed'],
    ] as const) {
      const breaker = breakerOf({ window })
      await Promise.all([fail(breaker), fail(breaker), fail(breaker)])
      now += age
      await fail(breaker)
      expect(breaker.state).toBe(state)
    }
  })

  test('slides: under a steady stream nothing counts for more than its time, or less than nine tenths of it', async () => {
    const breaker = breakerOf({ window: { ms: 1000, minimum: 100_000, ratio: 1 } })
    const seen: number[] = []
    for (let i = 0; i < 300; i++) {
      await fail(breaker)
      if (i >= 100) seen.push(breaker.toJSON().window.reduce((sum, { calls }) => sum + calls, 0))
      now += 10
    }
    expect(Math.max(...seen)).toBeLessThanOrEqual(100)
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(90)
  })

  test('beside a threshold, either opens', async () => {
    const breaker = breakerOf({ window: { ...window, minimum: 100 }, threshold: 2 })
    await fail(breaker)
    await fail(breaker)
    expect(breaker.state).toBe('open')
  })

  test('starts empty after it has closed', async () => {
    const breaker = breakerOf({ window })
    for (let i = 0; i < 4; i++) await fail(breaker)
    breaker.reset()
    for (let i = 0; i < 3; i++) await fail(breaker)
    expect(breaker.state).toBe('closed')
  })
})

describe('open', () => {
  test('rejects at once, calls nothing, and says when to try again', async () => {
    const breaker = await opened()
    now += 400
    let hasRun = false
    const refused = breaker.call(() => {
      hasRun = true
    })
    await expect(refused).rejects.toThrow(CircuitOpenError)
    await expect(refused).rejects.toMatchObject({
      code: 'ERR_CIRCUIT_OPEN',
      retryAfterMs: 600,
      message: 'circuit breaker is open: try again in 600 ms',
    })
    expect(hasRun).toBe(false)
  })

  test('is half-open once its time has passed, without a timer or a call', async () => {
    const breaker = await opened()
    now += 999
    expect(breaker.state).toBe('open')
    now += 1
    expect(breaker.state).toBe('half-open')
    expect(changes).toEqual([['closed', 'open']])
  })

  test('a loop that is refused lets the event loop go round', async () => {
    const breaker = await opened()
    let isOver = false
    setImmediate(() => {
      isOver = true
    })
    let calls = 0
    for (; !isOver && calls < 1e6; calls++) await succeed(breaker)
    expect(calls).toBeLessThan(1e6)
  })

  test('failures that come together open it once, and it still becomes half-open', async () => {
    const breaker = breakerOf({ threshold: 5 })
    const calls = Array.from({ length: 8 }, () => begin(breaker))
    await turn()
    for (const call of calls) {
      await call.fail()
      now += 100
    }
    expect(changes).toEqual([['closed', 'open']])
    now += 699 // 1000 ms after the fifth, not the eighth
    expect(breaker.state).toBe('half-open')
    expect(await succeed(breaker)).toBe('up')
    expect(breaker.state).toBe('closed')
  })

  test('a clock that is set back does not keep it open for longer than its time', async () => {
    const breaker = await opened()
    now -= 1e6
    expect(await succeed(breaker)).toBe('ERR_CIRCUIT_OPEN')
    now += 1000
    expect(await succeed(breaker)).toBe('up')
  })
})

describe('half-open', () => {
  test('one probe gets through, however many come', async () => {
    const breaker = await halfOpen()
    const probe = begin(breaker)
    const others = Array.from({ length: 100 }, () => begin(breaker))
    expect(await probe.wasRefused()).toBe(false)
    for (const other of others) expect(await other.result).toBe('ERR_CIRCUIT_OPEN')
    expect(await probe.succeed()).toBe('up')
    expect(breaker.state).toBe('closed')
    expect(changes).toEqual([
      ['open', 'half-open'],
      ['half-open', 'closed'],
    ])
  })

  test('a probe that fails opens it again, for the whole time', async () => {
    const breaker = await halfOpen()
    now += 500
    expect(await fail(breaker)).toBe(down)
    expect(breaker.state).toBe('open')
    now += 999
    expect(await succeed(breaker)).toBe('ERR_CIRCUIT_OPEN')
    now += 1
    expect(await succeed(breaker)).toBe('up')
    expect(breaker.state).toBe('closed')
  })

  test('round and round: the second time is as the first', async () => {
    const breaker = await opened()
    for (let i = 0; i < 5; i++) {
      now += 1000
      expect(await fail(breaker)).toBe(down)
      expect(breaker.state).toBe('open')
    }
    now += 1000
    expect(await succeed(breaker)).toBe('up')
    expect(breaker.state).toBe('closed')
  })

  test('a probe that fails opens it, however high the threshold and few the calls', async () => {
    const breaker = breakerOf({ threshold: 3, window: { ms: 1e6, minimum: 1000, ratio: 1 } })
    for (let i = 0; i < 3; i++) await fail(breaker)
    now += 1000
    await fail(breaker)
    expect(breaker.state).toBe('open')
  })

  test('as many successes close it as there are probes, and no more calls get through than that takes', async () => {
    const breaker = await halfOpen({ probes: 3 })
    const [a, b, c, d] = [begin(breaker), begin(breaker), begin(breaker), begin(breaker)]
    expect(await d.result).toBe('ERR_CIRCUIT_OPEN')
    await a.succeed()
    expect(await begin(breaker).result).toBe('ERR_CIRCUIT_OPEN')
    await b.succeed()
    expect(breaker.state).toBe('half-open')
    await c.succeed()
    expect(breaker.state).toBe('closed')
  })

  test('one after the other as well', async () => {
    const breaker = await halfOpen({ probes: 2 })
    expect(await succeed(breaker)).toBe('up')
    expect(breaker.state).toBe('half-open')
    now += 5000
    expect(await succeed(breaker)).toBe('up')
    expect(breaker.state).toBe('closed')
  })

  test('one failure is enough, and the other probes do not count any more', async () => {
    const breaker = await halfOpen({ probes: 3 })
    const [a, b, c] = [begin(breaker), begin(breaker), begin(breaker)]
    await turn()
    await a.succeed()
    await b.fail()
    expect(breaker.state).toBe('open')
    now += 500
    await c.fail()
    now += 500
    expect(breaker.state).toBe('half-open')
    for (let i = 0; i < 2; i++) await succeed(breaker)
    expect(breaker.state).toBe('half-open') // the success of before does not count either
    await succeed(breaker)
    expect(breaker.state).toBe('closed')
  })

  test('calls that began when it was closed change nothing', async () => {
    const breaker = breakerOf({ threshold: 1 })
    const [early, earlier, late] = [begin(breaker), begin(breaker), begin(breaker)]
    await turn()
    await fail(breaker)
    now += 1000
    const probe = begin(breaker)
    await turn()
    await early.succeed()
    expect(breaker.state).toBe('half-open')
    await earlier.fail()
    expect(breaker.state).toBe('half-open')
    await probe.succeed()
    await late.fail()
    expect(breaker.state).toBe('closed')
    expect(breaker.toJSON().failures).toBe(0)
  })

  test('a probe whose error is no failure closes it', async () => {
    const breaker = await halfOpen({ isFailure: error => error !== 404 })
    expect(await fail(breaker, 404)).toBe(404)
    expect(breaker.state).toBe('closed')
  })

  test('a probe that is cancelled gives its place back at once, and says nothing', async () => {
    const breaker = await halfOpen()
    const reason = new Error('never mind')
    const controller = new AbortController()
    let wake = (): void => {}
    const deaf = new Promise<void>(resolve => {
      wake = resolve
    })
    const probe = breaker.call(() => deaf, controller)
    await turn()
    expect(await succeed(breaker)).toBe('ERR_CIRCUIT_OPEN')
    controller.abort(reason)
    await expect(probe).rejects.toBe(reason)
    expect(breaker.state).toBe('half-open')
    expect(await succeed(breaker)).toBe('up')
    expect(breaker.state).toBe('closed')
    wake() // its function did not listen; that it ends now changes nothing
    await turn()
    expect(breaker.state).toBe('closed')
  })

  test('a probe that hangs keeps its place for resetMs; if it ends after all, that counts', async () => {
    for (const end of ['succeed', 'fail'] as const) {
      const breaker = await halfOpen()
      const probe = begin(breaker)
      now += 999
      expect(await begin(breaker).result).toBe('ERR_CIRCUIT_OPEN')
      now += 1
      const next = begin(breaker)
      expect(await next.wasRefused()).toBe(false)
      expect(await begin(breaker).result).toBe('ERR_CIRCUIT_OPEN')
      await probe[end]()
      expect(breaker.state).toBe(end === 'succeed' ? 'closed' : 'open')
      await next.fail()
      expect(breaker.state).toBe(end === 'succeed' ? 'closed' : 'open')
    }
  })

  test('of a probe that is cancelled late, the place is not given back twice', async () => {
    const breaker = await halfOpen()
    const controller = new AbortController()
    let wake = (): void => {}
    const hanging = breaker.call(
      () =>
        new Promise<void>(resolve => {
          wake = resolve
        }),
      controller,
    )
    await turn()
    now += 1000
    const probe = begin(breaker)
    await turn()
    controller.abort()
    await hanging.catch(() => {})
    wake()
    expect(await begin(breaker).result).toBe('ERR_CIRCUIT_OPEN')
    await probe.succeed()
    expect(breaker.state).toBe('closed')
  })

  test('says when a place is free at the latest', async () => {
    const breaker = await halfOpen()
    const probe = begin(breaker)
    now += 300
    await expect(breaker.call(() => 1)).rejects.toMatchObject({ retryAfterMs: 700 })
    await probe.succeed()
  })

  test('with a resetMs of 0 there is still one probe at a time', async () => {
    const breaker = breakerOf({ threshold: 1, resetMs: 0 })
    await fail(breaker)
    const probe = begin(breaker)
    expect(await begin(breaker).result).toBe('ERR_CIRCUIT_OPEN')
    await probe.succeed()
    expect(breaker.state).toBe('closed')
  })
})

describe('cancelled', () => {
  test('before it begins, calls nothing and rejects with the reason, whatever the state', async () => {
    const reason = new Error('gone')
    for (const breaker of [breakerOf(), await opened(), await halfOpen()]) {
      const before = breaker.toJSON()
      const call = breaker.call(() => expect.unreachable(), { signal: AbortSignal.abort(reason) })
      await expect(call).rejects.toBe(reason)
      expect(breaker.toJSON()).toEqual(before)
    }
  })

  test('does not count, neither the cancellation nor how the function ends', async () => {
    const breaker = breakerOf({ threshold: 1 })
    const [ctx, cancel] = withCancelCause(background())
    const reason = new Error('gone')
    const stopped = chan<string>(1)
    const call = breaker.call(async inner => {
      await inner.done().receive()
      await stopped.send('it heard')
      throw down
    }, ctx)
    cancel(reason)
    await expect(call).rejects.toBe(reason)
    expect(await stopped.receive()).toBe('it heard')
    await turn()
    expect(breaker.toJSON()).toMatchObject({ state: 'closed', failures: 0 })
  })

  test('with the same signal again and again leaves no listener', async () => {
    const breaker = breakerOf({ timeoutMs: 10_000 })
    const { signal } = new AbortController()
    for (let i = 0; i < 50; i++) await breaker.call(() => i, { signal })
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    const calls = Array.from({ length: 50 }, () => begin(breaker))
    await turn()
    for (const call of calls) await call.succeed()
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })
})

describe('timeoutMs', () => {
  let clock: ManualClock
  let before: ReturnType<typeof useClock>
  beforeEach(() => {
    clock = new ManualClock()
    before = useClock(clock)
  })
  afterEach(() => {
    useClock(before)
    expect(clock.held).toBe(0)
  })

  test('a call that takes longer is a failure, whatever isFailure says, and its context ends', async () => {
    const breaker = breakerOf({ threshold: 1, timeoutMs: 50, isFailure: () => false })
    let inner: Context | undefined
    const call = breaker.call(async ctx => {
      inner = ctx
      await ctx.done().receive()
    })
    await turn()
    clock.advance(49)
    await turn()
    expect(inner?.err()).toBe(undefined)
    clock.advance(1)
    await expect(call).rejects.toThrow(DeadlineExceeded)
    await expect(call).rejects.toThrow('context deadline exceeded: the call took longer than 50 ms')
    expect(inner?.err()).toBeInstanceOf(DeadlineExceeded)
    expect(breaker.state).toBe('open')
  })

  test('one of several is one failure of several', async () => {
    const breaker = breakerOf({ threshold: 2, timeoutMs: 50 })
    const hang = () => breaker.call(async ctx => void (await ctx.done().receive())).catch(error => error.code)
    for (const state of ['closed', 'open'] as const) {
      const call = hang()
      await turn()
      clock.advance(50)
      expect(await call).toBe('ERR_DEADLINE_EXCEEDED')
      expect(breaker.state).toBe(state)
    }
  })

  test('every call has a signal of its own: one that timed out does not end the next', async () => {
    const breaker = breakerOf({ threshold: 5, timeoutMs: 50 })
    const signals: AbortSignal[] = []
    const call = breaker.call(async ({ signal }) => {
      signals.push(signal)
      await new Promise(resolve => signal.addEventListener('abort', resolve))
    })
    await turn()
    clock.advance(50)
    await expect(call).rejects.toThrow(DeadlineExceeded)
    await breaker.call(({ signal }) => {
      signals.push(signal)
    })
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]) // ended with its call
    expect(signals[0]).not.toBe(signals[1])
    expect(breaker.toJSON().failures).toBe(0)
  })

  test('a probe that hangs is over then', async () => {
    const breaker = await halfOpen({ timeoutMs: 50 })
    const probe = breaker.call(async ctx => void (await ctx.done().receive()))
    await turn()
    clock.advance(50)
    await expect(probe).rejects.toThrow(DeadlineExceeded)
    expect(breaker.state).toBe('open')
  })

  test("the caller's own deadline is the caller's, and does not count", async () => {
    const breaker = breakerOf({ threshold: 1, timeoutMs: 50 })
    const [ctx, cancel] = withCancelCause(background())
    const call = breaker.call(inner => inner.done().receive(), ctx)
    await turn()
    cancel()
    await expect(call).rejects.toThrow(Canceled)
    clock.advance(100)
    expect(breaker.state).toBe('closed')
  })
})

describe('by hand', () => {
  test('trip opens it, again and again from the start', async () => {
    const breaker = breakerOf()
    breaker.trip()
    now += 600
    breaker.trip()
    now += 600
    expect(breaker.state).toBe('open')
    now += 400
    expect(breaker.state).toBe('half-open')
    expect(changes).toEqual([['closed', 'open']])
  })

  test('reset closes it, and forgets', async () => {
    const breaker = breakerOf({ threshold: 2 })
    await fail(breaker)
    breaker.reset()
    await fail(breaker)
    expect(breaker.state).toBe('closed')
    await fail(breaker)
    breaker.reset()
    expect(breaker.state).toBe('closed')
    expect(await succeed(breaker)).toBe('up')
    expect(changes).toEqual([
      ['closed', 'open'],
      ['open', 'closed'],
    ])
  })

  test('while a probe is under way: how it ends does not matter any more', async () => {
    const breaker = await halfOpen()
    const probe = begin(breaker)
    await turn()
    breaker.reset()
    await probe.fail()
    expect(breaker.state).toBe('closed')
  })

  test('what onChange throws is a panic, and none of the call', async () => {
    const wrong = new Error('listener')
    const panics: unknown[] = []
    const listeners = process.listeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection')
    process.on('unhandledRejection', error => panics.push(error))
    try {
      const breaker = breakerOf({
        threshold: 1,
        onChange() {
          throw wrong
        },
      })
      expect(await fail(breaker)).toBe(down)
      expect(breaker.state).toBe('open')
      await turn()
    } finally {
      process.removeAllListeners('unhandledRejection')
      for (const listener of listeners) process.on('unhandledRejection', listener)
    }
    expect(panics).toEqual([wrong])
  })
})

describe('as JSON', () => {
  const again = (breaker: CircuitBreaker, options: Partial<CircuitBreakerOptions> = {}): CircuitBreaker =>
    CircuitBreaker.from(JSON.parse(JSON.stringify(breaker)), { resetMs: 1000, now: () => now, ...options })

  test('keeps the consecutive failures', async () => {
    const breaker = breakerOf({ threshold: 3 })
    await fail(breaker)
    await fail(breaker)
    const restored = again(breaker, { threshold: 3 })
    expect(restored.toJSON()).toEqual(breaker.toJSON())
    await fail(restored)
    expect(restored.state).toBe('open')
  })

  test('keeps the window', async () => {
    const window = { ms: 1000, minimum: 4, ratio: 0.5 }
    const breaker = breakerOf({ window })
    await fail(breaker)
    now += 300
    await succeed(breaker)
    await fail(breaker)
    now += 100
    const json = breaker.toJSON()
    expect(json.window).toEqual([
      { since: now - 400, calls: 1, failures: 1 },
      { since: now - 100, calls: 2, failures: 1 },
    ])
    const restored = again(breaker, { window })
    expect(restored.toJSON()).toEqual(json)
    await fail(restored)
    expect(restored.state).toBe('open')
  })

  test('stays open for the rest of its time, and becomes half-open without a timer', async () => {
    const breaker = await opened()
    now += 400
    const restored = again(breaker)
    await expect(restored.call(() => 1)).rejects.toMatchObject({ retryAfterMs: 600 })
    now += 600
    expect(restored.state).toBe('half-open')
    expect(await succeed(restored)).toBe('up')
    expect(restored.state).toBe('closed')
  })

  test('half-open: the successes count, the probes under way do not', async () => {
    const breaker = await halfOpen({ probes: 2 })
    await succeed(breaker)
    const probe = begin(breaker)
    expect(breaker.toJSON()).toMatchObject({ state: 'half-open', successes: 1 })
    const restored = again(breaker, { probes: 2 })
    expect(restored.state).toBe('half-open')
    expect(await succeed(restored)).toBe('up')
    expect(restored.state).toBe('closed')
    await probe.succeed()
  })

  const good: CircuitBreakerJSON = { state: 'closed', failures: 0, successes: 0, since: 0, window: [] }
  test.each<[string, unknown, typeof TypeError | typeof RangeError]>([
    ['nothing', undefined, TypeError],
    ['a string', JSON.stringify(good), TypeError],
    ['an unknown state', { ...good, state: 'ajar' }, TypeError],
    ['no window', { ...good, window: undefined }, TypeError],
    ['failures -1', { ...good, failures: -1 }, RangeError],
    ['since NaN', { ...good, since: Number.NaN }, RangeError],
    ['since null', { ...good, since: null }, TypeError],
    ['a bucket of null', { ...good, window: [null] }, TypeError],
    ['more failures than calls', { ...good, window: [{ since: 0, calls: 1, failures: 2 }] }, RangeError],
  ])('refuses %s', (_, json, ErrorClass) => {
    expect(() => CircuitBreaker.from(json as CircuitBreakerJSON, { resetMs: 1 })).toThrow(ErrorClass)
  })
})

describe('misuse', () => {
  const { NaN: nan } = Number
  const window = { ms: 1000, minimum: 1, ratio: 0.5 }
  test.each<[string, unknown, typeof TypeError | typeof RangeError, string]>([
    ['no options', undefined, TypeError, 'resetMs'],
    ['no resetMs', {}, TypeError, 'circuit breaker: resetMs must be a number of at least 0, got undefined'],
    ['resetMs -1', { resetMs: -1 }, RangeError, 'resetMs'],
    ['resetMs NaN', { resetMs: nan }, RangeError, 'resetMs'],
    ['threshold 0', { resetMs: 1, threshold: 0 }, RangeError, 'threshold'],
    ['threshold 1.5', { resetMs: 1, threshold: 1.5 }, RangeError, 'threshold'],
    ['threshold NaN', { resetMs: 1, threshold: nan }, RangeError, 'threshold'],
    ['threshold "3"', { resetMs: 1, threshold: '3' }, TypeError, 'threshold'],
    ['probes 0', { resetMs: 1, probes: 0 }, RangeError, 'probes'],
    ['timeoutMs NaN', { resetMs: 1, timeoutMs: nan }, RangeError, 'timeoutMs'],
    ['window.ms 0', { resetMs: 1, window: { ...window, ms: 0 } }, RangeError, 'window.ms'],
    ['window.minimum 0', { resetMs: 1, window: { ...window, minimum: 0 } }, RangeError, 'window.minimum'],
    ['window.ratio 0', { resetMs: 1, window: { ...window, ratio: 0 } }, RangeError, 'window.ratio'],
    ['window.ratio 50', { resetMs: 1, window: { ...window, ratio: 50 } }, RangeError, 'window.ratio'],
    ['isFailure 1', { resetMs: 1, isFailure: 1 }, TypeError, 'isFailure must be a function'],
    ['onChange 1', { resetMs: 1, onChange: 1 }, TypeError, 'onChange must be a function'],
    ['now 1', { resetMs: 1, now: 1 }, TypeError, 'now must be a function'],
  ])('%s', (_, options, ErrorClass, message) => {
    const make = () => new CircuitBreaker(options as CircuitBreakerOptions)
    expect(make).toThrow(ErrorClass)
    expect(make).toThrow(message)
  })

  test('call of nothing, or with a wrong signal, rejects and counts nothing', async () => {
    const breaker = breakerOf({ threshold: 1 })
    await expect(breaker.call(undefined as never)).rejects.toThrow(TypeError)
    await expect(breaker.call(() => 1, { signal: 7 } as never)).rejects.toThrow(TypeError)
    expect(breaker.state).toBe('closed')
  })
})

describe('what isFailure answers', () => {
  test('nothing, or anything that counts as false, is no', async () => {
    for (const answer of [undefined, null, '', 0]) {
      const breaker = breakerOf({ threshold: 1, isFailure: () => answer as unknown as boolean })
      expect(await fail(breaker)).toBe(down)
      expect(breaker.state).toBe('closed')
    }
  })

  test('a promise is refused, and the call counts as failed', async () => {
    const isFailure = (async () => false) as unknown as () => boolean
    const breaker = breakerOf({ threshold: 1, isFailure })
    const error = await fail(breaker)
    expect(error).toEqual(new TypeError('circuit breaker: isFailure must answer at once, got a promise'))
    expect(error).toMatchObject({ cause: down })
    expect(breaker.state).toBe('open')
  })
})
