import { chan, DataCloneError, go, ParallelError, parallel, sleep, ThreadLostError } from '@millrace/core'
import { CircuitBreaker, type CircuitBreakerOptions, CircuitOpenError } from '@millrace/patterns'
import * as fixtures from './breaker-fixtures.js'
import { equal, ok, range, rejects } from './expect.js'
import type { Law } from './law.js'

/** In a module that no thread of the pool imports. */
const onlyHere = parallel(import.meta.url, function onlyHere() {})

const THREADS = 4
const HOUR = 3_600_000

const halfOpen = (options: CircuitBreakerOptions): CircuitBreaker =>
  CircuitBreaker.from({ state: 'half-open', failures: 0, successes: 0, since: 0, window: [] }, options)

const sum = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0)

/** A circuit breaker that several threads know. */
export const breakerLaws: Law[] = [
  {
    name: 'a breaker is the same breaker on the other side, and back',
    rule: 'API 4',
    async run() {
      const breaker = new CircuitBreaker({ resetMs: HOUR, threshold: 1 })
      ok((await go(fixtures.identity, breaker)) === breaker, 'it came back as another')
      const made = await go(fixtures.makeBreaker, { resetMs: HOUR, threshold: 1 })
      await rejects(
        made.call(() => Promise.reject(new Error('down'))),
        'the call',
      )
      equal(made.state, 'open')
      ok((await go(fixtures.identity, made)) === made, 'one that was made elsewhere came back as another')
    },
  },
  {
    name: 'a circuit that opens on one thread is open on all',
    rule: 'API 4',
    async run() {
      const breaker = new CircuitBreaker({ resetMs: HOUR, threshold: 6 })
      await go(fixtures.failTimes, breaker, 3)
      equal(breaker.toJSON().failures, 3)
      await go(fixtures.failTimes, breaker, 2)
      equal(breaker.state, 'closed')
      await rejects(
        breaker.call(() => Promise.reject(new Error('down'))),
        'the sixth call',
      )
      equal([breaker.state, await go(fixtures.stateOf, breaker)], ['open', 'open'])
      const error = await rejects(go(fixtures.callOnce, breaker), 'a call on another thread')
      ok(error instanceof CircuitOpenError, 'another error')
      ok(error.retryAfterMs > 0 && error.retryAfterMs <= HOUR, `retryAfterMs is ${error.retryAfterMs}`)
      breaker.reset()
      equal(await go(fixtures.callOnce, breaker), 'up')
    },
  },
  {
    name: 'N threads count failures together, and none is lost',
    rule: 'API 4',
    timeoutMs: 60_000,
    async run() {
      const breaker = new CircuitBreaker({
        resetMs: HOUR,
        threshold: 1000,
        window: { ms: HOUR, minimum: 2000, ratio: 1 },
      })
      await Promise.all(range(THREADS).map(() => go(fixtures.failTimes, breaker, 249)))
      const json = breaker.toJSON()
      equal([json.state, json.failures], ['closed', 996])
      equal(sum(json.window.map(({ calls }) => calls)), 996)
      const refused = await Promise.all(range(THREADS).map(() => go(fixtures.failTimes, breaker, 1)))
      equal([breaker.state, sum(refused)], ['open', 0])
    },
  },
  {
    name: 'of a storm from all threads on a half-open circuit as many calls get through as there are probes',
    rule: 'API 4',
    timeoutMs: 60_000,
    async run() {
      for (const probes of [1, 3]) {
        const breaker = halfOpen({ resetMs: HOUR, probes })
        const [said, gate] = [chan<boolean>(16), chan<never>()]
        const storms = range(2 * THREADS).map(() => go(fixtures.storm, breaker, 25, said, gate))
        let through = 0
        for (let i = 0; i < 2 * THREADS * 25; i++) if (await said.receive()) through++
        equal(through, probes, 'the calls that got through')
        equal(breaker.state, 'half-open')
        gate.close()
        await Promise.all(storms)
        equal([breaker.state, await go(fixtures.stateOf, breaker)], ['closed', 'closed'])
      }
    },
  },
  {
    name: 'a probe whose thread dies does not leave the circuit half-open for ever',
    rule: 'API 8',
    needs: ['process.exit'],
    timeoutMs: 60_000,
    async run() {
      const breaker = halfOpen({ resetMs: 200 })
      const [started, told] = [chan<string>(1), chan<unknown>(1)]
      const dying = go(fixtures.dieInCallWhenTold, breaker, started, told)
      equal(await started.receive(), 'half-open')
      told.close()
      ok((await rejects(dying, 'the goroutine')) instanceof ThreadLostError, 'another error')
      for (;;) {
        const outcome = await breaker.call(() => 'up').catch((error: CircuitOpenError) => error)
        if (outcome === 'up') break
        ok(outcome instanceof CircuitOpenError, 'another error')
        await sleep(outcome.retryAfterMs)
      }
      equal(breaker.state, 'closed')
    },
  },
  {
    name: 'a thread that dies in the middle of a call leaves the breaker whole',
    rule: 'API 8',
    needs: ['process.exit'],
    timeoutMs: 60_000,
    async run() {
      const breaker = new CircuitBreaker({ resetMs: HOUR, threshold: 2 })
      // Some share the thread that dies, or find no call to die in.
      const busy = range(2 * THREADS).map(() => go(fixtures.tripAndReset, breaker, 400))
      const dying = range(THREADS).map(() => go(fixtures.dieInCall, breaker))
      await Promise.allSettled([...busy, ...dying])
      breaker.reset()
      equal(await go(fixtures.failTimes, breaker, 3), 1)
      equal(breaker.state, 'open')
    },
  },
  {
    name: 'a call of a parallel function runs on the pool, and the loss of its thread is a failure',
    rule: 'API 8',
    needs: ['process.exit'],
    timeoutMs: 60_000,
    async run() {
      const breaker = new CircuitBreaker({ resetMs: HOUR, threshold: 1 })
      const error = await rejects(breaker.call(fixtures.die), 'the call')
      ok(error instanceof ThreadLostError, 'another error')
      equal(breaker.state, 'open')
    },
  },
  {
    name: 'functions among the options of a breaker cross if they are parallel, and are called where they are needed',
    rule: 'API 5',
    async run() {
      const breaker = new CircuitBreaker({
        resetMs: HOUR,
        threshold: 1,
        isFailure: fixtures.isFailure,
        onChange: fixtures.onChange,
      })
      equal(await go(fixtures.hear, breaker), ['closed > open'])
      equal(breaker.state, 'open')
    },
  },
  {
    name: 'a breaker with a function of this thread is refused by its path',
    rule: 'API 5',
    needs: ['threads'],
    async run() {
      for (const name of ['isFailure', 'onChange', 'now']) {
        const breaker = new CircuitBreaker({ resetMs: HOUR, threshold: 1, [name]: () => 1 })
        const error = await rejects(go(fixtures.identity, { breaker }), 'go')
        ok(error instanceof DataCloneError, 'another error')
        equal(error.path, `args[0].breaker.${name}`)
        equal(await breaker.call(() => 'up'), 'up')
      }
    },
  },
  {
    name: 'a parallel function crosses as part of a value, and is the same function on the other side',
    rule: 'API 5',
    async run() {
      ok((await go(fixtures.identity, fixtures.onChange)) === fixtures.onChange, 'it came back as another')
      const value = await go(fixtures.identity, { deep: [fixtures.isFailure] })
      equal((value as { deep: (typeof fixtures.isFailure)[] }).deep[0]!(new Error('not found')), false)
    },
  },
  {
    name: 'a parallel function of a module that the other thread has not imported is missed there, by its name',
    rule: 'API 5',
    needs: ['threads'],
    async run() {
      const error = await rejects(go(fixtures.identity, [onlyHere]), 'go')
      ok(error instanceof ParallelError, 'another error')
      ok(error.message.includes('the function "onlyHere"'), `it is not named: ${error.message}`)
      ok(error.message.includes('import it in the module that runs here'), `no cure: ${error.message}`)
    },
  },
]
