import { after, type Chan, chan, go, type Received, select, send } from '@millrace/core'
import type { Ways } from '../../contestant.js'
import { nsEach, sumBelow } from '../../measure.js'
import {
  type ChannelKind,
  channelWays,
  growthWays,
  parkAndWake,
  parkedBytes,
} from '../../programs/channel-ways.js'
import { channelPrograms, PAIR_CAPACITY } from '../../programs/channels.js'
import { shared } from './threads.js'
import { triedWays } from './tried.js'

// Channels and select on one thread.

const HOUR_MS = 3_600_000

const kind: ChannelKind<Chan<number>, number | undefined> = {
  make: capacity => chan<number>(capacity),
  hasGoroutines: true,
  start: fn => go(fn) as Promise<never>,
  send: (channel, value) => channel.send(value),
  receive: channel => channel.receive(),
  valueIn: value => value!,
  trySend: (channel, value) => channel.trySend(value),
  tryReceive: channel => channel.tryReceive()!,
  selectReceive: channels => ({
    wait: () => select(channels as Chan<number>[]),
    valueIn: selected => (selected as Received<number>).value!,
  }),
  selectSend(channels, others) {
    return value => select([...channels.map(channel => send(channel, value)), ...others])
  },
  timer: () => after(HOUR_MS) as unknown as Chan<number>,
}

const { pairAwait, pairTry, park } = channelPrograms(kind)
const {
  'go/parked-heap': _heap,
  'go/parked-rss': _rss,
  'go/park-wake': _wake,
  ...ways
} = channelWays(kind, 'plain await')

const onShared = (capacity: number, use: (channel: Chan<number>) => Promise<number>) =>
  shared(chan<number>(capacity), use)

const pairTryFractions = (channel: Chan<number>, count: number): Promise<number> =>
  nsEach(
    count,
    n => {
      let sum = 0
      for (let i = 0; i < n; i++) {
        channel.trySend(i * 0.5)
        sum += channel.tryReceive()!
      }
      return sum
    },
    n => sumBelow(n) * 0.5,
  )

const parkLocal = (count: number) => park(chan<number>(1), count)

export const chanWays: Ways = {
  ...ways,
  ...growthWays(kind),
  'chan/pair-try': {
    'shared channel': count => onShared(PAIR_CAPACITY, it => nsEach(count, pairTry(it), sumBelow)),
    'shared channel, fractions': count => onShared(PAIR_CAPACITY, it => pairTryFractions(it, count)),
    'local channel': count => nsEach(count, pairTry(chan<number>(PAIR_CAPACITY)), sumBelow),
  },
  'chan/pair-await': {
    'shared channel': count => onShared(PAIR_CAPACITY, it => nsEach(count, pairAwait(it), sumBelow)),
    'local channel': count => nsEach(count, pairAwait(chan<number>(PAIR_CAPACITY)), sumBelow),
  },
  'go/parked-heap': {
    'local channel': parkedBytes('heapUsed', parkLocal),
    'shared channel': count => onShared(1, it => parkedBytes('heapUsed', n => park(it, n))(count)),
  },
  'go/parked-rss': {
    'local channel': parkedBytes('rss', parkLocal),
    'shared channel': count => onShared(1, it => parkedBytes('rss', n => park(it, n))(count)),
  },
  'go/park-wake': { 'plain await': parkAndWake(parkLocal) },
}

for (const [name, more] of Object.entries(triedWays)) {
  const known = chanWays as Record<string, object>
  known[name] = { ...known[name], ...more }
}
