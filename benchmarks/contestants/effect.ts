import { Effect, Fiber, Queue, Semaphore } from 'effect'
import type { Contestant, Ways } from '../contestant.js'
import { itself, nsEach, sumBelow } from '../measure.js'
import { inRunsOf, parkAndWake, parkedBytes } from '../programs/channel-ways.js'
import { PAIR_CAPACITY, partOf, sumOfParts } from '../programs/channels.js'
import { bundleWays, importWay } from '../programs/starting.js'
import { versionOf } from '../programs/version.js'
import { oneThread } from '../programs/why.js'
import { CAPACITIES, CROSSBEAM_THREADS, MESSAGE_SIZES } from '../scenarios.js'

// Its goroutines are fibers and its channels queues: programs are written in its generators, and run whole.

/** Ten million messages would take it half a minute. */
const SLOW = 1e6

type Numbers = Queue.Queue<number>

const produce = (queue: Numbers, n: number) =>
  Effect.gen(function* () {
    for (let i = 0; i < n; i++) yield* Queue.offer(queue, i)
    return 0
  })

const consume = (queue: Numbers, n: number) =>
  Effect.gen(function* () {
    let sum = 0
    for (let i = 0; i < n; i++) sum += yield* Queue.take(queue)
    return sum
  })

/** Runs all in fibers of their own and adds up what they answer. */
const sumOf = (parts: readonly Effect.Effect<number>[]) =>
  Effect.gen(function* () {
    const fibers: Fiber.Fiber<number>[] = []
    for (const part of parts) fibers.push(yield* Effect.forkChild(part))
    let sum = 0
    for (const fiber of fibers) sum += yield* Fiber.join(fiber)
    return sum
  })

const several = (n: number, one: (part: number) => Effect.Effect<number>): Effect.Effect<number>[] =>
  Array.from({ length: CROSSBEAM_THREADS }, (_, i) => one(partOf(n, i)))

const withQueue =
  (capacity: (n: number) => number, run: (queue: Numbers, n: number) => Effect.Effect<number>) =>
  (n: number) =>
    Effect.runPromise(
      Effect.gen(function* () {
        return yield* run(yield* Queue.bounded<number>(capacity(n)), n)
      }),
    )

const prodCons = (capacity: number) =>
  withQueue(
    () => capacity,
    (queue, n) => sumOf([produce(queue, n), consume(queue, n)]),
  )

const mpsc = (capacity: number) =>
  withQueue(
    () => capacity,
    (queue, n) => sumOf([...several(n, part => produce(queue, part)), consume(queue, n)]),
  )

const mpmc = (capacity: number) =>
  withQueue(
    () => capacity,
    (queue, n) =>
      sumOf([...several(n, part => produce(queue, part)), ...several(n, part => consume(queue, part))]),
  )

const seq = withQueue(
  n => n,
  (queue, n) =>
    Effect.gen(function* () {
      yield* produce(queue, n)
      return yield* consume(queue, n)
    }),
)

const pairAwait = withQueue(
  () => PAIR_CAPACITY,
  (queue, n) =>
    Effect.gen(function* () {
      let sum = 0
      for (let i = 0; i < n; i++) {
        yield* Queue.offer(queue, i)
        sum += yield* Queue.take(queue)
      }
      return sum
    }),
)

const uncontended = withQueue(
  () => 100,
  (queue, n) =>
    Effect.gen(function* () {
      let sum = 0
      for (let i = 0; i < n; i++) {
        yield* produce(queue, 100)
        sum += yield* consume(queue, 100)
      }
      return sum
    }),
)

const create = (n: number): Promise<number> =>
  new Promise(resolve => {
    const next = (left: number): Effect.Effect<void> =>
      Effect.gen(function* () {
        if (left === 0) resolve(n)
        else yield* Effect.forkDetach(next(left - 1))
      })
    Effect.runFork(next(n))
  })

const locked = (n: number): Promise<number> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const semaphore = yield* Semaphore.make(1)
      for (let i = 0; i < n; i++) yield* semaphore.withPermits(1)(Effect.void)
      return n
    }),
  )

const park = (count: number) => {
  const queue = Effect.runSync(Queue.bounded<number>(1))
  const fibers = Array.from({ length: count }, () => Effect.runFork(Queue.take(queue)))
  return () =>
    Effect.runPromise(
      Effect.gen(function* () {
        for (let i = 0; i < count; i++) yield* Queue.offer(queue, 1)
        let woken = 0
        for (const fiber of fibers) woken += yield* Fiber.join(fiber)
        return woken
      }),
    )
}

const ns = (run: (n: number) => Promise<number>, checksum = sumBelow) => ({
  '': (count: number) => nsEach(count, run, checksum),
})

const crossbeam = Object.fromEntries(
  Object.entries(CAPACITIES)
    .filter(([, capacity]) => capacity > 0)
    .flatMap(([name, capacity]) => [
      [`crossbeam/spsc-${name}`, ns(prodCons(capacity))],
      [`crossbeam/mpsc-${name}`, ns(mpsc(capacity), sumOfParts)],
      [`crossbeam/mpmc-${name}`, ns(mpmc(capacity), sumOfParts)],
    ]),
) as Ways

export const contestant: Contestant = {
  name: 'effect',
  version: () => versionOf('effect'),
  cannot: oneThread(name => {
    if (/select|popular/.test(name)) return 'no select'
    return /^chan|-0$/.test(name) ? 'no unbuffered queue' : 'not of this kind'
  }),
  ways: {
    'chan/pair-await': ns(pairAwait),
    'chan/uncontended': ns(uncontended, n => 4950 * n),
    'chan/prod-cons-10': ns(prodCons(10)),
    'chan/prod-cons-100': ns(prodCons(100)),
    'go/create': ns(create, itself),
    'go/parked-heap': { '': parkedBytes('heapUsed', park) },
    'go/parked-rss': { '': parkedBytes('rss', park) },
    'go/park-wake': { '': parkAndWake(park) },
    'sync/mutex': { 'a semaphore of one': ns(locked, itself)[''] },
    'sync/semaphore': ns(locked, itself),
    'crossbeam/seq-N': ns(seq),
    ...crossbeam,
    'grow/messages': Object.fromEntries(
      MESSAGE_SIZES.filter(size => size <= SLOW).map(size => [String(size), inRunsOf(size, prodCons(128))]),
    ),
    'start/import': importWay('effect'),
    'start/bundle': bundleWays({ '': 'effect' }),
  },
}
