import { type Chan, select, send, sleep, type WaitOptions } from '@millrace/core'
import { Counted } from './counted-signal.js'
import { equal, isPending, ok, randomFrom, range, rejects, show, staysParked, turn } from './expect.js'
import type { Law, World } from './law.js'
import { type Operation, operations } from './waiting-operations.js'

function contents(channel: Chan<string>): string[] {
  const values: string[] = []
  for (let next = channel.tryReceiveOk(); next?.ok; next = channel.tryReceiveOk()) values.push(next.value)
  return values
}

const reasons: unknown[] = [new Error('own'), { code: 7 }, 'text', 0, false, null]

function lawsOf(operation: Operation): Law[] {
  const { name, start, block, unblock, left, done } = operation
  const prepared = async (world: World) => {
    const channel = await world.chan<string>(1)
    block(channel)
    return channel
  }
  return [
    {
      name: `${name}, given a signal that is aborted already, rejects though it could go on, and nothing moves`,
      rule: 'API 1',
      async run(world) {
        for (const reason of reasons) {
          const channel = await prepared(world)
          unblock(channel)
          const result = start(channel, { signal: AbortSignal.abort(reason) })
          equal(await rejects(result, name), reason, 'the reason')
          equal(contents(channel), left, 'what is in the channel')
        }
      },
    },
    {
      name: `${name}, given a signal that is aborted already, never waits`,
      rule: 'API 1',
      async run(world) {
        const channel = await prepared(world)
        const signal = new Counted()
        signal.controller.abort('gone')
        equal(await rejects(start(channel, signal.options), name), 'gone')
        equal(signal.most, 0, 'listeners')
        unblock(channel)
        equal(contents(channel), left, 'what is in the channel')
      },
    },
    {
      name: `${name}, given the signal itself in the place of the options, is refused and does nothing`,
      rule: 'API 1',
      async run(world) {
        const channel = await prepared(world)
        unblock(channel)
        const refused = start(channel, new AbortController().signal as WaitOptions)
        const error = (await rejects(refused, name)) as Error
        equal(error.message, 'options must be { signal } or a Context, got the AbortSignal itself')
        equal(contents(channel), left, 'what is in the channel')
      },
    },
    {
      name: `${name} that waits rejects with the signal’s reason itself, at once, and leaves nothing behind`,
      rule: 104,
      async run(world) {
        for (const reason of reasons) {
          const channel = await prepared(world)
          const signal = new Counted()
          const waiting = start(channel, signal.options)
          await staysParked(name, waiting)
          equal(signal.now, 1, 'listeners while it waits')
          signal.controller.abort(reason)
          equal(await rejects(waiting, name), reason, 'the reason')
          equal(signal.now, 0, 'listeners afterwards')
          unblock(channel)
          await turn()
          equal(contents(channel), left, 'what is in the channel')
        }
      },
    },
    {
      name: `${name} that waits and is served has no listener any more, and an abort comes too late`,
      rule: 'API 1',
      async run(world) {
        const channel = await prepared(world)
        const signal = new Counted()
        const waiting = start(channel, signal.options)
        await isPending(waiting)
        const answer = unblock(channel)
        equal(await waiting, answer)
        equal(signal.now, 0, 'listeners')
        signal.controller.abort()
        equal(contents(channel), done, 'what is in the channel')
      },
    },
    {
      name: `${name} that need not wait adds no listener`,
      rule: 'API 1',
      async run(world) {
        const channel = await prepared(world)
        const answer = unblock(channel)
        const signal = new Counted()
        equal(await start(channel, signal.options), answer)
        equal(signal.most, 0, 'listeners')
        equal(contents(channel), done, 'what is in the channel')
      },
    },
    {
      name: `${name}, served and then aborted in one tick, has happened; aborted and then served, it has not`,
      rule: 104,
      async run(world) {
        const served = await prepared(world)
        const late = new Counted()
        const happened = start(served, late.options)
        await isPending(happened)
        const answer = unblock(served)
        late.controller.abort('too late')
        equal(await happened, answer)
        equal(contents(served), done, 'what is in the channel that was served')

        const aborted = await prepared(world)
        const early = new Counted()
        const canceled = start(aborted, early.options)
        await isPending(canceled)
        early.controller.abort('first')
        unblock(aborted)
        equal(await rejects(canceled, name), 'first')
        equal(contents(aborted), left, 'what is in the channel that was aborted')
        equal([late.now, early.now], [0, 0], 'listeners')
      },
    },
    {
      name: `${name}: a thousand that wait on one signal share one listener, and one abort ends them all`,
      rule: 'API 1',
      async run(world) {
        const channel = await prepared(world)
        const signal = new Counted()
        const waiting = range(1000).map(() => start(channel, signal.options))
        await isPending(waiting[0]!)
        equal(signal.most, 1, 'listeners at a time')
        signal.controller.abort('all')
        for (const each of waiting) equal(await rejects(each, name), 'all')
        equal(signal.now, 0, 'listeners afterwards')
        unblock(channel)
        equal(contents(channel), left, 'what is in the channel')
      },
    },
    {
      name: `${name} that waits and fails, or ends, as the channel is closed leaves no listener`,
      rule: 'API 1',
      async run(world) {
        const channel = await prepared(world)
        const signal = new Counted()
        const waiting = start(channel, signal.options).then(
          () => 'ended',
          error => error.code,
        )
        await isPending(waiting)
        channel.close()
        equal(await waiting, done.length > 0 ? 'ERR_CHAN_CLOSED' : 'ended')
        equal(signal.now, 0, 'listeners')
      },
    },
    {
      name: `${name} that is canceled lets those behind it have what it gave up`,
      rule: 104,
      async run(world) {
        const channel = await prepared(world)
        const controller = new AbortController()
        const first = start(channel, { signal: controller.signal })
        const second = start(channel, {})
        controller.abort('left the line')
        equal(await rejects(first, name), 'left the line')
        const answer = unblock(channel)
        equal(await second, answer)
        equal(contents(channel), done, 'what is in the channel')
      },
    },
    {
      name: `${name}, given an aborted signal, rejects also on a closed channel`,
      rule: 'API 1',
      async run(world) {
        const channel = await prepared(world)
        channel.close()
        equal(await rejects(start(channel, { signal: AbortSignal.abort('first') }), name), 'first')
      },
    },
  ]
}

/** Rule 1 of the API, rules 104 and 105: giving up. */
export const cancellationLaws: Law[] = [
  ...operations.flatMap(lawsOf),
  {
    name: 'a signal that is no AbortSignal is refused as a rejection',
    rule: 'API 1',
    async run(world) {
      const channel = await world.chan<string>(1)
      const options = { signal: { aborted: false, addEventListener() {} } } as unknown as WaitOptions
      for (const waiting of [
        channel.receive(options),
        channel.send('x', options),
        select([channel], options),
      ]) {
        ok((await rejects(waiting, 'the operation')) instanceof TypeError, 'not a TypeError')
      }
      equal(channel.length, 0)
    },
  },
  {
    name: 'a signal in place of the options, or a number, is refused as a rejection: it would never end the wait',
    rule: 'API 1',
    async run(world) {
      const channel = await world.chan<string>(1)
      for (const wrong of [new AbortController().signal, 1000, 'x', true]) {
        const options = wrong as WaitOptions
        for (const waiting of [
          channel.receive(options),
          channel.receiveMany(1, options),
          channel.send('x', options),
          select([channel], options),
          sleep(1, options),
        ]) {
          const error = await rejects(waiting, 'the operation')
          ok(error instanceof TypeError && error.message.includes('{ signal }'), show(error))
        }
      }
      equal(channel.length, 0)
    },
  },
  {
    name: 'every listener is taken off the signal by name, also by an abort',
    rule: 'API 1',
    async run(world) {
      const channel = await world.chan<string>(1)
      const controller = new AbortController()
      const { signal } = controller
      let listeners = 0
      const { addEventListener, removeEventListener } = signal
      signal.addEventListener = (type: string, listener: never, options?: never) => {
        listeners++
        addEventListener.call(signal, type, listener, options)
      }
      signal.removeEventListener = (type: string, listener: never) => {
        listeners--
        removeEventListener.call(signal, type, listener)
      }
      const waiting = range(3).map(() => rejects(channel.receive({ signal }), 'receive'))
      await turn()
      equal(listeners, 1, 'listeners while they wait')
      controller.abort('gone')
      equal(await Promise.all(waiting), ['gone', 'gone', 'gone'])
      equal(listeners, 0, 'listeners afterwards')
    },
  },
  {
    name: 'options without a signal are as no options',
    rule: 'API 1',
    async run(world) {
      const channel = await world.chan<string>(1)
      for (const options of [{}, { signal: undefined }, undefined]) {
        await channel.send('x', options)
        equal(await channel.receive(options), 'x')
        const waiting = channel.receiveOk(options)
        await channel.send('y', options)
        equal(await waiting, { value: 'y', ok: true })
      }
    },
  },
  {
    name: 'one signal can end operations on many channels',
    rule: 'API 1',
    async run(world) {
      const channels = await world.chans<string>(50, 1)
      const signal = new Counted()
      const waiting = [
        ...channels.map(channel => channel.receive(signal.options)),
        select(channels, signal.options),
        select({ a: channels[0], b: channels[1] }, signal.options),
      ]
      await isPending(waiting[0]!)
      equal(signal.most, 1, 'listeners at a time')
      signal.controller.abort('all')
      for (const each of waiting) equal(await rejects(each, 'the operation'), 'all')
      for (const channel of channels) {
        channel.trySend('left')
        equal(channel.length, 1, 'length')
      }
    },
  },
  {
    name: 'canceling at random loses no value and doubles none',
    rule: 104,
    async run(world) {
      const random = randomFrom(104)
      for (let round = 0; round < 20; round++) {
        const channel = await world.chan<number>(1 + random(3))
        const received: number[] = []
        const sent: number[] = []
        let next = 0
        const running: Promise<unknown>[] = []
        for (let i = 0; i < 60; i++) {
          const controller = new AbortController()
          const options = { signal: controller.signal }
          const value = next++
          const wasSent = () => sent.push(value)
          const got = (values: (number | undefined)[]) =>
            received.push(...values.filter(each => each !== undefined))
          const start = [
            () => channel.send(value, options).then(wasSent),
            () => select([send(channel, value), null], options).then(wasSent),
            () => channel.receive(options).then(each => got([each])),
            () => channel.receiveMany(2, options).then(got),
            () => select({ got: channel }, options).then(hit => got([hit.value])),
          ][random(5)]!
          running.push(start().catch(reason => equal(reason, 'canceled')))
          const when = random(4)
          if (when === 0) controller.abort('canceled')
          else setTimeout(() => controller.abort('canceled'), when - 1)
        }
        await Promise.all(running)
        for (let value = channel.tryReceive(); value !== undefined; value = channel.tryReceive())
          received.push(value)
        const order = (a: number, b: number) => a - b
        equal(received.toSorted(order), sent.toSorted(order), `round ${round}: what was received`)
      }
    },
  },
]
