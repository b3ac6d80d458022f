import {
  type Chan,
  ChanClosedError,
  type ReceiveChan,
  type SendChan,
  select,
  send,
  trySelect,
} from '@millrace/core'
import { equal, isError, ok, range, rejects, throws } from './expect.js'
import { full } from './full.js'
import type { Law } from './law.js'

const CLOSED_SEND = 'send on closed channel'

/** Rules of closing, for every channel. */
export const closeLaws: Law[] = [
  {
    name: 'close wakes all parked receivers with the end',
    rule: 8,
    async run(world) {
      const channel = await world.chan<number>(2)
      const receiving = range(50).map(() => channel.receiveOk())
      const values = channel.receive()
      const many = channel.receiveMany(5)
      channel.close()
      for (const each of receiving) equal(await each, { value: undefined, ok: false })
      equal(await values, undefined)
      equal(await many, [])
    },
  },
  {
    name: 'close makes all parked senders fail, their values are lost, and the buffer stays readable',
    rule: 8,
    async run(world) {
      const channel = await full(world, 1, 2)
      const parked = [channel.send(3), channel.send(4)]
      const selecting = select({ never: null, sent: send(channel, 5) })
      channel.close()
      for (const each of [...parked, selecting])
        isError(await rejects(each, 'a parked send'), 'ERR_CHAN_CLOSED', CLOSED_SEND)
      equal(channel.length, 2)
      equal(await channel.receiveOk(), { value: 1, ok: true })
      equal(await channel.receiveOk(), { value: 2, ok: true })
      equal(await channel.receiveOk(), { value: undefined, ok: false })
    },
  },
  {
    name: 'close makes senders parked on an unbuffered channel fail',
    rule: 8,
    async run(world) {
      const channel = await world.chan<number>()
      const parked = [channel.send(1), select([send(channel, 2)])]
      channel.close()
      for (const each of parked) isError(await rejects(each, 'a parked send'), 'ERR_CHAN_CLOSED', CLOSED_SEND)
      equal(await channel.receiveOk(), { value: undefined, ok: false })
    },
  },
  {
    name: 'a channel is closed once',
    rule: 8,
    async run(world) {
      const channel = await full(world, 1)
      equal(channel.closed, false)
      channel.close()
      equal(channel.closed, true)
      isError(
        throws(() => channel.close(), 'the second close'),
        'ERR_CHAN_CLOSED',
        'close of closed channel',
      )
      equal(channel.length, 1, 'length after the failed close')
      channel.tryReceive()
      isError(
        throws(() => channel.close(), 'close when drained'),
        'ERR_CHAN_CLOSED',
        'close of closed channel',
      )
      equal(channel.closed, true)
    },
  },
  {
    name: 'a send on a closed channel fails in every form and leaves no trace',
    rule: 9,
    async run(world) {
      for (const prefilled of [0, 1, 2]) {
        const channel = await world.chan<number>(2)
        for (const i of range(prefilled)) channel.trySend(i)
        channel.close()
        const signal = new AbortController().signal
        const asynchronous: [string, Promise<unknown>][] = [
          ['send', channel.send(9)],
          ['send with a signal', channel.send(9, { signal })],
          ['select of one send', select({ sent: send(channel, 9) })],
          ['select of two sends', select([send(channel, 9), send(channel, 9)])],
        ]
        for (const [form, promise] of asynchronous) {
          isError(await rejects(promise, form), 'ERR_CHAN_CLOSED', CLOSED_SEND)
        }
        isError(
          throws(() => channel.trySend(9), 'trySend'),
          'ERR_CHAN_CLOSED',
          CLOSED_SEND,
        )
        isError(
          throws(() => trySelect([send(channel, 9)]), 'trySelect'),
          'ERR_CHAN_CLOSED',
          CLOSED_SEND,
        )
        equal(channel.length, prefilled, 'length')
        for (const i of range(prefilled)) equal(channel.tryReceive(), i)
        equal(channel.tryReceiveOk(), { value: undefined, ok: false })
      }
    },
  },
  {
    name: 'a closed channel still gives what was sent before',
    rule: 10,
    needs: ['any value'],
    async run(world) {
      const channel = await full(world, 'a', 'b', 'c', 'd')
      channel.close()
      equal(await channel.receive(), 'a')
      equal(channel.tryReceive(), 'b')
      equal(await channel.receiveMany(10), ['c', 'd'])
    },
  },
  {
    name: 'a receive from a closed channel never waits',
    rule: 10,
    async run(world) {
      const channel = await full(world, 1)
      channel.close()
      equal(await channel.receive(), 1)
      for (let i = 0; i < 100; i++) {
        equal(await channel.receiveOk(), { value: undefined, ok: false })
        equal(channel.tryReceiveOk(), { value: undefined, ok: false })
        equal(channel.tryReceive(), undefined)
        equal(await channel.receiveMany(3), [])
      }
      equal(await select({ closed: channel, other: null }), { case: 'closed', value: undefined, ok: false })
    },
  },
  {
    name: 'only the sending side can close: a receive-only view has no close, a send-only view has',
    rule: 11,
    async run(world) {
      const channel = await world.chan<number>(1)
      const receiveOnly: ReceiveChan<number> = channel
      const sendOnly: SendChan<number> = channel
      const misuse = [
        // @ts-expect-error a receive-only view has no close()
        () => receiveOnly.close,
        // @ts-expect-error nor send()
        () => receiveOnly.send,
        // @ts-expect-error a send-only view has no receive()
        () => sendOnly.receive,
        // @ts-expect-error a direction is not given back
        (): Chan<number> => receiveOnly,
        // @ts-expect-error nor changed into the other one
        (): ReceiveChan<number> => sendOnly,
      ]
      equal(misuse.length, 5)
      sendOnly.close()
      equal(receiveOnly.closed, true)
    },
  },
  {
    name: 'misuse of a channel is one class of error, with a code and in Go’s words',
    rule: 13,
    async run(world) {
      const channel = await world.chan<number>(1)
      channel.close()
      const errors = [
        throws(() => channel.close(), 'close'),
        throws(() => channel.trySend(1), 'trySend'),
        await rejects(channel.send(1), 'send'),
      ]
      for (const error of errors) {
        ok(error instanceof ChanClosedError, `${String(error)} is not a ChanClosedError`)
        equal(error.name, 'ChanClosedError')
        equal(error.code, 'ERR_CHAN_CLOSED')
      }
      equal(
        errors.map(error => (error as Error).message),
        ['close of closed channel', CLOSED_SEND, CLOSED_SEND],
      )
    },
  },
]
