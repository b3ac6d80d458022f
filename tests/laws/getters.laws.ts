import {
  type Chan,
  ChanClosedError,
  chan,
  DataCloneError,
  go,
  i32,
  select,
  send,
  struct,
} from '@millrace/core'
import { equal, ok, rejects, show, throws } from './expect.js'
import type { Law } from './law.js'
import * as fixtures from './parallel-fixtures.js'

/** A channel that crosses what is sent on it. */
async function crossedChan(): Promise<Chan<unknown>> {
  const channel = chan<unknown>(99)
  await go(fixtures.nop, channel)
  return channel
}

/** Lets a channel cross, at once: whoever reads what is in it does so while this runs. */
async function crosser(): Promise<(channel: Chan<unknown>) => void> {
  const gate = await crossedChan()
  return channel => {
    gate.trySend(channel)
    ok(gate.tryReceive() === channel, 'another channel came back')
  }
}

/** Runs `fn` when it is read for the first time. */
function once(fn: () => void): { readonly x: number } {
  let isFirst = true
  return {
    get x() {
      if (isFirst) {
        isFirst = false
        fn()
      }
      return 1
    },
  }
}

function takeAll(channel: Chan<unknown>): unknown[] {
  const values: unknown[] = []
  while (channel.length > 0) values.push(channel.tryReceive())
  return values
}

function refused(fn: () => unknown, what: string, why: string): void {
  const error = throws(fn, what)
  ok(error instanceof DataCloneError && error.message.includes(why), show(error))
}

const point = (capacity: number): Chan<{ readonly x: number }> => chan(capacity, struct({ x: i32 }))

/** Runs `fn` when it is read for the `time`-th time. */
function running(fn: () => void, time: number): { readonly x: number } {
  let times = 0
  return {
    get x() {
      if (++times === time) fn()
      return 1
    },
  }
}

/** The channels that read what is sent on them: each is tried with a getter that does something when it is read for the first time, or later. */
async function forEachReading(
  attempt: (
    make: (capacity: number) => Promise<Chan<unknown>>,
    at: (fn: () => void) => object,
  ) => Promise<void>,
): Promise<void> {
  const crossed = async (capacity: number): Promise<Chan<unknown>> => {
    const channel = chan<unknown>(capacity)
    await go(fixtures.nop, channel)
    return channel
  }
  await attempt(crossed, once)
  for (const time of [1, 2]) {
    await attempt(
      async capacity => point(capacity) as Chan<unknown>,
      fn => running(fn, time),
    )
  }
}

/** Values are read when they cross, and reading one may run code of others, a getter's, which may do anything. */
export const getterLaws: Law[] = [
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
      const gate = await crossedChan()
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
      const gate = await crossedChan()
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
      const gate = await crossedChan()
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
  {
    name: 'a send does not wait for what a getter of its value has done already',
    rule: 'API 5',
    async run() {
      await forEachReading(async (make, at) => {
        const closed = await make(0)
        const error = await rejects(closed.send(at(() => closed.close())), 'a send on what its getter closes')
        ok(error instanceof ChanClosedError, show(error))

        const full = await make(1)
        full.trySend({ x: 0 })
        await full.send(at(() => full.tryReceive()))
        equal(takeAll(full), [{ x: 1 }])

        const empty = await make(0)
        let received: Promise<unknown> | undefined
        await empty.send(
          at(() => {
            received = empty.receive()
          }),
        )
        equal(await received, { x: 1 })
      })
    },
  },
  {
    name: 'a select that a getter of one case serves by another has not sent that one',
    rule: 19,
    async run() {
      await forEachReading(async (make, at) => {
        for (const capacity of [0, 1]) {
          for (const isFirst of [true, false]) {
            const [channel, other] = [await make(capacity), chan<string>(1)]
            while (channel.trySend({ x: 0 })) {}
            const getter = at(() => other.trySend('served'))
            const sent = send(channel, getter)
            const result = await (isFirst ? select([sent, other]) : select([other, sent]))
            equal(result.value as unknown, 'served')
            equal(takeAll(channel), capacity === 0 ? [] : [{ x: 0 }])
            // Nothing of it is left: the next to send is the next to be received.
            const last = channel.send({ x: 2 })
            equal(await channel.receive(), { x: 2 })
            await last
          }
        }
      })
    },
  },
  {
    name: 'a select whose getter parks a receiver for it sends, though it has a receive of the same channel',
    rule: 23,
    async run() {
      await forEachReading(async (make, at) => {
        const channel = await make(0)
        let received: Promise<unknown> | undefined
        const getter = at(() => {
          received = channel.receive()
        })
        const { case: chosen } = await select({ received: channel, sent: send(channel, getter) })
        equal(chosen, 'sent')
        equal(await received, { x: 1 })
      })
    },
  },
  {
    name: 'a getter of one case of a select finds its other cases as they are, whatever their order',
    rule: 19,
    async run() {
      await forEachReading(async (make, at) => {
        for (const isFirst of [true, false]) {
          const selectWith = async (plain: Chan<unknown>, fn: () => void) => {
            const cases = [send(await make(0), at(fn)), send(plain, 'plain')]
            return select(isFirst ? cases : cases.reverse())
          }
          const empty = chan<unknown>()
          let received: Promise<unknown> | undefined
          const hit = await selectWith(empty, () => {
            received = empty.receive()
          })
          equal([hit.case as unknown, await received], [isFirst ? 1 : 0, 'plain'])

          const full = chan<unknown>(1)
          full.trySend('old')
          await selectWith(full, () => full.tryReceive())
          equal(takeAll(full), ['plain'])

          const closed = chan<unknown>()
          const error = await rejects(
            selectWith(closed, () => closed.close()),
            'a select that sends on what a getter closes',
          )
          ok(error instanceof ChanClosedError, show(error))
          equal(closed.tryReceiveOk(), { value: undefined, ok: false })

          const given = chan<unknown>()
          equal(
            (
              await select([
                send(
                  await make(0),
                  at(() => void given.send('given')),
                ),
                given,
              ])
            ).value,
            'given',
          )
        }
      })
    },
  },
]
