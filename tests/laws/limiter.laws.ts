import { DataCloneError, go } from '@millrace/core'
import { RateLimiter, Sometimes } from '@millrace/patterns'
import { equal, ok, range, rejects } from './expect.js'
import type { Law } from './law.js'
import * as fixtures from './limiter-fixtures.js'

const THREADS = 4

/** Never more than limit * seconds + burst in any window, as far as the moments of the events are known. */
function keepsLimit(events: fixtures.Event[], limit: number, burst: number): void {
  const starts = [...new Set(events.map(([from]) => from))].sort((a, b) => a - b)
  const ends = [...new Set(events.map(([, to]) => to))].sort((a, b) => a - b)
  for (const start of starts) {
    const inside = events.filter(([from]) => from >= start).map(([, to]) => to)
    for (const end of ends) {
      if (end < start) continue
      const count = inside.filter(to => to <= end).length
      const most = (limit * (end - start)) / 1000 + burst
      ok(count <= most + 1e-3, `${count} events in ${end - start} ms, where ${most} are allowed`)
    }
  }
}

/** A rate limiter that several threads know. */
export const limiterLaws: Law[] = [
  {
    name: 'a limiter is the same limiter on the other side, and back',
    rule: 'API 4',
    async run() {
      const limiter = new RateLimiter(10, 4)
      ok((await go(fixtures.identity, limiter)) === limiter, 'it came back as another')
      const twice = (await go(fixtures.identity, [limiter, limiter])) as RateLimiter[]
      ok(twice[0] === limiter && twice[1] === limiter, 'within a value it came back as another')
      const made = await go(fixtures.makeLimiter, 7, 3, {})
      equal([made.limit, made.burst], [7, 3])
      ok((await go(fixtures.identity, made)) === made, 'one that was made elsewhere came back as another')
    },
  },
  {
    name: 'tokens that are spent on one thread are spent on all, and so are limits that are set',
    rule: 81,
    async run() {
      const at = 1_700_000_000_000
      const limiter = new RateLimiter(2, 3, { now: fixtures.noon })
      ok(limiter.allowN(at, 2), 'two of three tokens')
      equal(await go(fixtures.look, limiter, at), [2, 3, 1])
      const reservation = limiter.reserveN(at, 2)
      equal(reservation.delayFrom(at), 500)
      equal(await go(fixtures.look, limiter, at), [2, 3, -1])
      reservation.cancelAt(at)
      equal(await go(fixtures.play, limiter, at), -1)
      equal([limiter.limit, limiter.burst, limiter.tokensAt(at), limiter.tokensAt(at + 600)], [10, 5, -1, 5])
    },
  },
  {
    name: 'N threads that ask as fast as they can are allowed the burst, and not one event more',
    rule: 81,
    async run() {
      const limiter = new RateLimiter(0, 1000)
      const allowed = await Promise.all(range(2 * THREADS).map(() => go(fixtures.ask, limiter, 500)))
      equal(
        allowed.reduce((sum, n) => sum + n, 0),
        1000,
      )
      equal(limiter.allow(), false)
    },
  },
  {
    name: 'N threads that draw from one bucket never get more than limit * t + burst in any window',
    rule: 81,
    timeoutMs: 60_000,
    async run() {
      const [limit, burst] = [1000, 20]
      const limiter = new RateLimiter(limit, burst)
      const events = await Promise.all(range(THREADS).map(() => go(fixtures.draw, limiter, 100)))
      keepsLimit(events.flat(), limit, burst)
    },
  },
  {
    name: 'N threads that wait for one bucket take at least as long as the limit says',
    rule: 82,
    timeoutMs: 60_000,
    async run() {
      const [limit, burst, times] = [500, 5, 25]
      const limiter = new RateLimiter(limit, burst)
      const began = Date.now()
      const ends = await Promise.all(range(THREADS).map(() => go(fixtures.waitFor, limiter, times)))
      const leastMs = ((THREADS * times - burst) / limit) * 1000
      const tookMs = Math.max(...ends) - began
      ok(tookMs >= leastMs - 1, `${tookMs} ms, where at least ${leastMs} were to pass`)
    },
  },
  {
    name: 'a limiter whose clock is a function of this thread is refused by its path; a parallel one crosses',
    rule: 'API 5',
    needs: ['threads'],
    async run() {
      const limiter = new RateLimiter(1, 1, { now: () => 0 })
      const error = await rejects(go(fixtures.identity, { deep: [limiter] }), 'go')
      ok(error instanceof DataCloneError, 'another error')
      equal(error.path, 'args[0].deep[0].now')
      ok(limiter.allow(), 'it does not work here any more')
      const noon = new RateLimiter(1, 1, { now: fixtures.noon })
      equal(await go(fixtures.ask, noon, 5), 1)
      equal(noon.reserve().delay(), 1000)
    },
  },
  {
    name: 'of what N threads ask for together, what is to be done sometimes is done as often as by one',
    rule: 85,
    async run() {
      const sometimes = new Sometimes({ first: 10, every: 100 })
      const done = await Promise.all(range(THREADS).map(() => go(fixtures.doSometimes, sometimes, 250)))
      equal(
        done.reduce((sum, n) => sum + n, 0),
        10 + 9,
      )
    },
  },
]
