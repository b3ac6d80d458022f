import { getEventListeners, setMaxListeners } from 'node:events'
import { retry } from '@millrace/patterns'
import { Semaphore } from '@millrace/sync'
import Bottleneck from 'bottleneck'
import { bulkhead, ConstantBackoff, retry as cockatielRetry, handleAll } from 'cockatiel'
import pLimit from 'p-limit'
import PQueue from 'p-queue'
import pRetry from 'p-retry'
import { RateLimiterMemory, RateLimiterQueue } from 'rate-limiter-flexible'
import { gate, settle, watch } from './events.js'
import { type Topic, withEach } from './situation.js'

type Work = () => Promise<unknown>
type Submit = (fn: Work, signal?: AbortSignal) => Promise<unknown>

const MINUTE = 60_000

/** Each lets one job run at a time; the signal is for those that take one. */
const queues: { [name: string]: () => Submit } = {
  millrace() {
    const semaphore = new Semaphore(1)
    return (fn, signal) => semaphore.withPermits(1, fn, { signal })
  },
  'p-queue'() {
    const queue = new PQueue({ concurrency: 1 })
    return (fn, signal) => queue.add(fn, signal && { signal })
  },
  'p-limit'() {
    const limit = pLimit(1)
    return fn => limit(fn)
  },
  bottleneck() {
    const limiter = new Bottleneck({ maxConcurrent: 1 })
    return fn => limiter.schedule(fn)
  },
  cockatiel() {
    const policy = bulkhead(1, 1000)
    return (fn, signal) => policy.execute(fn, signal)
  },
  'rate-limiter-flexible'() {
    // One job in 50 ms: the nearest that it has.
    const queue = new RateLimiterQueue(new RateLimiterMemory({ points: 1, duration: 0.05 }))
    return async fn => {
      await queue.removeTokens(1)
      return fn()
    }
  },
}

async function abortedInLine(make: () => Submit): Promise<string> {
  const submit = make()
  const busy = gate()
  const first = submit(() => busy.passed)
  await settle()
  const controller = new AbortController()
  const reason = new Error('not any more')
  let ran = false
  const queued = watch(
    submit(async () => {
      ran = true
    }, controller.signal),
  )
  controller.abort(reason)
  for (let i = 0; i < 3; i++) await new Promise(resolve => setImmediate(resolve))
  const told = queued.outcome === 'rejected'
  const isReason = queued.reason === reason
  busy.open()
  await first
  for (let i = 0; i < 20 && queued.outcome === 'pending'; i++) await settle()
  if (ran) return 'takes no signal: it runs'
  const how = isReason ? 'with the reason' : 'with an error of its own'
  return told ? `told at once, ${how}; never runs` : `told when its turn comes, ${how}`
}

const MANY = 50

/** Those that take a signal, in use: work that waits, until it is let go. */
const waiters: { [name: string]: () => Submit } = {
  millrace: queues.millrace!,
  'p-queue': queues['p-queue']!,
  cockatiel: queues.cockatiel!,
}

async function listeners(make: () => Submit): Promise<string> {
  const submit = make()
  const busy = gate()
  const { signal } = new AbortController()
  setMaxListeners(0, signal)
  const first = submit(() => busy.passed)
  await settle()
  const all = Array.from({ length: MANY }, () => submit(async () => {}, signal))
  const during = getEventListeners(signal, 'abort').length
  busy.open()
  await Promise.all([first, ...all])
  await settle()
  return `${during} while they wait, ${getEventListeners(signal, 'abort').length} afterwards`
}

/** Each fails, and waits a minute before the second attempt. */
const retries: { [name: string]: (fn: Work, signal: AbortSignal) => Promise<unknown> } = {
  millrace: (fn, signal) => retry(fn, { signal, initialMs: MINUTE, maxMs: MINUTE, jitter: 'none' }),
  'p-retry': (fn, signal) => pRetry(fn, { signal, minTimeout: MINUTE }),
  cockatiel: (fn, signal) =>
    cockatielRetry(handleAll, { maxAttempts: 3, backoff: new ConstantBackoff(MINUTE) }).execute(fn, signal),
}

const failing: Work = () => Promise.reject(new Error('down'))

async function cancelledRetry(run: (fn: Work, signal: AbortSignal) => Promise<unknown>): Promise<string> {
  const controller = new AbortController()
  const reason = new Error('not any more')
  const waiting = watch(run(failing, controller.signal))
  await settle()
  controller.abort(reason)
  await settle()
  if (waiting.outcome === 'pending') return 'not while it waits'
  return waiting.reason === reason ? 'at once, with the reason' : 'at once, with another error'
}

async function retryListeners(run: (fn: Work, signal: AbortSignal) => Promise<unknown>): Promise<string> {
  const controller = new AbortController()
  const { signal } = controller
  setMaxListeners(0, signal)
  for (let i = 0; i < MANY; i++) await run(async () => i, signal)
  const left = getEventListeners(signal, 'abort').length
  const all = Array.from({ length: MANY }, () => watch(run(failing, signal)))
  await settle()
  const during = getEventListeners(signal, 'abort').length
  controller.abort()
  await settle()
  if (all.some(({ outcome }) => outcome === 'pending')) return 'not told while they wait'
  return `${during} while they wait, ${left} afterwards`
}

export const waitingTopic: Topic = {
  title: 'Waiting, and giving up',
  about: `A queue that runs one job at a time, or the nearest that a library has; and a retry that waits a minute after its first attempt.`,
  reports: [
    'sindresorhus/p-queue#235',
    'sindresorhus/p-retry#71',
    'connor4312/cockatiel#69',
    'connor4312/cockatiel#81',
  ],
  contestants: [
    'millrace',
    'p-queue',
    'p-limit',
    'bottleneck',
    'cockatiel',
    'rate-limiter-flexible',
    'p-retry',
  ],
  situations: [
    {
      name: 'A job is aborted while it waits in line: what becomes of it?',
      tries: withEach(queues, abortedInLine),
    },
    {
      name: `${MANY} jobs wait with one signal: how many listeners has it?`,
      tries: withEach(waiters, listeners),
    },
    {
      name: 'A retry is aborted between two attempts: when is it told?',
      tries: withEach(retries, cancelledRetry),
    },
    {
      name: `${MANY} retries share one signal: how many listeners has it?`,
      tries: withEach(retries, retryListeners),
    },
  ],
}
