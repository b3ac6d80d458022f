import { createRequire } from 'node:module'
import { hrtime } from 'node:process'
import { threadId } from 'node:worker_threads'
import {
  type Chan,
  chan,
  go,
  parallel,
  type ReceiveChan,
  runtime,
  type SendChan,
  select,
} from '@millrace/core'
import type { Contestant } from '../contestant.js'
import {
  bytesInUse,
  countPrimes,
  fanOut,
  idleCpu,
  itself,
  microseconds,
  nsEach,
  sumBelow,
  wakeUps,
} from '../measure.js'
import { syncWays } from './millrace/sync.js'

const CAPACITY = 1000

// one thread ------------------------------------------------------------------------------------------------------

const end = chan<number>(1)

const keep = parallel(
  import.meta.url,
  async function keep(_: ReceiveChan<number>, here: SendChan<number>, end: ReceiveChan<number>) {
    await here.send(threadId)
    await end.receive()
  },
)

/** A channel that another thread knows too, and leaves alone. */
async function sharedChan(capacity: number): Promise<Chan<number>> {
  runtime.configure({ threads: 1 })
  const channel = chan<number>(capacity)
  const here = chan<number>(1)
  void go(keep, channel, here, end)
  await here.receive()
  return channel
}

const localChan = async (capacity: number): Promise<Chan<number>> => chan<number>(capacity)

async function pairTry(channel: Chan<number>, count: number, step = 1): Promise<number> {
  const took = await nsEach(
    count,
    n => {
      let sum = 0
      for (let i = 0; i < n; i++) {
        channel.trySend(i * step)
        sum += channel.tryReceive()!
      }
      return sum
    },
    n => sumBelow(n) * step,
  )
  end.close()
  return took
}

async function pairAwait(channel: Chan<number>, count: number): Promise<number> {
  const run = async (n: number): Promise<number> => {
    let sum = 0
    for (let i = 0; i < n; i++) {
      await channel.send(i)
      sum += (await channel.receive())!
    }
    return sum
  }
  const took = await nsEach(count, run, sumBelow)
  end.close()
  return took
}

async function uncontended(count: number): Promise<number> {
  const channel = chan<number>(100)
  const run = async (n: number): Promise<number> => {
    let sum = 0
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < 100; k++) await channel.send(k)
      for (let k = 0; k < 100; k++) sum += (await channel.receive())!
    }
    return sum
  }
  return nsEach(count, run, n => 4950 * n)
}

async function produce(sink: SendChan<number>, n: number): Promise<void> {
  for (let i = 0; i < n; i++) await sink.send(i)
  sink.close()
}

async function consume(source: ReceiveChan<number>): Promise<number> {
  let sum = 0
  for await (const value of source) sum += value
  return sum
}

const prodCons = (capacity: number) => (count: number) => {
  const run = (n: number): Promise<number> => {
    const channel = chan<number>(capacity)
    void go(produce, channel, n)
    return go(consume, channel)
  }
  return nsEach(count, run, sumBelow)
}

// Both send and receive in turn, one beginning with the one, the other with the other: two rendezvous a turn.
async function sync(count: number): Promise<number> {
  const run = async (n: number): Promise<number> => {
    const channel = chan<number>()
    const first = go(async () => {
      let sum = 0
      for (let i = 0; i < n; i += 2) {
        await channel.send(1)
        sum += (await channel.receive())!
      }
      return sum
    })
    const second = go(async () => {
      let sum = 0
      for (let i = 0; i < n; i += 2) {
        sum += (await channel.receive())!
        await channel.send(1)
      }
      return sum
    })
    return (await first) + (await second)
  }
  return nsEach(count, run, itself)
}

async function pingPong(count: number): Promise<number> {
  const run = async (n: number): Promise<number> => {
    const ping = chan<number>()
    const pong = chan<number>()
    void go(async () => {
      for await (const value of ping) await pong.send(value)
    })
    let sum = 0
    for (let i = 0; i < n; i++) {
      await ping.send(i)
      sum += (await pong.receive())!
    }
    ping.close()
    return sum
  }
  return nsEach(count, run, sumBelow)
}

async function selectUncontended(count: number): Promise<number> {
  const run = async (n: number): Promise<number> => {
    const a = chan<number>(1)
    const b = chan<number>(1)
    let received = 0
    await a.send(0)
    for (let i = 0; i < n; i++) {
      const hit = await select({ a, b })
      if (hit.ok) received++
      await (hit.case === 'a' ? b : a).send(0)
    }
    return received
  }
  return nsEach(count, run, itself)
}

async function create(count: number): Promise<number> {
  const run = (n: number): Promise<number> =>
    new Promise(resolve => {
      const next = (left: number): void => {
        if (left === 0) resolve(n)
        else void go(next, left - 1)
      }
      void go(next, n)
    })
  return nsEach(count, run, itself)
}

// memory ----------------------------------------------------------------------------------------------------------

let received = 0

async function park(channel: ReceiveChan<number>): Promise<void> {
  const value = await channel.receive()
  if (value === undefined) received++
}

const parked = (of: 'rss' | 'heapUsed', channelOf: typeof localChan) => async (count: number) => {
  const channel = await channelOf(1)
  const before = await bytesInUse(of)
  const goroutines: Promise<void>[] = []
  for (let i = 0; i < count; i++) goroutines.push(go(park, channel))
  const after = await bytesInUse(of)
  channel.close()
  end.close()
  await Promise.all(goroutines)
  if (received !== count) throw new Error(`${received} of ${count} goroutines were parked`)
  return (after - before) / count
}

// two threads -----------------------------------------------------------------------------------------------------

type Side = (channel: Chan<number>, n: number) => Promise<number>
interface Job {
  channel: Chan<number>
  n: number
}

const sendEach: Side = async (channel, n) => {
  for (let i = 0; i < n; i++) await channel.send(i)
  return n
}

const sides = {
  sendEach,
  sendFractions: async (channel, n) => {
    for (let i = 0; i < n; i++) await channel.send(i + 0.5)
    return n
  },
  trySendFirst: async (channel, n) => {
    for (let i = 0; i < n; i++) if (!channel.trySend(i)) await channel.send(i)
    return n
  },
  receiveEach: async (channel, n) => {
    let sum = 0
    for (let i = 0; i < n; i++) sum += (await channel.receive())!
    return sum
  },
  tryReceiveFirst: async (channel, n) => {
    let sum = 0
    for (let i = 0; i < n; i++) sum += channel.tryReceive() ?? (await channel.receive())!
    return sum
  },
  forAwait: async (channel, n) => {
    let sum = 0
    let left = n
    for await (const value of channel) {
      sum += value
      if (--left === 0) break
    }
    return sum
  },
  receiveMany: async (channel, n) => {
    let sum = 0
    for (let left = n; left > 0; ) {
      const values = await channel.receiveMany(256)
      for (const value of values) sum += value
      left -= values.length
    }
    return sum
  },
} satisfies Record<string, Side>

const station = parallel(
  import.meta.url,
  async function station(
    side: keyof typeof sides,
    here: SendChan<number>,
    jobs: Chan<Job>,
    sums: SendChan<number>,
  ) {
    await here.send(threadId)
    for await (const { channel, n } of jobs) await sums.send(await sides[side](channel, n))
  },
)

interface Station {
  jobs: Chan<Job>
  sums: Chan<number>
}

/** A goroutine for one side of a stream, on a thread of the pool other than `notOn`. */
async function startStation(side: keyof typeof sides, notOn?: number): Promise<Station & { on: number }> {
  const unwanted: Chan<Job>[] = []
  while (true) {
    const here = chan<number>(1)
    const jobs = chan<Job>(1)
    const sums = chan<number>(1)
    void go(station, side, here, jobs, sums)
    const on = (await here.receive())!
    if (on !== notOn) {
      for (const channel of unwanted) channel.close()
      return { jobs, sums, on }
    }
    unwanted.push(jobs)
    if (unwanted.length > 10_000) throw new Error('the pool has no second thread')
  }
}

const stream =
  (from: keyof typeof sides, to: keyof typeof sides, offset = 0) =>
  async (count: number) => {
    runtime.configure({ threads: 2 })
    const producer = await startStation(from)
    const consumer = await startStation(to, producer.on)
    const run = async (n: number): Promise<number> => {
      const channel = chan<number>(1024)
      await consumer.jobs.send({ channel, n })
      await producer.jobs.send({ channel, n })
      await producer.sums.receive()
      return (await consumer.sums.receive())!
    }
    const took = await nsEach(count, run, n => sumBelow(n) + n * offset)
    producer.jobs.close()
    consumer.jobs.close()
    return took
  }

const empty = parallel(import.meta.url, function empty() {})

const tasks = (inFlight: number) => (count: number) => {
  runtime.configure({ threads: 2 })
  const run = async (n: number): Promise<number> => {
    let left = n
    let done = 0
    const line = async (): Promise<void> => {
      while (left-- > 0) {
        await go(empty)
        done++
      }
    }
    await Promise.all(Array.from({ length: inFlight }, line))
    return done
  }
  return nsEach(count, run, itself)
}

/** Grows a binary tree of `nodes` goroutines; answers how many there were. */
const grow = parallel(import.meta.url, async function grow(nodes: number): Promise<number> {
  const left = (nodes - 1) >> 1
  const below = [left, nodes - 1 - left].filter(part => part > 0).map(part => go(grow, part))
  let grown = 1
  for (const each of below) grown += await each
  return grown
})

const forkJoin = (count: number) => {
  runtime.configure({ threads: 2 })
  return nsEach(count, n => go(grow, n), itself)
}

const primes = parallel(import.meta.url, function primes(from: number, to: number) {
  return countPrimes(from, to)
})

const fan = (threads: number) => (limit: number) => {
  runtime.configure({ threads })
  return fanOut(limit, (from, to) => go(primes, from, to))
}

// waking ----------------------------------------------------------------------------------------------------------

const tellWhen = parallel(
  import.meta.url,
  async function tellWhen(source: ReceiveChan<number>, sink: SendChan<number>, base: bigint) {
    for await (const _ of source) await sink.send(microseconds(base))
  },
)

const wake = (p: number) => async (count: number) => {
  runtime.configure({ threads: 1 })
  const base = hrtime.bigint()
  const out = chan<number>(1)
  const back = chan<number>(1)
  void go(tellWhen, out, back, base)
  const took = await wakeUps(count, p, async () => {
    const sent = microseconds(base)
    await out.send(1)
    return (await back.receive())! - sent
  })
  out.close()
  return took
}

async function idle(ms: number): Promise<number> {
  runtime.configure({ threads: 2 })
  const producer = await startStation('sendEach')
  const consumer = await startStation('receiveEach', producer.on)
  const took = await idleCpu(ms)
  producer.jobs.close()
  consumer.jobs.close()
  return took
}

const version = (): string => createRequire(import.meta.url)('@millrace/core/package.json').version

export const contestant: Contestant = {
  name: 'millrace',
  version,
  ways: {
    'chan/pair-try': {
      'shared channel': async n => pairTry(await sharedChan(CAPACITY), n),
      'shared channel, fractions': async n => pairTry(await sharedChan(CAPACITY), n, 0.5),
      'local channel': async n => pairTry(await localChan(CAPACITY), n),
    },
    'chan/pair-await': {
      'shared channel': async n => pairAwait(await sharedChan(CAPACITY), n),
      'local channel': async n => pairAwait(await localChan(CAPACITY), n),
    },
    'chan/stream': {
      'plain await': stream('sendEach', 'receiveEach'),
      'for await': stream('sendEach', 'forAwait'),
      'receiveMany(256)': stream('sendEach', 'receiveMany'),
      'try first, else await': stream('trySendFirst', 'tryReceiveFirst'),
      'plain await, fractions': stream('sendFractions', 'receiveEach', 0.5),
    },
    'go/in-flight': { '': tasks(1000) },
    'go/fork-join': { '': forkJoin },
    'go/one-at-a-time': { '': tasks(1) },
    'go/parked-heap': {
      'local channel': parked('heapUsed', localChan),
      'shared channel': parked('heapUsed', sharedChan),
    },
    'go/parked-rss': {
      'local channel': parked('rss', localChan),
      'shared channel': parked('rss', sharedChan),
    },
    'go/fan-out': { 'one thread': fan(1), 'two threads': fan(2) },
    'wake/p50': { '': wake(0.5) },
    'wake/p99': { '': wake(0.99) },
    'wake/idle-cpu': { '': idle },
    'chan/uncontended': { '': uncontended },
    'chan/sync': { '': sync },
    'chan/prod-cons-0': { '': prodCons(0) },
    'chan/prod-cons-10': { '': prodCons(10) },
    'chan/prod-cons-100': { '': prodCons(100) },
    'chan/ping-pong': { '': pingPong },
    'select/uncontended': { '': selectUncontended },
    'go/create': { '': create },
    ...syncWays,
  },
}
