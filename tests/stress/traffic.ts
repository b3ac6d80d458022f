import process from 'node:process'
import { chan, go, main, runtime } from '@millrace/core'
import { currentThread } from '@millrace/kernel'
import { MISSED, THREAD_BYTES, THREADS as THREADS_AT } from '../kernel/fresh-memory.js'
import { fail, randomFrom, range } from '../laws/expect.js'
import { isLong, say, seed } from './seed.js'
import {
  type Got,
  type Manner,
  receiver,
  type Sent,
  sender,
  senderOf,
  sequenceOf,
} from './traffic-fixtures.js'

// Senders and receivers on four threads and the main one: nothing may be lost, doubled, or out of a sender's order.
//
//   traffic.js <manner>

const CAPACITIES = [0, 1, 2, 3, 64, 1000]
const MESSAGES = isLong ? 2_000_000 : 30_000 // per manner
const MOST_PER_ROUND = 30_000
const ROUND_MS = 60_000
const THREADS = 4

const manner = process.argv[2] as Manner
const random = randomFrom(seed)
const threads = new Set<string>()
let total = 0

function check(sent: Sent[], got: Got[]): number {
  const seen = sent.map(({ count }) => new Uint8Array(count))
  let count = 0
  for (const { values } of got) {
    for (const channel of values) {
      const last = new Map<number, number>()
      for (const value of channel) {
        const [from, sequence] = [senderOf(value), sequenceOf(value)]
        const before = last.get(from) ?? -1
        if (sequence <= before) fail(`sender ${from}: ${sequence} came after ${before}`)
        last.set(from, sequence)
        if (sequence >= sent[from]!.count) fail(`sender ${from}: ${sequence} came, and was never sent`)
        if (seen[from]![sequence]++ > 0) fail(`sender ${from}: ${sequence} came twice`)
        count++
      }
    }
  }
  for (const [from, marks] of seen.entries()) {
    const lost = marks.indexOf(0)
    if (lost >= 0) fail(`sender ${from}: ${lost} was lost`)
  }
  for (const { thread } of [...sent, ...got]) threads.add(thread)
  return count
}

async function round(capacity: number, messages: number): Promise<void> {
  const start = performance.now()
  const channels = range(manner === 'select' || manner === 'swap' ? 3 : 1).map(i =>
    chan<unknown>(manner === 'swap' ? [capacity, 0, 1][i] : capacity),
  )
  const [senders, receivers] = [1 + random(6), 1 + random(6)]
  const each = Math.ceil(messages / senders)
  const seedOf = () => random(2 ** 31)
  // One of either kind runs on the main thread, called directly.
  const sentAll = chan<void>(senders)
  const sending = range(senders).map(id =>
    id === 1
      ? sender(channels, id, each, manner, seedOf(), sentAll)
      : go(sender, channels, id, each, manner, seedOf(), sentAll),
  )
  const receiving = range(receivers).map(i =>
    i === 1 ? receiver(channels, manner, seedOf()) : go(receiver, channels, manner, seedOf()),
  )
  const late = setTimeout(() => {
    say({
      failed: `a round with capacity ${capacity}, ${senders} senders and ${receivers} receivers stands still`,
      seed,
    })
    process.exit(1)
  }, ROUND_MS)
  if (manner === 'close') {
    setTimeout(() => channels[0]!.close(), random(30))
  } else {
    void Promise.all(manner === 'swap' ? range(senders).map(() => sentAll.receive()) : sending).then(() => {
      for (const channel of channels) channel.close()
    })
  }
  const [sent, got] = [await Promise.all(sending), await Promise.all(receiving)]
  clearTimeout(late)
  const count = check(sent, [...got, ...sent])
  total += count
  say({ manner, capacity, senders, receivers, count, ms: Math.round(performance.now() - start) })
}

main(async () => {
  runtime.gomaxprocs(THREADS)
  say({ manner, seed, long: isLong })
  try {
    for (let left = MESSAGES; left > 0; ) {
      for (const capacity of CAPACITIES) {
        const messages = Math.min(MOST_PER_ROUND, Math.ceil(MESSAGES / CAPACITIES.length))
        await round(capacity, messages)
        left -= messages
      }
    }
    if (threads.size < (manner === 'close' ? 2 : 3)) fail(`only ${threads.size} threads took part`)
    // Claims that gave up on a counterpart which stayed busy: their operations parked, or a try failed.
    const missed = range(64)
      .map(id => currentThread().memory.i32[(THREADS_AT + id * THREAD_BYTES + MISSED) >> 2]!)
      .reduce((a, b) => a + b)
    say({ ok: true, manner, total, missed, threads: threads.size, seed })
  } catch (error) {
    say({ failed: String(error), seed })
    process.exitCode = 1
  }
})
