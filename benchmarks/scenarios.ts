// What is measured: names and sizes. How each contestant does it is in contestants/, what has to be reached in goals.ts.
//
// A way is one manner in which a contestant does a scenario: plain await or batches, one thread or two. A result is told by
// its contestant and way: `millrace: plain await`.

import type { Scenario } from './scenario.js'

/** Capacities of the channels of crossbeam's programs; N is one for which they wait seldom. */
export const CAPACITIES = { 0: 0, 1: 1, N: 1024 } as const
export type Capacity = keyof typeof CAPACITIES
export const CROSSBEAM_THREADS = 4

const one = { unit: 'ns', base: 'go', threads: 1 } as const
const two = { unit: 'ns', base: 'go', threads: 2 } as const
const everywhere = true

/** The core of Go's own benchmarks. */
const core = {
  'chan/uncontended': {
    ...one,
    what: '100 sends, then 100 receives, capacity 100',
    count: 20_000,
    everywhere,
  },
  'chan/sync': { ...one, what: 'one rendezvous of two goroutines', count: 1_000_000, everywhere },
  'chan/prod-cons-0': { ...one, what: 'one message, unbuffered', count: 1_000_000, everywhere },
  'chan/prod-cons-10': { ...one, what: 'one message, capacity 10', count: 1_000_000, everywhere },
  'chan/prod-cons-100': { ...one, what: 'one message, capacity 100', count: 1_000_000, everywhere },
  'chan/popular': {
    ...one,
    what: '1000 goroutines, each in a select of a channel of all and one of its own, woken one by one by their own',
    count: 200,
    trial: 3,
    everywhere,
  },
  'chan/ping-pong': {
    ...one,
    what: 'there and back over two unbuffered channels',
    count: 500_000,
    everywhere,
  },
  'select/uncontended': {
    ...one,
    what: 'a select of two receives, and a send to the other channel',
    count: 500_000,
    everywhere,
  },
  'select/prod-cons': {
    ...one,
    what: 'one message by a select of three on both sides, capacity 128, with some work',
    count: 500_000,
    everywhere,
  },
  'go/create': { ...one, what: 'a goroutine that starts the next', count: 500_000, everywhere },
  'sync/mutex': { ...one, what: 'locking and unlocking a mutex that is free', count: 2_000_000, everywhere },
  'sync/wait-group': {
    ...one,
    what: 'a WaitGroup for one goroutine, and waiting for it',
    count: 500_000,
    everywhere,
  },
  'context/common-parent': {
    ...one,
    what: 'deriving a context from one that all share, asking it for a value, and cancelling it',
    count: 500_000,
    everywhere,
  },
} as const satisfies Record<string, Scenario>

const programs = {
  seq: 'one goroutine sends all, then receives all',
  spsc: 'one sender, one receiver',
  mpsc: 'four senders, one receiver',
  mpmc: 'four senders, four receivers',
  select_rx: 'four senders with a channel each, one receiver that selects',
  select_both: 'four senders and four receivers that all select of four channels',
} as const
export type CrossbeamProgram = keyof typeof programs

export type CrossbeamName =
  | `crossbeam/${Exclude<CrossbeamProgram, 'seq'>}-${Capacity}`
  | `crossbeam-threads/${Exclude<CrossbeamProgram, 'seq'>}-${Capacity}`
  | 'crossbeam/seq-N'

/** crossbeam's programs. With two threads, all senders are on one and all receivers on the other. */
const crossbeam = Object.fromEntries(
  ([one, two] as const).flatMap(kind =>
    Object.entries(programs).flatMap(([program, what]): [string, Scenario][] =>
      (['0', '1', 'N'] as const)
        .filter(capacity => program !== 'seq' || (capacity === 'N' && kind === one))
        .map(capacity => [
          `${kind === one ? 'crossbeam' : 'crossbeam-threads'}/${program}-${capacity}`,
          {
            ...kind,
            what: `one message: ${what}, ${program === 'seq' ? 'room for all' : `capacity ${CAPACITIES[capacity]}`}`,
            count: 400_000,
            ...(kind === two && program === 'spsc' ? { everywhere } : {}),
          },
        ]),
    ),
  ),
) as unknown as Record<CrossbeamName, Scenario>

const postmessage = { unit: 'ns', base: 'postmessage', threads: 2 } as const

const streams = {
  'chan/stream': {
    ...postmessage,
    what: 'one number from a thread to another, capacity 1024',
    count: 5_000_000,
    base: 'postmessage: a message each',
    patienceMs: 1000,
    everywhere,
  },
  'payload/object-100': {
    ...postmessage,
    what: 'one object of five fields, about 100 bytes, from a thread to another',
    count: 500_000,
  },
  'payload/string-1k': {
    ...postmessage,
    what: 'one string of 1 KB from a thread to another',
    count: 200_000,
  },
  'payload/bytes-64k': {
    ...postmessage,
    what: '64 KB of bytes from a thread to another',
    count: 10_000,
    base: 'postmessage: copy',
    trial: 20,
  },
  'payload/bytes-1m': {
    ...postmessage,
    what: '1 MB of bytes from a thread to another',
    count: 1000,
    base: 'postmessage: copy',
    trial: 10,
  },
} as const satisfies Record<string, Scenario>

const goroutines = {
  'chan/pair-try': {
    ...one,
    what: 'one number by trySend and tryReceive, on one thread, capacity 1000',
    count: 5_000_000,
  },
  'chan/pair-await': {
    ...one,
    what: 'one number by await send and await receive, on one thread, capacity 1000',
    count: 2_000_000,
  },
  'go/in-flight': {
    ...two,
    what: 'round trip of an empty task, 1000 in flight, two threads',
    count: 100_000,
    base: 'piscina',
    everywhere,
  },
  'go/one-at-a-time': {
    ...two,
    what: 'round trip of an empty task, the next when it is back, two threads',
    count: 10_000,
    base: 'piscina',
    everywhere,
  },
  'go/fork-join': {
    ...two,
    what: 'one of a tree of goroutines, each of which starts two more and waits for them, two threads',
    count: 50_000,
  },
  'go/fan-out': {
    threads: 2,
    what: 'counting the primes below 2 000 000 in 64 parts',
    unit: 'ms',
    count: 2_000_000,
    base: 'millrace: one thread',
    trial: 20_000,
    isSize: true,
  },
  'go/parked-heap': {
    threads: 1,
    what: 'heap for one of 100 000 parked goroutines',
    unit: 'bytes',
    count: 100_000,
    base: 'go',
    isSize: true,
  },
  'go/parked-rss': {
    threads: 1,
    what: 'memory of the process (RSS) for one of 100 000 parked goroutines',
    unit: 'bytes',
    count: 100_000,
    base: 'go',
    isSize: true,
  },
  'go/park-wake': {
    ...one,
    what: 'creating, parking and waking one of 100 000 goroutines',
    count: 100_000,
    isSize: true,
  },
  'wake/p50': {
    threads: 2,
    what: 'from sending a number to an idle thread until it has it, median',
    unit: 'µs',
    count: 200,
    base: 'postmessage',
    trial: 5,
    isSize: true,
    everywhere: 'nodes', // elsewhere threads have clocks of their own
  },
  'wake/p99': {
    threads: 2,
    what: 'the same, 99th percentile',
    unit: 'µs',
    count: 200,
    base: 'postmessage',
    trial: 5,
    isSize: true,
  },
  'wake/idle-cpu': {
    threads: 2,
    what: 'CPU time per second of a process with two idle threads that wait',
    unit: 'µs',
    count: 4000,
    base: 'postmessage',
    trial: 50,
    isSize: true,
  },
  'sync/mutex-contended': {
    ...two,
    what: 'locking and unlocking a mutex that a goroutine of another thread wants as often',
    count: 1_000_000,
  },
  'sync/semaphore': {
    ...one,
    what: 'acquiring and releasing the one permit of a semaphore',
    count: 2_000_000,
  },
} as const satisfies Record<string, Scenario>

/** The count is that of processes, so that one that was disturbed says nothing. */
const start = { unit: 'ms', threads: 1, count: 5, trial: 1, isSize: true } as const

const starting = {
  'start/import': {
    ...start,
    what: 'importing the package, in a new process',
    base: 'millrace: core',
    everywhere,
  },
  'start/goroutine': {
    ...start,
    threads: 2,
    what: 'from asking for a thread to the answer of the first task on it, in a new process, package imported',
    base: 'postmessage: a Worker of Node, and a message from it',
    everywhere,
  },
  'start/bundle': {
    ...start,
    unit: 'bytes',
    what: 'everything that the package exports in a bundle (esbuild), minified and gzipped',
    base: 'millrace: core with the kernel',
    once: true,
  },
} as const satisfies Record<string, Scenario>

/** Cost grows as the work: the way says the size, the figure must not. */
const growth = {
  'grow/messages': { ...one, what: 'one message of so many, capacity 128', count: 1_000_000, trial: 2 },
  'grow/messages-threads': {
    ...two,
    what: 'one message of so many from a thread to another, over a new channel of capacity 1024',
    count: 1_000_000,
    trial: 2,
  },
  'grow/channels': {
    ...one,
    what: 'one message over so many unbuffered channels in turn, each with a goroutine that receives',
    count: 200_000,
  },
  'grow/waiters': {
    ...one,
    what: 'one message over an unbuffered channel that so many goroutines wait for in turn',
    count: 200_000,
  },
} as const satisfies Record<string, Scenario>

const defined = { ...core, ...crossbeam, ...streams, ...goroutines, ...starting, ...growth }

export type ScenarioName = keyof typeof defined
export const scenarios: Readonly<Record<ScenarioName, Scenario>> = defined
export const scenarioNames = Object.keys(defined) as ScenarioName[]
export const coreNames = Object.keys(core) as (keyof typeof core)[]

/** Sizes of grow/…: messages, then channels and waiters. */
export const MESSAGE_SIZES = [1e3, 1e4, 1e5, 1e6, 1e7]
export const OBJECT_SIZES = [1, 10, 100, 1000, 10_000]
