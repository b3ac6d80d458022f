// Pool threads load the compiled packages, so the test has to as well.
import { background, chan, go, withCancel } from '@millrace/core'
import { expect, test } from 'vitest'
import {
  CircuitBreaker,
  CircuitOpenError,
  Future,
  generate,
  map,
  pipeline,
  RateLimiter,
} from '../dist/index.js'
import { echo, heedful, where } from '../fixtures/echo.mjs'

test('what crosses to a thread whose module does not import this package comes back as the same thing', async () => {
  const [limiter, breaker] = [new RateLimiter(1, 1), new CircuitBreaker({ resetMs: 1000 })]
  const back = (await go(echo, { deep: [limiter, breaker, limiter] })) as { deep: unknown[] }
  expect(back.deep[0]).toBe(limiter)
  expect(back.deep[1]).toBe(breaker)
  expect(back.deep[2]).toBe(limiter)
})

test('an error keeps its class and its fields', async () => {
  const back = (await go(echo, new CircuitOpenError(7))) as CircuitOpenError
  expect(back).toBeInstanceOf(CircuitOpenError)
  expect([back.code, back.retryAfterMs, back.message]).toEqual([
    'ERR_CIRCUIT_OPEN',
    7,
    'circuit breaker is open: try again in 7 ms',
  ])
})

test('a parallel function of a stage learns on its thread that the pipeline was cancelled', async () => {
  const [ctx, cancel] = withCancel(background())
  const news = chan<string>(2)
  const line = pipeline(ctx, generate([news]), map(heedful))
  expect(await news.receive()).toBe('begun')
  cancel()
  await expect(line.done).rejects.toThrow('context canceled')
  expect(await news.receive()).toBe('ended')
})

test('a Future of a parallel function runs it on another thread, with a context', async () => {
  expect(await new Future(where).get()).toEqual({ isMainThread: false, isEnded: false })
})
