import {
  AtomicInt64,
  background,
  bool,
  type Chan,
  Counter,
  chan,
  contextKey,
  type ElementType,
  f64,
  go,
  i32,
  i64,
  main,
  runtime,
  sharedArray,
  struct,
  withCancel,
  withValue,
} from '@millrace/core'
import { collect, forget } from './garbage-fixtures.js'

// Makes shared channels and forgets them, over and over: shared memory must not grow. Needs --expose-gc. Prints what is used
// after each round, by the kind of garbage. Given a number, it makes that many empty channels a round, and nothing else.

const KEY = contextKey<number>('garbage')
const cells: [ElementType<unknown>, unknown][] = [
  [i32, 4096], // would be the offset of a block, if it were not a number
  [f64, 0.5],
  [i64, 7n],
  [struct({ x: f64, at: struct({ n: i32, ok: bool }) }), { x: 1, at: { n: 2, ok: true } }],
]

const ROUNDS = 8
const PER_ROUND = 2000

const kinds: Record<string, (carrier: Chan<unknown>) => unknown> = {
  'empty channels'(carrier) {
    cross(carrier, chan(1 + Math.floor(Math.random() * 40)))
  },
  'channels with numbers in them'(carrier) {
    const channel = cross(carrier, chan<number>(3))
    for (const value of [1, 1.5, 2]) channel.trySend(value)
  },
  'channels with blocks in them'(carrier) {
    const channel = cross(carrier, chan<unknown>(3))
    for (const value of ['text', { a: [1, 2, 3] }, new Uint8Array(3000)]) channel.trySend(value)
  },
  'closed channels with blocks in them'(carrier) {
    const channel = cross(carrier, chan<unknown>(2))
    channel.trySend('x'.repeat(500))
    channel.close()
  },
  'channels in channels'(carrier) {
    const outer = cross(carrier, chan<unknown>(1))
    outer.trySend({ inner: chan(1) })
  },
  'references of every kind that nobody ever took'(carrier) {
    const channel = cross(carrier, chan<unknown>(2))
    const context = withValue(withCancel(background())[0], KEY, 1)
    channel.trySend([new AtomicInt64(1n), new Map([[new Counter(), chan(1)]]), context])
    channel.trySend({ part: sharedArray('f64', 10).subarray(2, 5), inner: chan(3, struct({ x: f64 })) })
  },
  'shared arrays'(carrier) {
    cross(carrier, sharedArray('f64', 1 + Math.floor(Math.random() * 100)).subarray(1))
  },
  'channels with cells in them'(carrier) {
    for (const [type, value] of cells) {
      const channel = cross(carrier, chan(4, type))
      for (let i = 0; i < 3; i++) channel.trySend(value)
    }
  },
  'values that are never received by canceled senders'(carrier) {
    const channel = cross(carrier, chan<unknown>(1))
    channel.trySend(1)
    const controller = new AbortController()
    channel.send('y'.repeat(300), { signal: controller.signal }).catch(() => {})
    controller.abort('never mind')
  },
}

/** Makes `channel`, or another thing, one that threads share, by a round trip. */
function cross<T>(carrier: Chan<unknown>, channel: T): T {
  carrier.trySend(channel)
  return carrier.tryReceive() as T
}

const { gc } = globalThis as { gc?: () => void }
if (!gc) throw new Error('run with --expose-gc')

async function collected(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    gc!()
    await go(collect)
    await new Promise(resolve => setTimeout(resolve, 2))
  }
  return runtime.stats().memory.used
}

/** Whether the elements of a part are still its own once nobody holds the whole, and others have been allocated. */
async function partKeepsWhole(): Promise<boolean> {
  const part = sharedArray('f64', 100).subarray(10, 20).subarray(0, 5).fill(7)
  for (let i = 0; i < 3; i++) {
    await collected()
    for (let k = 0; k < 100; k++) sharedArray('f64', 100).fill(1)
  }
  return part.every(element => element === 7)
}

main(async () => {
  runtime.gomaxprocs(1)
  const carrier = chan<unknown>(1)
  await go(collect, carrier) // from here on whatever goes through it becomes shared
  const many = Number(process.argv[2] ?? 0)
  if (!many) console.log(JSON.stringify({ kind: 'a part', kept: await partKeepsWhole() }))
  for (const [kind, make] of Object.entries(kinds)) {
    const used: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      for (let i = 0; i < (many || PER_ROUND); i++) {
        make(carrier)
        if (i % 500 === 0) await runtime.gosched()
      }
      used.push(await collected())
    }
    console.log(JSON.stringify({ kind, used }))
    if (many) return
  }
  const used: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const channels = chan<Chan<unknown>>(10)
    const forgetting = go(forget, channels, 1000)
    for (let i = 0; i < 1000; i++) await channels.send(chan(1))
    await forgetting
    used.push(await collected())
  }
  console.log(JSON.stringify({ kind: 'channels that another thread knew', used }))
})
