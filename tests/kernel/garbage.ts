import { type Chan, chan, go, main, runtime } from '@millrace/core'
import { collect, forget } from './garbage-fixtures.js'

// Makes shared channels and forgets them, over and over: shared memory must not grow. Needs --expose-gc. Prints what is used
// after each round, by the kind of garbage.

const ROUNDS = 12
const PER_ROUND = 3000

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
  'values that are never received by canceled senders'(carrier) {
    const channel = cross(carrier, chan<unknown>(1))
    channel.trySend(1)
    const controller = new AbortController()
    channel.send('y'.repeat(300), { signal: controller.signal }).catch(() => {})
    controller.abort('never mind')
  },
}

/** Makes `channel` one that threads share, by a round trip. */
function cross<T>(carrier: Chan<unknown>, channel: Chan<T>): Chan<T> {
  carrier.trySend(channel)
  return carrier.tryReceive() as Chan<T>
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

main(async () => {
  runtime.gomaxprocs(1)
  const carrier = chan<unknown>(1)
  await go(collect, carrier) // from here on whatever goes through it becomes shared
  for (const [kind, make] of Object.entries(kinds)) {
    const used: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      for (let i = 0; i < PER_ROUND; i++) {
        make(carrier)
        if (i % 500 === 0) await runtime.gosched()
      }
      used.push(await collected())
    }
    console.log(JSON.stringify({ kind, used }))
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
