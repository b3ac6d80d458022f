import { equal, ok, range, rejects, staysParked, turn } from './expect.js'
import { full } from './full.js'
import type { Law } from './law.js'

/** Taking many values of a channel: for await and receiveMany. */
export const rangeLaws: Law[] = [
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
    name: 'an iterator that was left gives nothing more, and can be iterated itself',
    rule: 12,
    async run(world) {
      const channel = await full(world, 1, 2, 3)
      const iterator = channel[Symbol.asyncIterator]()
      equal(await iterator.next(), { value: 1, done: false })
      for await (const value of iterator as AsyncIterableIterator<number>) {
        equal(value, 2)
        break
      }
      equal(await iterator.next(), { value: undefined, done: true })
      equal(channel.length, 1)
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
      const more = range(5).map(i => channel.send(i))
      equal(await channel.receiveMany(Infinity), range(5))
      await Promise.all(more)
      const parked = channel.receiveMany(Infinity)
      await channel.send(7)
      equal(await parked, [7])
      channel.close()
      equal(await channel.receiveMany(2), [])
    },
  },
  {
    name: 'receiveMany refuses a max below 1 and takes nothing',
    rule: 5,
    async run(world) {
      const channel = await full(world, 1)
      for (const max of [0, -1, 1.5, Number.NaN, -Infinity]) {
        const error = await rejects(channel.receiveMany(max), `receiveMany(${max})`)
        ok(error instanceof RangeError, `${String(error)} is not a RangeError`)
      }
      equal(channel.length, 1)
    },
  },
]
