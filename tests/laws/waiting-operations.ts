import { type Chan, select, send, type WaitOptions } from '@millrace/core'

/** An operation that may wait, and how to tell what it did. */
export interface Operation {
  readonly name: string
  /** Starts it on `channel`, of capacity 1. */
  start(channel: Chan<string>, options: WaitOptions): Promise<unknown>
  /** Makes `channel` such that it has to wait. */
  block(channel: Chan<string>): void
  /** Makes `channel` such that it can go on; what it answers then. */
  unblock(channel: Chan<string>): unknown
  /** What the buffer holds after `unblock` if the operation did not happen. */
  readonly left: readonly string[]
  /** … and if it did. */
  readonly done: readonly string[]
}

const fill = (channel: Chan<string>): void => {
  channel.trySend('old')
}
const sendsValue = {
  block: fill,
  left: [],
  done: ['mine'],
}
const takesValue = {
  block: () => {},
  left: ['new'],
  done: [],
}

/** Every operation that waits, and may be canceled. */
export const operations: Operation[] = [
  {
    name: 'send',
    start: (channel, options) => channel.send('mine', options),
    ...sendsValue,
    unblock: channel => void channel.tryReceive(),
  },
  {
    name: 'a select of a send',
    start: (channel, options) => select({ sent: send(channel, 'mine'), never: null }, options),
    ...sendsValue,
    unblock(channel) {
      channel.tryReceive()
      return { case: 'sent', value: undefined, ok: true }
    },
  },
  {
    name: 'receive',
    start: (channel, options) => channel.receive(options),
    ...takesValue,
    unblock(channel) {
      channel.trySend('new')
      return 'new'
    },
  },
  {
    name: 'receiveOk',
    start: (channel, options) => channel.receiveOk(options),
    ...takesValue,
    unblock(channel) {
      channel.trySend('new')
      return { value: 'new', ok: true }
    },
  },
  {
    name: 'receiveMany',
    start: (channel, options) => channel.receiveMany(3, options),
    ...takesValue,
    unblock(channel) {
      channel.trySend('new')
      return ['new']
    },
  },
  {
    name: 'a select of a receive',
    start: (channel, options) => select([null, channel], options),
    ...takesValue,
    unblock(channel) {
      channel.trySend('new')
      return { case: 1, value: 'new', ok: true }
    },
  },
]
