// The programs of channels on one thread, in one text for all that have channels: what differs is a thin adaptor, the peer's own
// calls and nothing else.

import { sumBelow } from '../measure.js'
import { CROSSBEAM_THREADS } from '../scenarios.js'

/** What a library calls a channel `C`, and what its receive answers, `R`. */
export interface ChannelKind<C, R> {
  make(capacity: number): C
  /** Starts a goroutine, or what comes nearest: calling an async function, which begins at once. */
  readonly hasGoroutines?: true
  start<T>(fn: () => Promise<T>): Promise<T>
  send(channel: C, value: number): Promise<unknown>
  receive(channel: C): Promise<R>
  valueIn(result: R): number
  trySend?(channel: C, value: number): unknown
  tryReceive?(channel: C): number
  /** What waits for whichever is ready to be received from. Made once; used in a loop. */
  selectReceive?(channels: readonly C[]): Selector<unknown>
  /** What sends to whichever of `channels` is ready, or receives from `others`. Made once; used in a loop. */
  selectSend?(channels: readonly C[], others: readonly C[]): (value: number) => Promise<unknown>
  /** A channel that is ready in an hour, as a limit of time is; without it, one that never is. */
  timer?(): C
  /** A send waits for its receiver even where the channel has room: some programs would wait for ever. */
  readonly hasNoBuffer?: true
}

export interface Selector<S> {
  wait(): Promise<S>
  valueIn(selected: S): number
}

/** Iterations of work in select/prod-cons. */
const WORK = 100
const POPULAR = 1000
export const PAIR_CAPACITY = 1000

let foo = 0
export function work(): void {
  for (let i = 0; i < WORK; i++) foo = (foo * 2) / 2
}

export function channelPrograms<C, R>(kind: ChannelKind<C, R>) {
  const { make, start, send, receive, valueIn, selectReceive, selectSend } = kind

  async function produce(channel: C, n: number): Promise<number> {
    for (let i = 0; i < n; i++) await send(channel, i)
    return 0
  }
  async function consume(channel: C, n: number): Promise<number> {
    let sum = 0
    for (let i = 0; i < n; i++) sum += valueIn(await receive(channel))
    return sum
  }
  const all = async (parts: Promise<number>[]): Promise<number> =>
    (await Promise.all(parts)).reduce((a, b) => a + b)
  /** So many goroutines, each with its part of n. */
  const several = (n: number, one: (part: number, index: number) => Promise<number>): Promise<number>[] =>
    Array.from({ length: CROSSBEAM_THREADS }, (_, i) => start(() => one(partOf(n, i), i)))

  const programs = {
    pairAwait: (channel: C) => async (n: number) => {
      let sum = 0
      for (let i = 0; i < n; i++) {
        await send(channel, i)
        sum += valueIn(await receive(channel))
      }
      return sum
    },
    pairTry: (channel: C) => (n: number) => {
      const { trySend, tryReceive } = kind as Required<typeof kind>
      let sum = 0
      for (let i = 0; i < n; i++) {
        trySend(channel, i)
        sum += tryReceive(channel)
      }
      return sum
    },
    async uncontended(n: number): Promise<number> {
      const channel = make(100)
      let sum = 0
      for (let i = 0; i < n; i++) {
        for (let k = 0; k < 100; k++) await send(channel, k)
        for (let k = 0; k < 100; k++) sum += valueIn(await receive(channel))
      }
      return sum
    },
    prodCons: (capacity: number) => (n: number) => {
      const channel = make(capacity)
      return all([start(() => produce(channel, n)), start(() => consume(channel, n))])
    },
    // Both send and receive in turn, one beginning with the one, the other with the other: two rendezvous a turn.
    sync(n: number): Promise<number> {
      const channel = make(0)
      const first = async (): Promise<number> => {
        let sum = 0
        for (let i = 0; i < n; i += 2) {
          await send(channel, 1)
          sum += valueIn(await receive(channel))
        }
        return sum
      }
      const second = async (): Promise<number> => {
        let sum = 0
        for (let i = 0; i < n; i += 2) {
          sum += valueIn(await receive(channel))
          await send(channel, 1)
        }
        return sum
      }
      return all([start(first), start(second)])
    },
    async pingPong(n: number): Promise<number> {
      const ping = make(0)
      const pong = make(0)
      const echo = start(async () => {
        for (let i = 0; i < n; i++) await send(pong, valueIn(await receive(ping)))
        return 0
      })
      let sum = 0
      for (let i = 0; i < n; i++) {
        await send(ping, i)
        sum += valueIn(await receive(pong))
      }
      return sum + (await echo)
    },
    async selectUncontended(n: number): Promise<number> {
      const channels = [make(1), make(1)]
      let received = 0
      const either = selectReceive!(channels)
      await send(channels[0], 0)
      for (let i = 0; i < n; i++) {
        const which = either.valueIn(await either.wait())
        received++
        await send(channels[1 - which], 1 - which)
      }
      return received
    },
    selectProdCons(n: number): Promise<number> {
      const [messages, late, closed] = [make(128), kind.timer?.() ?? make(1), make(1)]
      const consumer = async (): Promise<number> => {
        const any = selectReceive!([messages, late, closed])
        let sum = 0
        for (let i = 0; i < n; i++) {
          sum += any.valueIn(await any.wait())
          work()
        }
        return sum
      }
      const producer = async (): Promise<number> => {
        const sendOrEnd = selectSend!([messages], [late, closed])
        for (let i = 0; i < n; i++) {
          work()
          await sendOrEnd(1)
        }
        return 0
      }
      return all([start(producer), start(consumer)])
    },
    async popular(n: number): Promise<number> {
      const shared = make(0)
      const own = Array.from({ length: POPULAR }, () => make(0))
      const waiting = own.map(channel =>
        start(async () => {
          const either = selectReceive!([shared, channel])
          let sum = 0
          for (let i = 0; i < n; i++) sum += either.valueIn(await either.wait())
          return sum
        }),
      )
      for (let i = 0; i < n; i++) for (const channel of own) await send(channel, 1)
      return (await all(waiting)) / POPULAR
    },
    create(n: number): Promise<number> {
      return new Promise(resolve => {
        const next = async (left: number): Promise<void> => {
          if (left === 0) resolve(n)
          else void start(() => next(left - 1))
        }
        void start(() => next(n))
      })
    },
    async seq(n: number): Promise<number> {
      const channel = make(n)
      await produce(channel, n)
      return consume(channel, n)
    },
    mpsc: (capacity: number) => (n: number) => {
      const channel = make(capacity)
      return all([...several(n, part => produce(channel, part)), start(() => consume(channel, n))])
    },
    mpmc: (capacity: number) => (n: number) => {
      const channel = make(capacity)
      return all([
        ...several(n, part => produce(channel, part)),
        ...several(n, part => consume(channel, part)),
      ])
    },
    selectRx: (capacity: number) => (n: number) => {
      const channels = Array.from({ length: CROSSBEAM_THREADS }, () => make(capacity))
      const receiver = async (): Promise<number> => {
        const any = selectReceive!(channels)
        let sum = 0
        for (let i = 0; i < n; i++) sum += any.valueIn(await any.wait())
        return sum
      }
      return all([...several(n, (part, i) => produce(channels[i], part)), start(receiver)])
    },
    selectBoth: (capacity: number) => (n: number) => {
      const channels = Array.from({ length: CROSSBEAM_THREADS }, () => make(capacity))
      const sender = async (part: number): Promise<number> => {
        const sendToAny = selectSend!(channels, [])
        for (let i = 0; i < part; i++) await sendToAny(i)
        return 0
      }
      const receiver = async (part: number): Promise<number> => {
        const any = selectReceive!(channels)
        let sum = 0
        for (let i = 0; i < part; i++) sum += any.valueIn(await any.wait())
        return sum
      }
      return all([...several(n, sender), ...several(n, receiver)])
    },
    /** Parks `count` goroutines on one channel; answers what wakes and counts them. */
    park(channel: C, count: number): () => Promise<number> {
      const parked = Array.from({ length: count }, () => start(async () => valueIn(await receive(channel))))
      return async () => {
        for (let i = 0; i < count; i++) await send(channel, 1)
        return all(parked)
      }
    },
    overChannels: (width: number) => async (n: number) => {
      const channels = Array.from({ length: width }, () => make(0))
      const rounds = Math.ceil(n / width)
      const consumers = channels.map(channel => start(() => consume(channel, rounds)))
      for (let i = 0; i < rounds; i++) for (const channel of channels) await send(channel, 1)
      return (await all(consumers)) / (rounds * width)
    },
    overWaiters: (width: number) => async (n: number) => {
      const channel = make(0)
      const rounds = Math.ceil(n / width)
      const waiters = Array.from({ length: width }, () => start(() => consume(channel, rounds)))
      for (let i = 0; i < rounds * width; i++) await send(channel, 1)
      return (await all(waiters)) / (rounds * width)
    },
  }
  return programs
}

/** The part of n that the i-th of four has. */
export const partOf = (n: number, i: number): number =>
  Math.floor(n / CROSSBEAM_THREADS) + (i < n % CROSSBEAM_THREADS ? 1 : 0)

/** The sum of what four senders send of n messages: each counts its own from 0. */
export const sumOfParts = (n: number): number => {
  let sum = 0
  for (let i = 0; i < CROSSBEAM_THREADS; i++) sum += sumBelow(partOf(n, i))
  return sum
}
