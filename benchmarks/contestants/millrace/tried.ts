import { type Chan, chan, go, select, send, trySelect } from '@millrace/core'
import type { Run, Ways } from '../../contestant.js'
import { itself, nsEach, sumBelow } from '../../measure.js'
import { work } from '../../programs/channels.js'

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

const prodCons =
  (capacity: number): Run =>
  count => {
    const run = async (n: number): Promise<number> => {
      const channel = chan<number>(capacity)
      const sums = await Promise.all([go(trySends, channel, n), go(receiveAll, channel, n)])
      return sums[1]
    }
    return nsEach(count, run, sumBelow)
  }

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
  'crossbeam/spsc-0': triedWay(prodCons(0)),
  'crossbeam/spsc-1': triedWay(prodCons(1)),
  'crossbeam/spsc-N': triedWay(prodCons(1024)),
}
