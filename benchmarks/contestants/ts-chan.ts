import { Chan, recv, Select, send } from 'ts-chan'
import type { Contestant } from '../contestant.js'
import { type ChannelKind, channelWays, growthWays } from '../programs/channel-ways.js'
import { bundleWays, importWay } from '../programs/starting.js'
import { versionOf } from '../programs/version.js'
import { oneThread } from '../programs/why.js'

/** Ten million messages would take it half a minute. */
const SLOW = 1e6

const kind: ChannelKind<Chan<number>, IteratorResult<number, number | undefined>> = {
  make: capacity => new Chan<number>(capacity),
  start: fn => fn(),
  send: (channel, value) => channel.send(value),
  receive: channel => channel.recv(),
  valueIn: result => result.value!,
  trySend: (channel, value) => channel.trySend(value),
  tryReceive: channel => channel.tryRecv()!.value!,
  selectReceive(channels) {
    const cases = channels.map(channel => recv(channel))
    const select = new Select(cases)
    return { wait: () => select.wait(), valueIn: index => select.recv(cases[index as number]).value! }
  },
  selectSend(channels, others) {
    let sent = 0
    const cases = [...channels.map(channel => send(channel, () => sent)), ...others.map(other => recv(other))]
    const select = new Select(cases)
    return value => {
      sent = value
      return select.wait()
    }
  },
}

export const contestant: Contestant = {
  name: 'ts-chan',
  version: () => versionOf('ts-chan'),
  cannot: oneThread(() => 'channels only'),
  ways: {
    ...channelWays(kind),
    ...growthWays(kind, SLOW),
    'start/import': importWay('ts-chan'),
    'start/bundle': bundleWays({ '': 'ts-chan' }),
  },
}
