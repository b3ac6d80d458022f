import { type Chan, chan, DataCloneError, go } from '@millrace/core'
import { equal, ok, rejects, show, throws } from './expect.js'
import { crossedChan, once, takeAll } from './getter-fixtures.js'
import type { Law } from './law.js'
import * as fixtures from './parallel-fixtures.js'

/** Lets a channel cross, at once: whoever reads what is in it does so while this runs. */
async function crosser(): Promise<(channel: Chan<unknown>) => void> {
  const gate = await crossedChan(1)
  return channel => {
    gate.trySend(channel)
    ok(gate.tryReceive() === channel, 'another channel came back')
  }
}

function refused(fn: () => unknown, what: string, why: string): void {
  const error = throws(fn, what)
  ok(error instanceof DataCloneError && error.message.includes(why), show(error))
}

/** What is in a channel is read when that crosses, and to read it may run code of others, a getter's, which may do anything. */
export const getterCrossingLaws: Law[] = [
  {
    name: 'a sender whose signal is aborted while its value crosses has sent nothing, and those behind it have',
    rule: 107,
    async run() {
      const cross = await crosser()
      const controller = new AbortController()
      const channel = chan<unknown>()
      const first = channel.send(
        once(() => controller.abort('enough')),
        controller,
      )
      const others = [channel.send('second'), channel.send('third')]
      const reason = rejects(first, 'the first')
      cross(channel)
      equal(await reason, 'enough')
      equal([await channel.receive(), await channel.receive()], ['second', 'third'])
      await Promise.all(others)
    },
  },
  {
    name: 'a value that is received while another in its channel crosses is there once',
    rule: 107,
    async run() {
      const cross = await crosser()
      const channel = chan<unknown>(3)
      const received: unknown[] = []
      const take = once(() => void received.push(channel.tryReceive()))
      for (const value of ['first', take, 'third']) await channel.send(value)
      cross(channel)
      equal([...received, ...takeAll(channel)], ['first', { x: 1 }, 'third'])
    },
  },
  {
    name: 'a value that is sent while another in its channel crosses is there',
    rule: 107,
    async run() {
      const cross = await crosser()
      const channel = chan<unknown>(3)
      await channel.send(once(() => channel.trySend('second')))
      cross(channel)
      equal(takeAll(channel), [{ x: 1 }, 'second'])
    },
  },
  {
    name: 'a sender whose value is received while it crosses has sent it once',
    rule: 107,
    async run() {
      const cross = await crosser()
      const channel = chan<unknown>()
      const received: unknown[] = []
      const value = once(() => void received.push(channel.tryReceive()))
      const sent = [channel.send(value), channel.send('second')]
      cross(channel)
      received.push(await channel.receive())
      ok(received[0] === value && received[1] === 'second', show(received))
      await Promise.all(sent)
      equal(channel.tryReceiveOk(), undefined)
    },
  },
  {
    name: 'what a getter takes out of a channel that crosses need not be able to cross',
    rule: 107,
    async run() {
      const cross = await crosser()
      const channel = chan<unknown>(2)
      const received: unknown[] = []
      await channel.send(once(() => void received.push(channel.tryReceive(), channel.tryReceive())))
      await channel.send(() => {})
      cross(channel)
      equal([received.length, channel.length], [2, 0])
    },
  },
  {
    name: 'a channel that a getter takes out of one that crosses stays on its thread',
    rule: 107,
    async run() {
      const cross = await crosser()
      const [channel, other] = [chan<unknown>(2), chan<unknown>(1)]
      await channel.send(other)
      await channel.send(once(() => void takeAll(channel)))
      cross(channel)
      equal(channel.length, 0)
      const value = () => 1
      ok(other.trySend(value) && other.tryReceive() === value, 'the function itself was not received')
    },
  },
  {
    name: 'many channels cross at once, in each of which a getter changes what is there',
    rule: 107,
    async run() {
      const cross = await crosser()
      const all = Array.from({ length: 150 }, () => {
        const one = chan<unknown>(2)
        one.trySend(once(() => one.trySend('more')))
        return one
      })
      const channel = chan<unknown>(all.length)
      for (const one of all) await channel.send(one)
      cross(channel)
      for (const one of all) equal(takeAll(one), [{ x: 1 }, 'more'])
    },
  },
  {
    name: 'a channel that changes whenever what is in it is read is refused, and holds what it held',
    rule: 'API 4',
    async run() {
      const cross = await crosser()
      const channel = chan<unknown>(2)
      const value = {
        get x(): number {
          channel.tryReceive()
          const times = channel.tryReceive() as number
          return [value, times + 1].filter(one => channel.trySend(one)).length
        },
      }
      await channel.send(value)
      await channel.send(0)
      refused(() => cross(channel), 'the crossing', 'changes that each time: a getter sends or receives')
      equal(channel.length, 2)
      ok(channel.tryReceive() === value, 'the first is another')
      ok((channel.tryReceive() as number) >= 10, 'it was not read again')
    },
  },
  {
    name: 'a channel whose senders double whenever they are read is refused before memory ends',
    rule: 'API 4',
    async run() {
      const cross = await crosser()
      const channel = chan<unknown>()
      let readings = 0
      const send = (): void => void channel.send(value).catch(() => {})
      const value = {
        get x(): number {
          send()
          return ++readings
        },
      }
      send()
      refused(() => cross(channel), 'the crossing', 'changes that each time: a getter sends or receives')
      ok(readings < 100_000, `it was read ${readings} times`)
      channel.close()
    },
  },
  {
    name: 'a getter in a channel that crosses cannot send it, or one that leads to it: nobody gets one before its values',
    rule: 'API 4',
    async run() {
      const cross = await crosser()
      const gate = await crossedChan(99)
      const why = 'it is crossing just now, with what is in it: a getter of that cannot send it as well'
      const [channel, outer, holder] = [chan<unknown>(2), chan<unknown>(1), chan<unknown>(2)]
      const refusals: string[] = []
      const getter = {
        get x() {
          for (const value of [{ to: channel }, outer, holder]) {
            const error = throws(() => gate.trySend(value), 'the getter’s send') as DataCloneError
            refusals.push(error.message)
          }
          return 1
        },
      }
      await holder.send('first')
      await holder.send({ to: channel })
      await channel.send(getter)
      await channel.send('last')
      await outer.send(channel)
      cross(outer)
      equal(
        new Set(refusals),
        new Set([
          `value.to could not be cloned: ${why}`,
          `value could not be cloned: ${why}`,
          `value.buffer[1].to could not be cloned: ${why}`,
        ]),
      )
      equal(gate.length, 0, 'sent by the getter')
      ok(outer.tryReceive() === channel, 'another channel came back')
      equal(takeAll(channel), [{ x: 1 }, 'last'])
      // What has been refused is local still: its values are themselves.
      const [first, second] = takeAll(holder)
      equal(first, 'first')
      ok((second as { to: unknown }).to === channel, show(second))
    },
  },
  {
    name: 'a getter in a channel that crosses can send any other, which arrives with what is in it',
    rule: 'API 4',
    async run() {
      const cross = await crosser()
      const gate = await crossedChan(99)
      const [channel, other] = [chan<unknown>(2), chan<unknown>(2)]
      await other.send('of the other')
      await channel.send(once(() => gate.trySend(other)))
      await channel.send(other)
      cross(channel)
      equal(takeAll(channel), [{ x: 1 }, other])
      ok(gate.tryReceive() === other, 'another channel came back')
      equal(await go(fixtures.receiveSome, other, 1), ['of the other'])
    },
  },
  {
    name: 'a send that a getter cannot make and does not catch keeps its channel from crossing, which loses nothing',
    rule: 'API 4',
    async run() {
      const cross = await crosser()
      const gate = await crossedChan(99)
      const channel = chan<unknown>(2)
      const value = {
        get x() {
          return gate.trySend(channel)
        },
      }
      await channel.send(value)
      await channel.send('last')
      refused(
        () => cross(channel),
        'the crossing',
        'value.buffer[0].x could not be cloned: reading it threw DataCloneError: value could not be cloned',
      )
      equal([gate.length, channel.length], [0, 2])
      ok(channel.tryReceive() === value, 'the first is another')
    },
  },
]
