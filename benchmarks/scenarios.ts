// What is measured: names, sizes and targets. How each contestant does it is in contestants/.
//
// A way is one manner in which a contestant does a scenario: plain await or batches, one thread or two. A result is told by
// its contestant and way: `millrace: plain await`.

export interface Scenario {
  /** One operation, in words. */
  readonly what: string
  readonly unit: 'ns' | 'µs' | 'ms' | 'bytes'
  /** Operations of one measurement, which is preceded by a warm-up of the same kind. Fixed, so that all do the same work. */
  readonly count: number
  /** The result that the others are compared with. */
  readonly base: string
  readonly target?: Target
}

/** What `result` has to reach: at most a value, or to beat another result so many times over. */
export type Target =
  | { readonly result: string; readonly atMost: number }
  | { readonly result: string; readonly times: number; readonly against: string }

/** `--quick` does this part of each count. */
export const QUICK = 0.1

const defined = {
  'chan/pair-try': {
    what: 'one number by trySend and tryReceive, on one thread, capacity 1000',
    unit: 'ns',
    count: 5_000_000,
    base: 'go',
    target: { result: 'millrace: shared channel', atMost: 60 },
  },
  'chan/pair-await': {
    what: 'one number by await send and await receive, on one thread, capacity 1000',
    unit: 'ns',
    count: 2_000_000,
    base: 'go',
  },
  'chan/stream': {
    what: 'one number from a thread to another, capacity 1024',
    unit: 'ns',
    count: 3_000_000,
    base: 'postmessage: a message each',
    target: { result: 'millrace: plain await', times: 20, against: 'postmessage: a message each' },
  },
  'go/in-flight': {
    what: 'round trip of an empty task, 1000 in flight, two threads',
    unit: 'ns',
    count: 100_000,
    base: 'piscina',
    target: { result: 'millrace', times: 5, against: 'piscina' },
  },
  'go/fork-join': {
    what: 'one of a tree of goroutines, each of which starts two more and waits for them, two threads',
    unit: 'ns',
    count: 50_000,
    base: 'go',
  },
  'go/one-at-a-time': {
    what: 'round trip of an empty task, the next when it is back, two threads',
    unit: 'ns',
    count: 10_000,
    base: 'piscina',
  },
  'go/parked-heap': {
    what: 'heap for one parked goroutine',
    unit: 'bytes',
    count: 100_000,
    base: 'go',
    target: { result: 'millrace: local channel', atMost: 1024 },
  },
  'go/parked-rss': {
    what: 'memory of the process (RSS) for one parked goroutine',
    unit: 'bytes',
    count: 100_000,
    base: 'go',
    target: { result: 'millrace: local channel', atMost: 1024 },
  },
  'go/fan-out': {
    what: 'counting the primes below 2 000 000 in 64 parts',
    unit: 'ms',
    count: 2_000_000,
    base: 'millrace: one thread',
    target: { result: 'millrace: two threads', times: 1.8, against: 'millrace: one thread' },
  },
  'wake/p50': {
    what: 'from sending a number to an idle thread until it has it, median',
    unit: 'µs',
    count: 500,
    base: 'postmessage',
  },
  'wake/p99': {
    what: 'the same, 99th percentile',
    unit: 'µs',
    count: 500,
    base: 'postmessage',
  },
  'wake/idle-cpu': {
    what: 'CPU time per second of a process with two idle threads that wait',
    unit: 'µs',
    count: 2000,
    base: 'postmessage',
  },
  'chan/uncontended': {
    what: '100 sends, then 100 receives, capacity 100',
    unit: 'ns',
    count: 20_000,
    base: 'go',
  },
  'chan/sync': { what: 'one rendezvous of two goroutines', unit: 'ns', count: 1_000_000, base: 'go' },
  'chan/prod-cons-0': { what: 'one message, unbuffered', unit: 'ns', count: 1_000_000, base: 'go' },
  'chan/prod-cons-10': { what: 'one message, capacity 10', unit: 'ns', count: 1_000_000, base: 'go' },
  'chan/prod-cons-100': { what: 'one message, capacity 100', unit: 'ns', count: 1_000_000, base: 'go' },
  'chan/ping-pong': {
    what: 'there and back over two unbuffered channels',
    unit: 'ns',
    count: 500_000,
    base: 'go',
  },
  'select/uncontended': {
    what: 'a select of two receives, and a send to the other channel',
    unit: 'ns',
    count: 500_000,
    base: 'go',
  },
  'go/create': { what: 'a goroutine that starts the next', unit: 'ns', count: 500_000, base: 'go' },
  'sync/mutex-try': {
    what: 'locking and unlocking a mutex that is free, without waiting',
    unit: 'ns',
    count: 5_000_000,
    base: 'go',
    target: { result: 'millrace: local, tryLock', times: 1, against: 'go' },
  },
  'sync/mutex-await': {
    what: 'locking and unlocking a mutex that is free, waiting for the lock',
    unit: 'ns',
    count: 2_000_000,
    base: 'go',
    target: { result: 'millrace: local, await lock', times: 0.25, against: 'go' },
  },
  'sync/mutex-contended': {
    what: 'locking and unlocking a mutex that a goroutine of another thread wants as often',
    unit: 'ns',
    count: 1_000_000,
    base: 'go',
    target: { result: 'millrace: await lock', times: 1 / 3, against: 'go' },
  },
  'sync/wait-group': {
    what: 'a WaitGroup for one goroutine, and waiting for it',
    unit: 'ns',
    count: 500_000,
    base: 'go',
    target: { result: 'millrace', times: 1, against: 'go' },
  },
  'sync/semaphore': {
    what: 'acquiring and releasing the one permit of a semaphore',
    unit: 'ns',
    count: 2_000_000,
    base: 'go',
    target: { result: 'millrace: local, tryAcquire', times: 0.5, against: 'go' },
  },
} as const satisfies Record<string, Scenario>

export type ScenarioName = keyof typeof defined
export const scenarios: Readonly<Record<ScenarioName, Scenario>> = defined
export const scenarioNames = Object.keys(defined) as ScenarioName[]
