// What of the scenarios a library with channels can do on one thread, measured.

import type { Ways } from '../contestant.js'
import { bytesInUse, itself, nsEach, sumBelow, WARM_UPS } from '../measure.js'
import { TRIAL } from '../scenario.js'
import { CAPACITIES, MESSAGE_SIZES, OBJECT_SIZES } from '../scenarios.js'
import { type ChannelKind, channelPrograms, PAIR_CAPACITY, sumOfParts } from './channels.js'

export type { ChannelKind } from './channels.js'

/**
 * Nanoseconds for one of messages that are sent `n` at a time, as often as makes `count`, but once at least. What is measured is
 * the size, not the compiler: repetitions and the warm-up make a small one as warm as a large one.
 */
export const inRunsOf = (n: number, run: (n: number) => Promise<number>) => (count: number) =>
  repeated(n, count, async sizes => {
    let sum = 0
    for (const size of sizes) sum += await run(size)
    return sum
  })

/** The same, of what is told all the sizes at once and answers the sum of all. */
export const repeated = (
  n: number,
  count: number,
  run: (sizes: number[]) => Promise<number>,
  warmMs?: number,
): Promise<number> => {
  const sizesOf = (total: number): number[] => {
    const sizes: number[] = []
    for (let left = total; left > 0; left -= n) sizes.push(Math.min(n, left))
    return sizes
  }
  return nsEach(
    count <= TRIAL ? count : Math.max(count, n),
    total => run(sizesOf(total)),
    total => sizesOf(total).reduce((sum, size) => sum + sumBelow(size), 0),
    warmMs,
  )
}

/** Turns in each of the warm-ups: enough that making channels and goroutines does not count. */
const TURNS = 10

/** Nanoseconds for one of messages that go to `width` receivers in turn, at least so many turns as say something. */
export const inTurnsOf = (width: number, run: (n: number) => Promise<number>) => (count: number) => {
  const unit = WARM_UPS * width
  const turns = count <= TRIAL ? 1 : Math.max(TURNS, Math.ceil(count / unit))
  return nsEach(turns * unit, run, () => 1)
}

export const parkedBytes =
  (of: 'rss' | 'heapUsed', park: (count: number) => () => Promise<number>) => async (count: number) => {
    const before = await bytesInUse(of)
    const wake = park(count)
    const after = await bytesInUse(of)
    const woken = await wake()
    if (woken !== count) throw new Error(`${woken} of ${count} goroutines were parked`)
    return (after - before) / count
  }

export const parkAndWake = (park: (count: number) => () => Promise<number>) => (count: number) =>
  nsEach(count, n => park(n)(), itself)

/** All ways of a library that has channels of this kind, on one thread. */
export function channelWays<C, R>(kind: ChannelKind<C, R>, way = ''): Ways {
  const p = channelPrograms(kind)
  const ns = (run: (n: number) => number | Promise<number>, checksum = sumBelow) => ({
    [way]: (count: number) => nsEach(count, run, checksum),
  })
  const park = (count: number) => p.park(kind.make(0), count)
  const crossbeam = Object.fromEntries(
    Object.entries(CAPACITIES).flatMap(([name, capacity]) => [
      [`crossbeam/spsc-${name}`, ns(p.prodCons(capacity))],
      [`crossbeam/mpsc-${name}`, ns(p.mpsc(capacity), sumOfParts)],
      [`crossbeam/mpmc-${name}`, ns(p.mpmc(capacity), sumOfParts)],
      ...(kind.selectReceive ? [[`crossbeam/select_rx-${name}`, ns(p.selectRx(capacity), sumOfParts)]] : []),
      ...(kind.selectReceive && kind.selectSend
        ? [[`crossbeam/select_both-${name}`, ns(p.selectBoth(capacity), sumOfParts)]]
        : []),
    ]),
  ) as Ways
  return {
    ...(kind.trySend && kind.tryReceive ? { 'chan/pair-try': ns(p.pairTry(kind.make(PAIR_CAPACITY))) } : {}),
    ...(kind.hasNoBuffer
      ? {}
      : {
          'chan/pair-await': ns(p.pairAwait(kind.make(PAIR_CAPACITY))),
          'chan/uncontended': ns(p.uncontended, n => 4950 * n),
          'crossbeam/seq-N': ns(p.seq),
          ...(kind.selectReceive ? { 'select/uncontended': ns(p.selectUncontended, itself) } : {}),
        }),
    'chan/sync': ns(p.sync, n => 2 * Math.ceil(n / 2)),
    'chan/prod-cons-0': ns(p.prodCons(0)),
    'chan/prod-cons-10': ns(p.prodCons(10)),
    'chan/prod-cons-100': ns(p.prodCons(100)),
    'chan/ping-pong': ns(p.pingPong),
    ...(kind.selectReceive ? { 'chan/popular': ns(p.popular, itself) } : {}),
    ...(kind.selectReceive && kind.selectSend ? { 'select/prod-cons': ns(p.selectProdCons, itself) } : {}),
    ...(kind.hasGoroutines ? { 'go/create': ns(p.create, itself) } : {}),
    'go/parked-heap': { [way]: parkedBytes('heapUsed', park) },
    'go/parked-rss': { [way]: parkedBytes('rss', park) },
    'go/park-wake': { [way]: parkAndWake(park) },
    ...crossbeam,
  }
}

/** The ways of grow/…: one for each size, of messages up to `most`. */
export function growthWays<C, R>(kind: ChannelKind<C, R>, most = Infinity): Ways {
  const p = channelPrograms(kind)
  const widths = OBJECT_SIZES.filter(width => width * 1000 <= most)
  const bySize = (sizes: readonly number[], run: (size: number) => (count: number) => Promise<number>) =>
    Object.fromEntries(sizes.map(size => [String(size), run(size)]))
  return {
    'grow/messages': bySize(
      MESSAGE_SIZES.filter(size => size <= most),
      size => inRunsOf(size, p.prodCons(128)),
    ),
    'grow/channels': bySize(widths, width => inTurnsOf(width, p.overChannels(width))),
    'grow/waiters': bySize(widths, width => inTurnsOf(width, p.overWaiters(width))),
  }
}
