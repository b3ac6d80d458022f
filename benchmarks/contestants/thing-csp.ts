import { type Channel, channel, select } from '@thi.ng/csp'
import type { Contestant } from '../contestant.js'
import { type ChannelKind, channelWays } from '../programs/channel-ways.js'
import { bundleWays, importWay } from '../programs/starting.js'
import { versionOf } from '../programs/version.js'
import { oneThread } from '../programs/why.js'

const kind: ChannelKind<Channel<number>, number | undefined> = {
  // Its channels have room for one at least, but a write waits for the reader all the same.
  make: capacity => channel<number>(Math.max(1, capacity)),
  hasNoBuffer: true,
  start: fn => fn(),
  send: (channel, value) => channel.write(value),
  receive: channel => channel.read(),
  valueIn: value => value!,
  trySend: (channel, value) => channel.offer(value),
  tryReceive: channel => channel.poll()!,
  selectReceive(channels) {
    const [first, ...rest] = channels
    return {
      wait: () => select(first, ...rest),
      valueIn: selected => (selected as [number, Channel<number>])[0],
    }
  },
}

const { 'go/parked-heap': _heap, 'go/parked-rss': _rss, 'go/park-wake': _wake, ...ways } = channelWays(kind)

export const contestant: Contestant = {
  name: 'thing-csp',
  version: () => versionOf('@thi.ng/csp'),
  cannot: oneThread(name => {
    if (name.startsWith('go/park')) return '1024 readers a channel'
    if (/select/.test(name)) return 'select only receives'
    return /pair-await|uncontended|seq/.test(name) ? 'a write waits for the reader' : 'channels only'
  }),
  ways: {
    ...ways,
    'start/import': importWay('@thi.ng/csp'),
    'start/bundle': bundleWays({ '': '@thi.ng/csp' }),
  },
}
