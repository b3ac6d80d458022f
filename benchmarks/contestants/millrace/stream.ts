import { type Chan, chan, f64, i32 } from '@millrace/core'
import type { Run, Ways } from '../../contestant.js'
import { sumBelow, WARM_MS_OF_THREADS } from '../../measure.js'
import { repeated } from '../../programs/channel-ways.js'
import { MESSAGE_SIZES } from '../../scenarios.js'
import { betweenThreads, type Order, step, twoStations } from './threads.js'

// Numbers from a thread to another, one sender and one receiver.

export interface Side {
  channel: Chan<number>
  n: number
}

const side = (name: string, fn: (side: Side) => Promise<number>) => step<Side>(import.meta.url, name, fn)

export const sendEach = side('sendEach', async ({ channel, n }) => {
  for (let i = 0; i < n; i++) await channel.send(i)
  return 0
})

const sendFractions = side('sendFractions', async ({ channel, n }) => {
  for (let i = 0; i < n; i++) await channel.send(i + 0.5)
  return 0
})

export const trySendFirst = side('trySendFirst', async ({ channel, n }) => {
  for (let i = 0; i < n; i++) if (!channel.trySend(i)) await channel.send(i)
  return 0
})

const trySendFractions = side('trySendFractions', async ({ channel, n }) => {
  for (let i = 0; i < n; i++) if (!channel.trySend(i + 0.5)) await channel.send(i + 0.5)
  return 0
})

export const receiveEach = side('receiveEach', async ({ channel, n }) => {
  let sum = 0
  for (let i = 0; i < n; i++) sum += (await channel.receive())!
  return sum
})

const tryReceiveFirst = side('tryReceiveFirst', async ({ channel, n }) => {
  let sum = 0
  for (let i = 0; i < n; i++) sum += channel.tryReceive() ?? (await channel.receive())!
  return sum
})

const forAwait = side('forAwait', async ({ channel, n }) => {
  let sum = 0
  let left = n
  for await (const value of channel) {
    sum += value
    if (--left === 0) break
  }
  return sum
})

export const receiveMany = side('receiveMany', async ({ channel, n }) => {
  let sum = 0
  for (let left = n; left > 0; ) {
    const values = await channel.receiveMany(Math.min(left, 256))
    for (const value of values) sum += value
    left -= values.length
  }
  return sum
})

type Of = (side: Side) => Order

const stream =
  (make: () => Chan<number>, from: Of, to: Of, offset = 0): Run =>
  count =>
    betweenThreads(
      count,
      n => {
        const channel = make()
        return [[from({ channel, n })], [to({ channel, n })]]
      },
      n => sumBelow(n) + n * offset,
    )

const plain = (): Chan<number> => chan<number>(1024)
const typed = (): Chan<number> => chan(1024, i32)
const typedFractions = (): Chan<number> => chan(1024, f64)

// Streams one after the other, each over a channel of its own, which crosses first; the sum comes back last. Only the two ends take part:
// with two cores a third thread that orders them one by one would be what is measured. Go makes two goroutines for each stream beside.

interface Streams {
  sizes: number[]
  /** From the sender to the receiver. */
  channels: Chan<Chan<number>>
  sums: Chan<number>
}

const sendStreams = step<Streams>(import.meta.url, 'sendStreams', async ({ sizes, channels, sums }) => {
  let total = 0
  for (const n of sizes) {
    const channel = typed()
    await channels.send(channel)
    for (let i = 0; i < n; i++) await channel.send(i)
    total += (await sums.receive())!
  }
  return total
})

const receiveStreams = step<Streams>(import.meta.url, 'receiveStreams', async ({ sizes, channels, sums }) => {
  for (const n of sizes) {
    const channel = (await channels.receive())!
    let sum = 0
    for (let i = 0; i < n; i++) sum += (await channel.receive())!
    await sums.send(sum)
  }
  return 0
})

const ofSize =
  (size: number): Run =>
  async count => {
    const [from, to] = await twoStations()
    const run = async (sizes: number[]): Promise<number> => {
      const streams = { sizes, channels: chan<Chan<number>>(1), sums: chan<number>(1) }
      const sums = [to.order([receiveStreams(streams)]), from.order([sendStreams(streams)])]
      return (await Promise.all(sums))[1]
    }
    const took = await repeated(size, count, run, WARM_MS_OF_THREADS)
    from.end()
    to.end()
    return took
  }

export const streamWays: Ways = {
  'chan/stream': {
    'plain await': stream(plain, sendEach, receiveEach),
    'typed, plain await': stream(typed, sendEach, receiveEach),
    'typed, try first and receiveMany': stream(typed, trySendFirst, receiveMany),
    'for await': stream(plain, sendEach, forAwait),
    'receiveMany(256)': stream(plain, sendEach, receiveMany),
    'try first, else await': stream(plain, trySendFirst, tryReceiveFirst),
    'plain await, fractions': stream(plain, sendFractions, receiveEach, 0.5),
    'typed, fractions': stream(typedFractions, sendFractions, receiveEach, 0.5),
    'typed, fractions, try first and receiveMany': stream(typedFractions, trySendFractions, receiveMany, 0.5),
  },
  'grow/messages-threads': Object.fromEntries(MESSAGE_SIZES.map(size => [String(size), ofSize(size)])),
}
