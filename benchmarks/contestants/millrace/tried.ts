import { type Chan, chan, go, select, send, trySelect } from '@millrace/core'
import type { Run, Ways } from '../../contestant.js'
import { itself, nsEach, sumBelow } from '../../measure.js'
import { partOf, sumOfParts, work } from '../../programs/channels.js'
import { CAPACITIES, CROSSBEAM_THREADS } from '../../scenarios.js'

// What a user would write where speed counts: try first and wait only if that was not possible; take all that is there.

async function trySends(channel: Chan<number>, n: number): Promise<number> {
  for (let i = 0; i < n; i++) if (!channel.trySend(i)) await channel.send(i)
  return 0
}

async function receiveAll(channel: Chan<number>, n: number): Promise<number> {
  let sum = 0
  for (let left = n; left > 0; ) {
    const values = await channel.receiveMany(left)
    for (const value of values) sum += value
    left -= values.length
  }
  return sum
}

/** Messages over one channel: a goroutine for each part of n that is sent, and for each that is received. */
const over =
  (capacity: number, sent: Parts, received: Parts, checksum: (n: number) => number): Run =>
  count => {
    const run = async (n: number): Promise<number> => {
      const channel = chan<number>(capacity)
      for (const part of sent(n)) void go(trySends, channel, part)
      const sums = await Promise.all(received(n).map(part => go(receiveAll, channel, part)))
      return sums.reduce((a, b) => a + b)
    }
    return nsEach(count, run, checksum)
  }

type Parts = (n: number) => number[]
const one: Parts = n => [n]
const four: Parts = n => Array.from({ length: CROSSBEAM_THREADS }, (_, i) => partOf(n, i))

const prodCons = (capacity: number) => over(capacity, one, one, sumBelow)
const mpsc = (capacity: number) => over(capacity, four, one, sumOfParts)
const mpmc = (capacity: number) => over(capacity, four, four, sumOfParts)

async function uncontended(count: number): Promise<number> {
  const channel = chan<number>(100)
  const run = async (n: number): Promise<number> => {
    let sum = 0
    for (let i = 0; i < n; i++) {
      await trySends(channel, 100)
      sum += await receiveAll(channel, 100)
    }
    return sum
  }
  return nsEach(count, run, n => 4950 * n)
}

async function selectUncontended(count: number): Promise<number> {
  const run = async (n: number): Promise<number> => {
    const channels = [chan<number>(1), chan<number>(1)]
    let received = 0
    channels[0].trySend(0)
    for (let i = 0; i < n; i++) {
      const hit = trySelect(channels) ?? (await select(channels))
      received++
      channels[1 - hit.case].trySend(0)
    }
    return received
  }
  return nsEach(count, run, itself)
}

async function selectProdCons(count: number): Promise<number> {
  const run = async (n: number): Promise<number> => {
    const [messages, closed, late] = [chan<number>(128), chan<number>(), chan<number>()]
    const producer = async (): Promise<void> => {
      for (let i = 0; i < n; i++) {
        work()
        const cases = [send(messages, 1), closed, late] as const
        if (!trySelect(cases)) await select(cases)
      }
    }
    const consumer = async (): Promise<number> => {
      const cases = [messages, closed, late]
      let sum = 0
      for (let i = 0; i < n; i++) {
        sum += (trySelect(cases) ?? (await select(cases))).value!
        work()
      }
      return sum
    }
    void go(producer)
    return go(consumer)
  }
  return nsEach(count, run, itself)
}

const triedWay = (run: Run) => ({ 'try first': run })

/** What has nothing to try, a rendezvous or a goroutine that starts, is not here: there the plain way is the user's. */
export const triedWays: Ways = {
  'chan/uncontended': triedWay(uncontended),
  'chan/prod-cons-0': triedWay(prodCons(0)),
  'chan/prod-cons-10': triedWay(prodCons(10)),
  'chan/prod-cons-100': triedWay(prodCons(100)),
  'select/uncontended': triedWay(selectUncontended),
  'select/prod-cons': triedWay(selectProdCons),
  ...Object.fromEntries(
    Object.entries(CAPACITIES).flatMap(([name, capacity]) => [
      [`crossbeam/spsc-${name}`, triedWay(prodCons(capacity))],
      [`crossbeam/mpsc-${name}`, triedWay(mpsc(capacity))],
      [`crossbeam/mpmc-${name}`, triedWay(mpmc(capacity))],
    ]),
  ),
}
