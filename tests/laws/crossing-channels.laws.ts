import { type Chan, chan, DataCloneError, go, select, send } from '@millrace/core'
import { equal, ok, range, rejects, show, turn } from './expect.js'
import type { Law } from './law.js'
import * as fixtures from './parallel-fixtures.js'

/** Rules 4 of the API and 107 of Go’s: a channel that crosses is the same channel, with all that is in it and all who wait there. */
export const crossingChannelLaws: Law[] = [
  {
    name: 'channels cross at any depth: in arrays, objects, maps, sets and errors',
    rule: 'API 4',
    async run() {
      const channels = range(6).map(() => chan<string>(1))
      const error = Object.assign(new Error('holds channels', { cause: channels[5] }), {
        channel: channels[4],
      })
      const place = {
        list: [channels[0]!, channels[1]!],
        map: new Map([['key', channels[2]!]]),
        set: new Set([channels[3]!]),
        error,
      }
      equal(await go(fixtures.sendDeep, place, 'hello'), 6)
      for (const [i, channel] of channels.entries()) equal(channel.tryReceive(), `hello ${i}`)
    },
  },
  {
    name: 'the same channel is the same object, in one message, in two, and back home',
    rule: 'API 4',
    async run() {
      const channel = chan<number>(1)
      equal(await go(fixtures.areSame, channel, channel), true, 'in one message')
      equal(await go(fixtures.areSame, channel, chan(1)), false, 'another channel')
      const carrier = chan<unknown>(2)
      await carrier.send({ it: channel }.it)
      await carrier.send(channel)
      equal(await go(fixtures.comeAsOne, carrier), true, 'in two messages')
      equal(await go(fixtures.identity, channel), channel, 'back home')
      equal(await go(fixtures.identity, [channel, { channel }]), [channel, { channel }], 'back home, deep')
      await carrier.send(channel)
      equal(await carrier.receive(), channel, 'sent to oneself')
    },
  },
  {
    name: 'receivers that were parked when the channel crossed are served in order, and nobody notices',
    rule: 107,
    async run() {
      const [channel, other] = [chan<number>(3), chan<number>(3)]
      const waiting = [
        channel.receive(),
        select({ channel, other }).then(hit => hit.value),
        channel.receiveOk().then(received => received.value),
        select([null, other, channel]).then(hit => hit.value),
        channel.receiveMany(1).then(([value]) => value),
      ]
      await go(fixtures.produce, channel, 0, 5)
      equal(await Promise.all(waiting), range(5))
      other.trySend(1)
      equal([channel.length, other.length], [0, 1], 'what the selects left behind')
    },
  },
  {
    name: 'a for await that was waiting when its channel crossed goes on to the end',
    rule: 107,
    async run() {
      const channel = chan<number>(2)
      const collected: number[] = []
      const loop = (async () => {
        for await (const value of channel) collected.push(value)
      })()
      await turn()
      await go(fixtures.produce, channel, 0, 300)
      await go(fixtures.closeChannel, channel)
      await loop
      equal(collected, range(300))
    },
  },
  {
    name: 'buffered values and parked senders cross with the channel, in order',
    rule: 107,
    async run() {
      const [channel, other] = [chan<unknown>(2), chan<unknown>(1)]
      const sending = [
        channel.send({ a: 1 }),
        channel.send('two'),
        channel.send(3),
        select({ sent: send(channel, [4]), other }),
        channel.send(5.5),
      ]
      equal(await go(fixtures.receiveSome, channel, 5), [{ a: 1 }, 'two', 3, [4], 5.5])
      equal((await sending[3]) as unknown, { case: 'sent', value: undefined, ok: true })
      await Promise.all(sending)
      other.trySend(1)
      equal(other.length, 1, 'the select still receives: length')
    },
  },
  {
    name: 'a closed channel crosses closed, with what is left in it',
    rule: 107,
    async run() {
      const channel = chan<number>(3)
      for (const i of range(3)) channel.trySend(i)
      channel.close()
      equal(await go(fixtures.consume, channel), range(3))
      equal([channel.closed, channel.length], [true, 0])
      const empty = chan<number>(1)
      empty.close()
      equal(await go(fixtures.receiveOne, empty), { value: undefined, ok: false })
    },
  },
  {
    name: 'crossing changes nothing that can be seen: length, capacity, closed, fullness',
    rule: 107,
    async run() {
      for (const capacity of [1, 2, 3, 64, 100]) {
        for (const filled of [0, 1, capacity - 1, capacity]) {
          const channel = chan<number>(capacity)
          for (const i of range(filled)) channel.trySend(i)
          const parked = filled === capacity ? [channel.send(filled), channel.send(filled + 1)] : []
          await go(fixtures.nop, channel)
          equal([channel.length, channel.capacity, channel.closed], [filled, capacity, false])
          equal(channel.trySend(99), filled < capacity, 'a send')
          const held = range(filled + parked.length)
          if (filled < capacity) held.push(99)
          for (const value of held) equal(channel.tryReceive(), value)
          equal(channel.tryReceiveOk(), undefined)
          await Promise.all(parked)
        }
      }
    },
  },
  {
    name: 'waiters that were parked when the channel crossed can be canceled, and lose nothing',
    rule: 104,
    async run() {
      const channel = chan<number>(1)
      const controller = new AbortController()
      const options = { signal: controller.signal }
      const waiting = [
        channel.receive(options),
        channel.receive(),
        select([channel], options),
        channel.receive(),
      ]
      await go(fixtures.nop, channel)
      controller.abort('gone')
      equal([await rejects(waiting[0]!, 'receive'), await rejects(waiting[2]!, 'select')], ['gone', 'gone'])
      await go(fixtures.produce, channel, 0, 3)
      equal([await waiting[1], await waiting[3], await channel.receive()], [0, 1, 2])
      const full = chan<number>(1)
      full.trySend(0)
      const again = new AbortController()
      const sending = [full.send(1, { signal: again.signal }), full.send(2)]
      await go(fixtures.nop, full)
      again.abort('gone')
      equal(await rejects(sending[0]!, 'send'), 'gone')
      equal(await go(fixtures.receiveSome, full, 2), [0, 2])
      await sending[1]
    },
  },
  {
    name: 'a channel whose own contents cannot cross stays as it was',
    rule: 'API 5',
    async run() {
      const channel = chan<unknown>(1)
      const callback = () => 1
      channel.trySend({ fine: 1 })
      const parked = [channel.send({ callback }), channel.send('last')]
      const error = await rejects(go(fixtures.nop, { deep: channel }), 'go')
      ok(error instanceof DataCloneError, `${show(error)} is not a DataCloneError`)
      ok(
        error.path.includes('callback') || error.message.includes('callback'),
        `the culprit is not named: ${show(error)}`,
      )
      equal(channel.length, 1)
      equal(await channel.receive(), { fine: 1 })
      equal(await channel.receive(), { callback }, 'the function itself: the channel is still local')
      equal(await go(fixtures.receiveOne, channel), { value: 'last', ok: true }, 'once it can cross')
      await Promise.all(parked)
    },
  },
  {
    name: 'channels whose messages name each other cross together, buffers and waiters and all',
    rule: 'API 4',
    async run() {
      type Message = { n: number; from: Chan<unknown> }
      for (const capacity of [0, 1, 3]) {
        const [a, b] = [chan<unknown>(capacity), chan<unknown>(capacity)]
        const sending = [
          a.send({ n: 1, from: b }),
          b.send({ n: 2, from: a }),
          a.send({ n: 3, from: a }),
          select({ never: chan(), sent: send(b, { n: 4, from: b }) }),
        ]
        equal(await go(fixtures.identity, { a }), { a }, 'the channel')
        const got: unknown[] = []
        for (const channel of [a, b, a, b]) got.push(await channel.receive())
        const messages = got as Message[]
        equal(
          messages.map(({ n }) => n),
          [1, 2, 3, 4],
        )
        for (const [i, channel] of [b, a, a, b].entries()) {
          ok(messages[i]!.from === channel, `message ${i} names another channel (capacity ${capacity})`)
        }
        await Promise.all(sending)
        await go(fixtures.nop, b)
        const answering = go(fixtures.receiveOne, b)
        await b.send('also there')
        equal(await answering, { value: 'also there', ok: true })
      }
    },
  },
  {
    name: 'a select that waits on two channels that cross together is served once',
    rule: 22,
    async run() {
      for (const capacity of [0, 1]) {
        const [a, b] = [chan<unknown>(), chan<unknown>(capacity)]
        if (capacity > 0) b.trySend('first')
        const waiting = select({ a: send(a, 'x'), b: send(b, 'y') })
        const sending = b.send({ a })
        await go(fixtures.nop, { b })
        equal(await go(fixtures.receiveOne, a), { value: 'x', ok: true })
        equal(await waiting, { case: 'a', value: undefined, ok: true })
        if (capacity > 0) equal(await b.receive(), 'first')
        equal(await b.receive(), { a })
        await sending
        equal(b.tryReceiveOk(), undefined, 'what is left')
      }
    },
  },
  {
    name: 'of channels that name each other all stay as they were when one of them cannot cross',
    rule: 'API 5',
    async run() {
      const [a, b, c] = [chan<unknown>(3), chan<unknown>(), chan<unknown>(1)]
      const callback = () => 1
      a.trySend({ b })
      a.trySend({ callback })
      const sending = b.send({ a, c })
      const both = { a, b }
      c.trySend(both)
      for (let i = 0; i < 3; i++) {
        const error = await rejects(go(fixtures.nop, 1, { deep: a }), 'go')
        ok(error instanceof DataCloneError, `${show(error)} is not a DataCloneError`)
        equal(error.path, 'args[1].deep.buffer[1].callback')
      }
      ok(c.tryReceive() === both && c.trySend(both), 'the third is not as it was')
      const first = (await a.receive()) as { b: unknown }
      ok(first.b === b, 'another channel')
      equal(await a.receive(), { callback }, 'the function itself: the channel is still local')
      equal(await go(fixtures.identity, a), a, 'once it can cross')
      const second = (await b.receive()) as { a: unknown; c: unknown }
      ok(second.a === a && second.c === c, 'other channels')
      await sending
      await go(fixtures.nop, c)
      equal((await c.receive()) as object, { a, b })
    },
  },
  {
    name: 'an unbuffered channel crosses with those who wait there',
    rule: 'API 4',
    async run() {
      const channel = chan<number>()
      const receiving = channel.receive()
      await go(fixtures.nop, 1, { deep: [channel] })
      ok(channel.trySend(1), 'the parked receiver is gone')
      equal(await receiving, 1)
    },
  },
]
