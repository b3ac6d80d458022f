import {
  bool,
  type Chan,
  ChanClosedError,
  chan,
  f64,
  go,
  i32,
  i64,
  select,
  selectSync,
  send,
  struct,
  trySelect,
  u32,
} from '@millrace/core'
import { equal, ok, range, rejects, show, throws } from './expect.js'
import type { Law } from './law.js'
import { everywhere, examples, F64, nested, places } from './typed-examples.js'
import * as fixtures from './typed-fixtures.js'

/** Typed channels: what can be sent, and that it arrives as it was. */
export const typedLaws: Law[] = [
  {
    name: 'a typed channel gives every value of its type as it was, in every form of send and receive',
    rule: 1,
    async run() {
      await everywhere(async (channel, { fit }) => {
        for (const value of fit) {
          ok(channel.trySend(value), 'no room')
          equal(channel.tryReceive(), value, show(value))
          await channel.send(value)
          equal(await channel.receiveOk(), { value, ok: true })
          const parked = channel.receive()
          await channel.send(value)
          equal(await parked, value, `${show(value)}, to a receiver that waits`)
          await select([send(channel, value)])
          equal(await select([channel]), { case: 0, value, ok: true })
          channel.sendSync(value)
          equal(channel.receiveSync(), value)
        }
        channel.close()
        equal(await channel.receiveOk(), { value: undefined, ok: false })
      }, 1)
    },
  },
  {
    name: 'an unbuffered typed channel hands every value over as it was, and refuses what does not fit',
    rule: 14,
    async run() {
      await everywhere(async (channel, { fit, refused }) => {
        for (const value of fit) {
          const parked = channel.receive()
          ok(channel.trySend(value), 'nobody receives')
          equal(await parked, value)
          const sending = channel.send(value)
          equal(await channel.receive(), value)
          await sending
          const selecting = select([send(channel, value)])
          equal(await select([channel]), { case: 0, value, ok: true })
          await selecting
        }
        for (const [value, Class] of refused) {
          for (const error of [
            throws(() => channel.trySend(value), 'trySend'),
            await rejects(channel.send(value), 'send'),
            await rejects(select([send(channel, value)]), 'select'),
          ]) {
            ok(error instanceof Class, `${show(error)} is not a ${Class.name}`)
          }
        }
        const controller = new AbortController()
        const canceled = rejects(channel.send(fit[0], controller), 'a canceled send')
        controller.abort('enough')
        equal(await canceled, 'enough')
        const late = rejects(channel.send(fit[0]), 'a send that waits while the channel is closed')
        channel.close()
        ok((await late) instanceof ChanClosedError, 'another error')
      }, 0)
    },
  },
  {
    name: 'what does not fit is refused in every form of send, by name and path, and nothing is sent',
    rule: 'API 3',
    async run() {
      await everywhere(async (channel, { fit, refused }) => {
        const { signal } = new AbortController()
        for (const filled of [0, 2]) {
          while (channel.length < filled) channel.trySend(fit[0])
          for (const [value, Class, message] of refused) {
            const errors = [
              throws(() => channel.trySend(value), 'trySend'),
              await rejects(channel.send(value), 'send'),
              await rejects(channel.send(value, { signal }), 'send with a signal'),
              await rejects(select([send(channel, value), channel]), 'select'),
              throws(() => trySelect({ sent: send(channel, value) }), 'trySelect'),
              throws(() => channel.sendSync(value), 'sendSync'),
              throws(() => selectSync([send(channel, value), channel]), 'selectSync'),
            ]
            for (const error of errors) {
              ok(
                error instanceof Class && error.constructor === Class,
                `${show(error)} is not a ${Class.name}`,
              )
              equal((error as Error).message, message)
            }
            equal(channel.length, filled, 'length')
          }
        }
      }, 2)
    },
  },
  {
    name: 'other threads refuse what does not fit, too',
    rule: 'API 3',
    async run() {
      for (const { type, fit, refused } of Object.values(examples)) {
        const channel = chan(1, type)
        equal(await go(fixtures.tryToSend, channel as Chan<never>, fit[0]), undefined)
        equal(channel.tryReceive(), fit[0])
        for (const [value, { name }, message] of refused) {
          if (typeof value === 'function') continue
          equal(await go(fixtures.tryToSend, channel as Chan<never>, value), `${name}: ${message}`)
        }
        equal(channel.length, 0)
      }
    },
  },
  {
    name: 'a typed channel that becomes shared keeps its values, its waiters and its type',
    rule: 'API 4',
    async run() {
      for (const capacity of [0, 1, 2]) {
        for (const { type, fit, refused } of Object.values(examples)) {
          const [source, sink] = [chan(capacity, type), chan<unknown>(capacity)]
          const values = range(20).map(i => structuredClone(fit[i % fit.length]))
          const sending = Promise.all(values.map(value => source.send(value))).then(() => source.close())
          const received: unknown[] = []
          const forwarding = go(fixtures.forward, source, sink)
          for await (const value of sink) received.push(value)
          equal(received, values)
          await Promise.all([sending, forwarding])
          const [value, Class] = refused[0]!
          ok(throws(() => source.trySend(value), 'trySend') instanceof Class, 'another error')
        }
        for (const { type, fit } of Object.values(examples)) {
          const [channel, ready] = [chan(capacity, type), chan<boolean>(1)]
          const here = channel.receive()
          const there = go(fixtures.waitForOne, channel, ready)
          await ready.receive()
          await channel.send(fit[0])
          await channel.send(fit[0])
          for (const received of await Promise.all([here, there])) equal(received, fit[0])
        }
      }
    },
  },
  {
    name: 'a typed channel that another thread made arrives with its type',
    rule: 'API 4',
    async run() {
      const points = await go(fixtures.makePoints)
      equal(await points.receive(), { at: { x: 1, y: 2.5 } })
      points.trySend({ at: { x: 0.5, y: -1 } })
      const error = throws(() => points.trySend({ at: { x: 1 } } as never), 'trySend')
      equal((error as Error).message, F64.replace('value', 'value.at.y').concat('undefined'))
      equal(points.tryReceive(), { at: { x: 0.5, y: -1 } })
    },
  },
  {
    name: 'receiveMany gives typed values, and close ends them',
    rule: 5,
    async run() {
      await everywhere(async (channel, { fit }) => {
        const values = range(64).map(i => structuredClone(fit[i % fit.length]))
        for (const value of values) channel.trySend(value)
        equal(await channel.receiveMany(50), values.slice(0, 50))
        channel.close()
        ok((await rejects(channel.send(fit[0]), 'send')) instanceof ChanClosedError, 'another error')
        equal(await channel.receiveMany(50), values.slice(50))
        equal(await channel.receiveMany(50), [])
      }, 64)
    },
  },
  {
    name: 'a struct is a value: what is received is a copy, without what the type does not name',
    rule: 17,
    async run() {
      for (const make of Object.values(places)) {
        const channel = await make(1, struct({ n: i32, flag: bool }))
        const sent = { flag: true, n: 1, more: 'text' }
        await channel.send(sent)
        sent.n = 2
        const parked = channel.send(sent)
        sent.n = 3
        const received = (await channel.receive())!
        equal(received, { n: 1, flag: true })
        equal(Object.keys(received), ['n', 'flag'])
        equal(await channel.receive(), { n: 2, flag: true })
        await parked
      }
    },
  },
  {
    name: 'a getter that throws, or answers otherwise, sends nothing',
    rule: 'API 5',
    async run() {
      for (const make of Object.values(places)) {
        const channel = await make(1, struct({ n: i32, m: i32 }))
        const thrown = new Error('from the getter')
        const throwing = {
          n: 1,
          get m(): number {
            throw thrown
          },
        }
        equal(
          throws(() => channel.trySend(throwing), 'trySend'),
          thrown,
        )
        let asked = 0
        const changing = {
          n: 1,
          get m(): number {
            return asked++ === 0 ? 0.5 : 1
          },
        }
        ok(throws(() => channel.trySend(changing), 'trySend') instanceof Error, 'no error')
        equal(channel.length, 0)
      }
    },
  },
  {
    name: 'an element type crosses to another thread as what it is',
    rule: 'API 4',
    async run() {
      for (const { type, fit, refused } of Object.values(examples)) {
        const [channel, again] = await go(fixtures.makeTyped, type, { type }, fit[0])
        equal(channel.tryReceive(), fit[0])
        equal(again.tryReceive(), fit[0])
        ok(
          throws(() => channel.trySend(refused[0]![0]), 'trySend') instanceof refused[0]![1],
          'another error',
        )
      }
    },
  },
  {
    name: 'what is no element type is refused',
    rule: 1,
    run() {
      for (const type of ['i32', {}, null, 7, () => 1]) {
        ok(
          throws(() => chan(1, type as never), `chan(1, ${show(type)})`) instanceof TypeError,
          'another error',
        )
      }
      for (const fields of [
        null,
        'x',
        { x: 'f64' },
        { x: f64, y: undefined },
        JSON.parse('{"__proto__": 1}'),
      ]) {
        ok(
          throws(() => struct(fields as never), `struct(${show(fields)})`) instanceof TypeError,
          'another error',
        )
      }
    },
  },
  {
    name: 'a struct lies as in C: each field at a multiple of its size, the whole rounded up',
    rule: 17,
    run() {
      equal([i32.bytes, u32.bytes, i64.bytes, f64.bytes, bool.bytes], [4, 4, 8, 8, 1])
      equal(struct({ a: bool, b: i32, c: f64, d: bool }).bytes, 24)
      equal(struct({ a: bool, b: bool, c: bool }).bytes, 3)
      equal(struct({ a: struct({ x: bool, y: i32 }), b: bool }).bytes, 12)
      equal(nested.bytes, 40)
    },
  },
]
