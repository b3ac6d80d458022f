// The least that `await` needs of a channel, on one thread: two queues and promises. No close, no select, no cancellation, no type, no
// turn for the event loop, no other thread. What a program over it takes, the language takes.

import type { ChannelKind } from '../../programs/channel-ways.js'

/** First in, first out. Its room grows; a power of two. */
class Fifo<T> {
  length = 0
  #items: (T | undefined)[] = new Array(16).fill(undefined)
  #first = 0

  push(item: T): void {
    const { length } = this.#items
    if (this.length === length) {
      this.#items = Array.from(
        { length: 2 * length },
        (_, i) => this.#items[(this.#first + i) & (length - 1)],
      )
      this.#items.fill(undefined, length)
      this.#first = 0
    }
    this.#items[(this.#first + this.length++) & (this.#items.length - 1)] = item
  }

  shift(): T {
    const item = this.#items[this.#first] as T
    this.#items[this.#first] = undefined
    this.#first = (this.#first + 1) & (this.#items.length - 1)
    this.length--
    return item
  }
}

interface Sender {
  readonly value: number
  readonly resolve: () => void
}

interface BareChannel {
  readonly capacity: number
  readonly values: Fifo<number>
  readonly senders: Fifo<Sender>
  readonly receivers: Fifo<(value: number) => void>
}

const DONE = Promise.resolve()

// One function for all promises: the cheapest way to get at what settles one.
let kept: (value?: unknown) => void
const keep = (resolve: (value: never) => void): void => {
  kept = resolve as typeof kept
}

function send(channel: BareChannel, value: number): Promise<void> {
  if (channel.receivers.length > 0) channel.receivers.shift()(value)
  else if (channel.values.length < channel.capacity) channel.values.push(value)
  else {
    const promise = new Promise<void>(keep)
    channel.senders.push({ value, resolve: kept })
    return promise
  }
  return DONE
}

function receive(channel: BareChannel): Promise<number> {
  if (channel.values.length > 0) {
    const value = channel.values.shift()
    if (channel.senders.length > 0) {
      const sender = channel.senders.shift()
      channel.values.push(sender.value)
      sender.resolve()
    }
    return Promise.resolve(value)
  }
  if (channel.senders.length > 0) {
    const { value, resolve } = channel.senders.shift()
    resolve()
    return Promise.resolve(value)
  }
  const promise = new Promise<number>(keep)
  channel.receivers.push(kept)
  return promise
}

export const bareChannel: ChannelKind<BareChannel, number> = {
  make: capacity => ({ capacity, values: new Fifo(), senders: new Fifo(), receivers: new Fifo() }),
  start: fn => fn(),
  send,
  receive,
  valueIn: value => value,
}
