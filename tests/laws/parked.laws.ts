import { equal, isPending, ok, range, staysParked, turn } from './expect.js'
import { full } from './full.js'
import type { Law } from './law.js'

/** Who waits at a channel, and who is served when. */
export const parkedLaws: Law[] = [
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
      // The least of several tries, alternately, until they agree: other programs disturb them all.
      const crowds = [100, 50_000].map(others => ({ others, best: Number.POSITIVE_INFINITY }))
      const [few, many] = await Promise.all(
        crowds.map(async crowd => {
          const channel = await world.chan<number>(1)
          const waiting = new AbortController()
          const parked = range(crowd.others).map(() =>
            channel.receive({ signal: waiting.signal }).catch(() => 'gone'),
          )
          return { crowd, channel, waiting, parked }
        }),
      )
      for (let attempt = 0; attempt < 50 && !(many!.crowd.best < 4 * few!.crowd.best); attempt++) {
        for (const { channel, crowd } of [few!, many!]) {
          const start = performance.now()
          for (let i = 0; i < 100; i++) {
            const one = new AbortController()
            const receiving = channel.receive({ signal: one.signal })
            one.abort('enough')
            equal(await receiving.catch(reason => reason), 'enough')
          }
          crowd.best = Math.min(crowd.best, performance.now() - start)
        }
      }
      for (const { channel, waiting, parked } of [few!, many!]) {
        waiting.abort()
        for (const each of await Promise.all(parked)) equal(each, 'gone')
        ok(channel.trySend(1), 'no room')
        equal(channel.length, 1, 'a waiter that gave up took a value: length')
      }
      ok(
        many!.crowd.best < 4 * few!.crowd.best,
        `100 times, leaving took ${many!.crowd.best.toFixed(1)} ms among 50 000 others, ${few!.crowd.best.toFixed(1)} ms among 100`,
      )
    },
  },
]
