import { select, send, trySelect } from '@millrace/core'
import { equal, fail, ok, range, staysParked } from './expect.js'
import { full } from './full.js'
import type { Law } from './law.js'

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
    name: 'a nil channel is never ready, to receive from or to send to',
    rule: 7,
    async run() {
      equal(trySelect({ a: null, b: undefined, c: send(null, 1), d: send(undefined, 2) }), undefined)
      await staysParked('a select of nil channels', select([null, send(undefined, 1)]))
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
