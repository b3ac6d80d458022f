import {
  type Chan,
  ChanClosedError,
  type ReceiveChan,
  type SendChan,
  select,
  send,
  trySelect,
} from '@millrace/core'
import { equal, fail, isError, isPending, ok, range, rejects, staysParked, throws, turn } from './expect.js'
import type { Law, World } from './law.js'

const CLOSED_SEND = 'send on closed channel'

async function full<T>(world: World, ...values: T[]): Promise<Chan<T>> {
  const channel = await world.chan<T>(values.length)
  for (const value of values) ok(channel.trySend(value), 'a send with room waited')
  return channel
}

/** Rules 1 to 17: what is true of every channel. */
export const chanLaws: Law[] = [
  {
    name: 'a channel holds exactly as many values as its capacity',
    rule: 1,
    async run(world) {
      for (const capacity of [1, 2, 3, 5, 8, 64, 70, 1000]) {
        const channel = await world.chan<number>(capacity)
        equal(channel.capacity, capacity, 'capacity')
        let sent = 0
        while (channel.trySend(sent)) sent++
        equal(sent, capacity, `values sent to a channel of ${capacity}`)
        equal(channel.length, capacity, 'length')
      }
    },
  },
  {
    name: 'a buffered channel gives what was sent in the order of sending, lap after lap',
    rule: 1,
    async run(world) {
      for (const capacity of [1, 2, 3, 7, 64]) {
        const channel = await world.chan<number>(capacity)
        let next = 0
        let expected = 0
        for (let round = 0; round < 40; round++) {
          const some = 1 + (round % capacity)
          for (let i = 0; i < some; i++) ok(channel.trySend(next++), 'a send with room waited')
          for (let i = 0; i < some; i++) equal(channel.tryReceive(), expected++)
        }
        equal(channel.tryReceiveOk(), undefined, 'a receive from the empty channel')
      }
    },
  },
  {
    name: 'a channel of capacity 0 never buffers',
    rule: 1,
    async run(world) {
      const channel = await world.chan<number>(0)
      equal(channel.capacity, 0)
      equal(channel.trySend(1), false, 'a send that nobody receives')
      equal(channel.tryReceiveOk(), undefined, 'a receive that nobody sends to')
      equal((await world.chan()).capacity, 0, 'the default capacity')
    },
  },
  {
    name: 'length counts the buffer alone: parked senders add nothing to a full channel',
    rule: 2,
    async run(world) {
      const channel = await full(world, 1, 2)
      const parked = [channel.send(3), channel.send(4)]
      equal(channel.length, 2, 'length with two senders parked')
      equal(channel.capacity, 2)
      equal(await channel.receive(), 1)
      equal(channel.length, 2, 'length when a parked sender has moved up')
      for (const value of [2, 3, 4]) equal(await channel.receive(), value)
      await Promise.all(parked)
      equal(channel.length, 0)
    },
  },
  {
    name: 'length of an unbuffered channel is 0, also while senders are parked',
    rule: 2,
    async run(world) {
      const channel = await world.chan<number>()
      const parked = [channel.send(1), channel.send(2)]
      equal(channel.length, 0)
      equal(await channel.receive(), 1)
      equal(await channel.receive(), 2)
      await Promise.all(parked)
    },
  },
  {
    name: 'length stays between 0 and capacity through sends, receives and the close',
    rule: 2,
    async run(world) {
      const channel = await world.chan<number>(3)
      const lengths: number[] = []
      const look = () => lengths.push(channel.length)
      for (const value of [1, 2, 3]) {
        look()
        await channel.send(value)
      }
      look()
      channel.close()
      look()
      for (let i = 0; i < 4; i++) {
        channel.tryReceive()
        look()
      }
      equal(lengths, [0, 1, 2, 3, 3, 2, 1, 0, 0], 'the lengths')
      equal(channel.capacity, 3, 'capacity of the closed channel')
    },
  },
  {
    name: 'undefined and null are values like others: ok tells them from the end',
    rule: 3,
    needs: ['any value'],
    async run(world) {
      const channel = await full<null | undefined | 0 | false | ''>(
        world,
        undefined,
        null,
        0,
        false,
        '',
        undefined,
      )
      channel.close()
      for (const value of [undefined, null, 0, false, '']) {
        equal(await channel.receiveOk(), { value, ok: true })
      }
      equal(channel.tryReceiveOk(), { value: undefined, ok: true }, 'a sent undefined')
      equal(channel.tryReceiveOk(), { value: undefined, ok: false }, 'the end')
      equal(await channel.receiveOk(), { value: undefined, ok: false }, 'the end')
    },
  },
  {
    name: 'a parked receiver gets a sent undefined as a value',
    rule: 3,
    needs: ['any value'],
    async run(world) {
      const channel = await world.chan<undefined>(1)
      const receiving = channel.receiveOk()
      ok(channel.trySend(undefined), 'a send to a parked receiver waited')
      equal(await receiving, { value: undefined, ok: true })
    },
  },
  {
    name: 'a send goes to the oldest parked receiver, and the buffer stays empty',
    rule: 4,
    needs: ['any value'],
    async run(world) {
      const channel = await world.chan<string>(2)
      const [first, second] = [channel.receive(), channel.receive()]
      await channel.send('one')
      equal(await first, 'one')
      equal(channel.length, 0)
      ok(await isPending(second), 'the younger receiver was served')
      await channel.send('two')
      equal(await second, 'two')
      equal(channel.length, 0)
    },
  },
  {
    name: 'a send without room waits until there is some',
    rule: 4,
    needs: ['any value'],
    async run(world) {
      const channel = await full(world, 'a')
      const sending = channel.send('b')
      await staysParked('a send on a full channel', sending)
      equal(channel.tryReceive(), 'a')
      await sending
      equal(channel.tryReceive(), 'b')
    },
  },
  {
    name: 'an unbuffered send hands its value to a parked receiver at once',
    rule: 4,
    async run(world) {
      const channel = await world.chan<number>()
      const receiving = channel.receive()
      ok(channel.trySend(7), 'a parked receiver was not seen')
      equal(channel.trySend(8), false, 'a second send, with nobody there')
      equal(await receiving, 7)
    },
  },
  {
    name: 'a receive from a full channel takes the head and moves the first parked sender up, so the channel is full again',
    rule: 5,
    async run(world) {
      const channel = await full(world, 1, 2)
      const parked = [channel.send(3), channel.send(4)]
      equal(channel.tryReceive(), 1)
      equal(channel.length, 2)
      equal(channel.trySend(5), false, 'a send that overtakes a parked one')
      await parked[0]
      ok(await isPending(parked[1]!), 'both parked senders moved up')
      equal([await channel.receive(), await channel.receive(), await channel.receive()], [2, 3, 4])
      await parked[1]
    },
  },
  {
    name: 'a receive waits for a value when there is none',
    rule: 5,
    async run(world) {
      const channel = await world.chan<number>(1)
      const receiving = channel.receive()
      await staysParked('a receive from an empty channel', receiving)
      await channel.send(1)
      equal(await receiving, 1)
    },
  },
  {
    name: 'the k-th parked receiver gets the k-th value',
    rule: 6,
    async run(world) {
      const channel = await world.chan<number>(3)
      const receiving = range(200).map(() => channel.receive())
      for (const i of range(200)) await channel.send(i)
      equal(await Promise.all(receiving), range(200))
    },
  },
  {
    name: 'the value of the k-th parked sender is received k-th, after the buffer',
    rule: 6,
    async run(world) {
      const channel = await world.chan<number>(3)
      const sending = range(200).map(i => channel.send(i))
      for (const i of range(200)) equal(await channel.receive(), i)
      await Promise.all(sending)
    },
  },
  {
    name: 'parked unbuffered senders are served in order',
    rule: 6,
    async run(world) {
      const channel = await world.chan<number>()
      const sending = range(100).map(i => channel.send(i))
      for (const i of range(100)) equal(await channel.receive(), i)
      await Promise.all(sending)
      const receiving = range(100).map(() => channel.receive())
      for (const i of range(100)) await channel.send(i)
      equal(await Promise.all(receiving), range(100))
    },
  },
  {
    name: 'a nil channel is never ready, to receive from or to send to',
    rule: 7,
    async run() {
      equal(trySelect({ a: null, b: undefined, c: send(null, 1), d: send(undefined, 2) }), undefined)
      await staysParked('a select of nil channels', select([null, send(undefined, 1)]))
    },
  },
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
    name: 'for await gives every value and ends when the channel is closed and drained',
    rule: 12,
    async run(world) {
      const channel = await world.chan<number>(3)
      const sending = (async () => {
        for (const i of range(100)) await channel.send(i)
        channel.close()
      })()
      const values: number[] = []
      for await (const value of channel) values.push(value)
      equal(values, range(100))
      await sending
    },
  },
  {
    name: 'for await gives undefined as a value',
    rule: 12,
    needs: ['any value'],
    async run(world) {
      const channel = await full<undefined | number>(world, undefined, 1, undefined)
      channel.close()
      const values: unknown[] = []
      for await (const value of channel) values.push(value)
      equal(values, [undefined, 1, undefined])
    },
  },
  {
    name: 'leaving a for await early takes nothing in advance and closes nothing',
    rule: 12,
    async run(world) {
      const channel = await full(world, 1, 2, 3)
      for await (const value of channel) {
        equal(value, 1)
        break
      }
      equal(channel.length, 2, 'length after the break')
      equal(channel.closed, false)
      for await (const value of channel) {
        if (value === 3) break
      }
      equal(channel.length, 0)
      await channel.send(4)
      await turn()
      equal(channel.length, 1, 'a loop that was left still receives: length')
      equal(channel.tryReceive(), 4)
    },
  },
  {
    name: 'a throw from the body of a for await leaves the channel usable',
    rule: 105,
    async run(world) {
      const channel = await full(world, 1, 2)
      const thrown = new Error('from the body')
      const loop = async () => {
        for await (const _ of channel) throw thrown
      }
      equal(await rejects(loop(), 'the loop'), thrown)
      equal(channel.tryReceive(), 2)
      ok(channel.trySend(3), 'no room for a send')
      equal(await channel.receive(), 3)
    },
  },
  {
    name: 'several for await loops on one channel share its values',
    rule: 12,
    async run(world) {
      const channel = await world.chan<number>(4)
      const values: number[] = []
      const loops = range(5).map(async () => {
        for await (const value of channel) values.push(value)
      })
      for (const i of range(100)) await channel.send(i)
      channel.close()
      await Promise.all(loops)
      equal(
        values.toSorted((a, b) => a - b),
        range(100),
      )
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
  {
    name: 'an unbuffered send is over no earlier than its value has been received',
    rule: 14,
    async run(world) {
      const channel = await world.chan<number>()
      const log: string[] = []
      const sending = (async () => {
        for (const i of [1, 2]) {
          await channel.send(i)
          log.push(`sent ${i}`)
        }
      })()
      await turn()
      equal(log, [], 'what was sent before anybody received')
      equal(channel.tryReceive(), 1)
      await turn()
      equal(log, ['sent 1'])
      equal(await channel.receive(), 2)
      await sending
      equal(log, ['sent 1', 'sent 2'])
    },
  },
  {
    name: 'after a hand-over both sides go on',
    rule: 15,
    async run(world) {
      const channel = await world.chan<number>(1)
      const log: string[] = []
      const receiving = channel.receive().then(value => log.push(`received ${value}`))
      const sending = channel.send(1).then(() => log.push('sent'))
      await Promise.all([receiving, sending])
      equal(log.toSorted(), ['received 1', 'sent'])
    },
  },
  {
    name: 'a waiter that gives up leaves at a cost that does not depend on how many wait',
    rule: 16,
    async run(world) {
      const costs: number[] = []
      for (const others of [100, 20_000]) {
        const channel = await world.chan<number>(1)
        const waiting = new AbortController()
        const parked = range(others).map(() =>
          channel.receive({ signal: waiting.signal }).catch(() => 'gone'),
        )
        let best = Number.POSITIVE_INFINITY
        for (let attempt = 0; attempt < 5; attempt++) {
          const start = performance.now()
          for (let i = 0; i < 400; i++) {
            const one = new AbortController()
            const receiving = channel.receive({ signal: one.signal })
            one.abort('enough')
            equal(await receiving.catch(reason => reason), 'enough')
          }
          best = Math.min(best, performance.now() - start)
        }
        costs.push(best)
        waiting.abort()
        for (const each of await Promise.all(parked)) equal(each, 'gone')
        ok(channel.trySend(1), 'no room')
        equal(channel.length, 1, 'a waiter that gave up took a value: length')
      }
      const [few, many] = costs as [number, number]
      ok(
        many < few * 8 + 5,
        `leaving took ${many.toFixed(1)} ms with 20 000 others, ${few.toFixed(1)} ms with 100`,
      )
    },
  },
  {
    name: 'on one thread values pass by reference',
    rule: 17,
    needs: ['by reference', 'any value'],
    async run(world) {
      const channel = await world.chan<unknown>(1)
      for (const value of [{ a: 1 }, [], () => 1, Symbol('s'), new (class Own {})()]) {
        await channel.send(value)
        equal(await channel.receive(), value)
        const receiving = channel.receive()
        await channel.send(value)
        ok((await receiving) === value, 'a parked receiver got another object')
      }
    },
  },
  {
    name: 'once threads share a channel its values are copies, taken when they were sent',
    rule: 17,
    needs: ['by copy', 'any value'],
    async run(world) {
      const channel = await world.chan<{ n: number }>(1)
      const value = { n: 1 }
      await channel.send(value)
      value.n = 2
      const received = await channel.receive()
      equal(received, { n: 1 })
      ok(received !== value, 'the object itself arrived')
      await channel.send(value)
      const parked = channel.send(value)
      value.n = 3
      await channel.receive()
      equal(await channel.receive(), { n: 2 }, 'what the parked sender sent')
      await parked
    },
  },
  {
    name: 'receiveMany waits for one value and takes what is there, up to max, senders that wait included',
    rule: 5,
    async run(world) {
      const channel = await world.chan<number>(3)
      const waiting = channel.receiveMany(4)
      await staysParked('receiveMany on an empty channel', waiting)
      ok(channel.trySend(0), 'a send to a parked receiver waited')
      equal(await waiting, [0])
      const sending = range(8).map(i => channel.send(i))
      equal(await channel.receiveMany(5), [0, 1, 2, 3, 4])
      equal(await channel.receiveMany(1), [5])
      equal(await channel.receiveMany(100), [6, 7])
      await Promise.all(sending)
      channel.close()
      equal(await channel.receiveMany(2), [])
    },
  },
  {
    name: 'receiveMany refuses a max below 1 and takes nothing',
    rule: 5,
    async run(world) {
      const channel = await full(world, 1)
      for (const max of [0, -1, 1.5, Number.NaN]) {
        const error = await rejects(channel.receiveMany(max), `receiveMany(${max})`)
        ok(error instanceof RangeError, `${String(error)} is not a RangeError`)
      }
      equal(channel.length, 1)
    },
  },
  {
    name: 'a random mix of goroutines loses nothing, doubles nothing and keeps every sender’s order',
    rule: 4,
    needs: ['any value'],
    async run(world) {
      const channel = await world.chan<[sender: number, sequence: number]>(3)
      const [senders, each] = [8, 100]
      const sending = range(senders).map(async sender => {
        for (const sequence of range(each)) await channel.send([sender, sequence])
      })
      const last = new Array(senders).fill(-1)
      let count = 0
      const receiving = range(5).map(async () => {
        for await (const [sender, sequence] of channel) {
          if (last[sender] !== sequence - 1) fail(`sender ${sender}: ${sequence} came after ${last[sender]}`)
          last[sender] = sequence
          count++
        }
      })
      await Promise.all(sending)
      channel.close()
      await Promise.all(receiving)
      equal(count, senders * each)
    },
  },
]
