import { type Chan, chan, sharedArray } from '@millrace/core'
import type { Run, Ways } from '../../contestant.js'
import { type Payload, payloads } from '../../programs/payloads.js'
import { betweenThreads, step } from './threads.js'

// Values of all sizes from a thread to another, by copy, and bytes by reference too.

interface Job {
  channel: Chan<Payload>
  n: number
}

type Kind = 'object' | 'string' | 'bytes64k' | 'bytes1m'

const sendCopies = step(import.meta.url, 'sendCopies', async ({ channel, n, kind }: Job & { kind: Kind }) => {
  const payload = payloads[kind]()
  for (let i = 0; i < n; i++) await channel.send(payload)
  return 0
})

const weighEach = step(import.meta.url, 'weighEach', async ({ channel, n }: Job) => {
  let sum = 0
  for (let i = 0; i < n; i++) sum += payloads.weigh((await channel.receive())!)
  return sum
})

const copies =
  (kind: Kind): Run =>
  count =>
    betweenThreads(
      count,
      n => {
        const channel = chan<Payload>(payloads.window)
        return [[sendCopies({ channel, n, kind })], [weighEach({ channel, n })]]
      },
      n => n * payloads.weigh(payloads[kind]()),
    )

interface Lent {
  full: Chan<Uint8Array>
  empty: Chan<Uint8Array>
  n: number
}

// Every byte is written anew for each message, and the last is read: what a copy does, but without one.
const fillArrays = step(import.meta.url, 'fillArrays', async ({ full, empty, n }: Lent) => {
  for (let i = 0; i < n; i++) {
    const array = (await empty.receive())!
    array.fill(7)
    await full.send(array)
  }
  return 0
})

const weighArrays = step(import.meta.url, 'weighArrays', async ({ full, empty, n }: Lent) => {
  let sum = 0
  for (let i = 0; i < n; i++) {
    const array = (await full.receive())!
    sum += payloads.weigh(array)
    await empty.send(array)
  }
  return sum
})

const ARRAYS = 8

/** Shared arrays that go to the other side and come back. */
const byReference =
  (kind: 'bytes64k' | 'bytes1m'): Run =>
  count => {
    const model = payloads[kind]()
    const full = chan<Uint8Array>(ARRAYS)
    const empty = chan<Uint8Array>(ARRAYS)
    for (let i = 0; i < ARRAYS; i++) empty.trySend(sharedArray('u8', model.length))
    return betweenThreads(
      count,
      n => [[fillArrays({ full, empty, n })], [weighArrays({ full, empty, n })]],
      n => n * payloads.weigh(model),
    )
  }

export const payloadWays: Ways = {
  'payload/object-100': { '': copies('object') },
  'payload/string-1k': { '': copies('string') },
  'payload/bytes-64k': { copy: copies('bytes64k'), 'sharedArray, filled': byReference('bytes64k') },
  'payload/bytes-1m': { copy: copies('bytes1m'), 'sharedArray, filled': byReference('bytes1m') },
}
