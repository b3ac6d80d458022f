import { CircuitBreaker } from '@millrace/patterns'
import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleAll } from 'cockatiel'
import Opossum from 'opossum'
import { gate, settle, sleep, watch } from './events.js'
import { type Topic, withEach } from './situation.js'

type Work = () => Promise<unknown>

interface Breaker {
  call(fn: Work, signal?: AbortSignal): Promise<unknown>
  state(): string
  end?(): void
}

const RESET_MS = 30
const down = new Error('down')
const failing: Work = () => Promise.reject(down)

/** Each opens with the first failure. */
const breakers: { [name: string]: (resetMs: number) => Breaker } = {
  millrace(resetMs) {
    const breaker = new CircuitBreaker({ threshold: 1, resetMs })
    return {
      call: (fn, signal) => breaker.call(fn, { signal }),
      state: () => breaker.state,
    }
  },
  cockatiel(resetMs) {
    const breaker = circuitBreaker(handleAll, {
      halfOpenAfter: resetMs,
      breaker: new ConsecutiveBreaker(1),
    })
    return {
      call: (fn, signal) => breaker.execute(fn, signal),
      state: () =>
        ['closed', 'open', 'half-open'][breaker.state === CircuitState.Isolated ? 1 : breaker.state]!,
    }
  },
  opossum(resetMs) {
    const breaker = new Opossum((fn: Work) => fn(), { timeout: false, resetTimeout: resetMs })
    return {
      call: fn => breaker.fire(fn),
      state: () => (breaker.halfOpen ? 'half-open' : breaker.opened ? 'open' : 'closed'),
      end: () => breaker.shutdown(),
    }
  },
}

/** Tries something with a breaker that has opened, and whose time is over. */
const whenHalfOpen = (attempt: (breaker: Breaker) => Promise<string>) =>
  withEach(breakers, async make => {
    const breaker = make(RESET_MS)
    await breaker.call(failing).catch(() => {})
    await sleep(3 * RESET_MS)
    try {
      return await attempt(breaker)
    } finally {
      breaker.end?.()
    }
  })

const STORM = 100

async function storm(breaker: Breaker): Promise<string> {
  let reached = 0
  const verdict = gate()
  const work: Work = async () => {
    reached++
    await verdict.passed
  }
  const calls = Array.from({ length: STORM }, () => watch(breaker.call(work)))
  await settle()
  const first = reached
  const rejected = calls.filter(({ outcome }) => outcome === 'rejected').length
  const held = STORM - first - rejected
  verdict.open()
  await settle()
  const after = reached - first
  const others = rejected === STORM - first ? `${rejected} rejected at once` : `${held} held back`
  return `${first} reaches it, ${others}${after > 0 ? `; then ${after} reach it together` : ''}`
}

/** What a call that began before the circuit opened does to it when it ends while a probe is under way. */
const lateCall = (outcome: 'fails' | 'succeeds') =>
  withEach(breakers, async make => {
    const breaker = make(RESET_MS)
    const late = gate()
    const old = breaker
      .call(async () => {
        await late.passed
        if (outcome === 'fails') throw down
      })
      .catch(() => {})
    await breaker.call(failing).catch(() => {})
    await sleep(3 * RESET_MS)
    const verdict = gate()
    const probe = breaker.call(() => verdict.passed).catch(() => {})
    late.open()
    await old
    const state = breaker.state()
    verdict.open()
    await probe
    breaker.end?.()
    return state === 'half-open' ? 'nothing' : state === 'open' ? 'it opens again' : 'it closes'
  })

async function hangingProbe(breaker: Breaker): Promise<string> {
  const never = gate()
  watch(breaker.call(() => never.passed))
  await sleep(10 * RESET_MS)
  let reached = false
  const next = watch(
    breaker.call(async () => {
      reached = true
    }),
  )
  await settle()
  never.open()
  if (reached) return 'the next gets through'
  return next.outcome === 'pending' ? 'all calls wait for it, for ever' : 'all calls are rejected, for ever'
}

async function cancelledProbe(breaker: Breaker): Promise<string> {
  const controller = new AbortController()
  const { signal } = controller
  const probe = watch(
    breaker.call(
      () =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason), { once: true })
        }),
      signal,
    ),
  )
  await settle()
  controller.abort()
  await settle()
  const state = breaker.state()
  if (probe.outcome === 'pending') return 'it is not told'
  return state === 'open' ? 'counts as a failure: open again' : `does not count: still ${state}`
}

const REFUSALS = 20_000

const refusedLoop = withEach(breakers, async make => {
  const breaker = make(60_000)
  await breaker.call(failing).catch(() => {})
  let rang = false
  setImmediate(() => {
    rang = true
  })
  let refusals = 0
  while (refusals < REFUSALS && !rang) {
    await breaker.call(failing).catch(() => refusals++)
  }
  breaker.end?.()
  return rang ? 'yes' : 'no: the event loop stands still'
})

export const breakerTopic: Topic = {
  title: 'Circuit breakers',
  about:
    'Each opens with its first failure, and is tried when its time is over. None is given a timeout for calls; opossum has one of 10 s unless told otherwise.',
  reports: [
    'nodeshift/opossum#119',
    'nodeshift/opossum#276',
    'nodeshift/opossum#388',
    'nodeshift/opossum#484',
    'nodeshift/opossum#580',
    'connor4312/cockatiel#73',
  ],
  contestants: Object.keys(breakers),
  situations: [
    {
      name: `${STORM} calls come at once when it is half-open, and the first succeeds: how many reach the service?`,
      tries: whenHalfOpen(storm),
    },
    {
      name: 'A call from before it opened fails while the probe is under way: what does that change?',
      tries: lateCall('fails'),
    },
    {
      name: 'A call from before it opened succeeds while the probe is under way: what does that change?',
      tries: lateCall('succeeds'),
    },
    { name: 'The probe hangs: what about the calls after it?', tries: whenHalfOpen(hangingProbe) },
    {
      name: 'The probe is cancelled by its caller: what does that say?',
      tries: whenHalfOpen(cancelledProbe),
    },
    { name: 'A loop calls while it is open: do timers still ring?', tries: refusedLoop },
  ],
}
