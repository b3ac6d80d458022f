import { type Chan, chan, i32, select, send, trySelect } from '@millrace/core'
import type { Run, Ways } from '../../contestant.js'
import { sumBelow } from '../../measure.js'
import { partOf, sumOfParts } from '../../programs/channels.js'
import { CAPACITIES, CROSSBEAM_THREADS } from '../../scenarios.js'
import { receiveEach, receiveMany, sendEach, trySendFirst } from './stream.js'
import { betweenThreads, type Order, step } from './threads.js'

// crossbeam's programs over two threads: all senders on one, all receivers on the other.

interface Many {
  channels: Chan<number>[]
  n: number
}

const selectReceive = step(import.meta.url, 'selectReceive', async ({ channels, n }: Many) => {
  let sum = 0
  for (let i = 0; i < n; i++) sum += (await select(channels)).value!
  return sum
})

const selectSend = step(import.meta.url, 'selectSend', async ({ channels, n }: Many) => {
  for (let i = 0; i < n; i++) await select(channels.map(channel => send(channel, i)))
  return 0
})

const trySelectReceive = step(import.meta.url, 'trySelectReceive', async ({ channels, n }: Many) => {
  let sum = 0
  for (let i = 0; i < n; i++) sum += (trySelect(channels) ?? (await select(channels))).value!
  return sum
})

const trySelectSend = step(import.meta.url, 'trySelectSend', async ({ channels, n }: Many) => {
  for (let i = 0; i < n; i++) {
    const cases = channels.map(channel => send(channel, i))
    if (!trySelect(cases)) await select(cases)
  }
  return 0
})

/** How senders and receivers go about it. */
const plain = { send: sendEach, receive: receiveEach, selectSend, selectReceive }
const tried: typeof plain = {
  send: trySendFirst,
  receive: receiveMany,
  selectSend: trySelectSend,
  selectReceive: trySelectReceive,
}

type Style = typeof plain

const four = (order: (n: number, index: number) => Order, n: number): Order[] =>
  Array.from({ length: CROSSBEAM_THREADS }, (_, i) => order(partOf(n, i), i))
const channelsOf = (make: () => Chan<number>): Chan<number>[] =>
  Array.from({ length: CROSSBEAM_THREADS }, make)

type Program = (style: Style, make: () => Chan<number>, n: number) => [Order[], Order[]]

const programs: Record<string, readonly [program: Program, checksum: (n: number) => number]> = {
  spsc: [
    (style, make, n) => {
      const channel = make()
      return [[style.send({ channel, n })], [style.receive({ channel, n })]]
    },
    sumBelow,
  ],
  mpsc: [
    (style, make, n) => {
      const channel = make()
      return [four(n => style.send({ channel, n }), n), [style.receive({ channel, n })]]
    },
    sumOfParts,
  ],
  mpmc: [
    (style, make, n) => {
      const channel = make()
      return [four(n => style.send({ channel, n }), n), four(n => style.receive({ channel, n }), n)]
    },
    sumOfParts,
  ],
  select_rx: [
    (style, make, n) => {
      const channels = channelsOf(make)
      return [
        four((n, i) => style.send({ channel: channels[i], n }), n),
        [style.selectReceive({ channels, n })],
      ]
    },
    sumOfParts,
  ],
  select_both: [
    (style, make, n) => {
      const channels = channelsOf(make)
      return [
        four(n => style.selectSend({ channels, n }), n),
        four(n => style.selectReceive({ channels, n }), n),
      ]
    },
    sumOfParts,
  ],
}

const run =
  (name: string, style: Style, make: () => Chan<number>): Run =>
  count => {
    const [program, checksum] = programs[name]
    return betweenThreads(count, n => program(style, make, n), checksum)
  }

export const crossbeamWays = Object.fromEntries(
  Object.keys(programs).flatMap(name =>
    Object.entries(CAPACITIES).map(([label, capacity]) => [
      `crossbeam-threads/${name}-${label}`,
      {
        'typed, plain await': run(name, plain, () => chan(capacity, i32)),
        'typed, try first': run(name, tried, () => chan(capacity, i32)),
        ...(name === 'spsc' ? { 'plain await': run(name, plain, () => chan<number>(capacity)) } : {}),
      },
    ]),
  ),
) as Ways
