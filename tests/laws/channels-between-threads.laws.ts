import { type Chan, chan, go, runtime, select, send, trySelect } from '@millrace/core'
import { equal, fail, isError, ok, range, rejects, turn } from './expect.js'
import type { Law } from './law.js'
import * as fixtures from './parallel-fixtures.js'

/** What goroutines of several threads do on one channel. */
export const channelsBetweenThreadsLaws: Law[] = [
  {
    name: 'a channel among the arguments is the same channel on the other side',
    rule: 'API 4',
    async run() {
      const [source, sink] = [chan<number>(2), chan<number>(2)]
      const doubling = go(fixtures.double, source, sink)
      const sending = (async () => {
        for (const i of range(1000)) await source.send(i)
        source.close()
      })()
      const results: number[] = []
      for await (const value of sink) results.push(value)
      equal(
        results,
        range(1000).map(i => 2 * i),
      )
      equal([source.closed, sink.closed, source.length, sink.length], [true, true, 0, 0])
      await Promise.all([doubling, sending])
    },
  },
  {
    name: 'channels are sent over channels: a request brings the channel of its answer along',
    rule: 'API 4',
    async run() {
      const requests = chan<{ n: number; reply: Chan<number> }>(4)
      const serving = range(3).map(() => go(fixtures.serve, requests))
      const answers = range(100).map(async n => {
        const reply = chan<number>(1)
        await requests.send({ n, reply })
        return reply.receive()
      })
      equal(
        await Promise.all(answers),
        range(100).map(n => n * n),
      )
      requests.close()
      await Promise.all(serving)
    },
  },
  {
    name: 'a close on another thread wakes everybody who waits here',
    rule: 8,
    async run() {
      const [empty, full] = [chan<number>(1), chan<number>(1)]
      full.trySend(0)
      const receiving = [empty.receiveOk(), select({ empty }).then(({ value, ok }) => ({ value, ok }))]
      const sending = [full.send(1), select([send(full, 2)])].map(each => rejects(each, 'a send'))
      const loop = (async () => {
        for await (const _ of empty) fail('a value came')
      })()
      await Promise.all([go(fixtures.closeChannel, empty), go(fixtures.closeChannel, full)])
      for (const each of receiving) equal(await each, { value: undefined, ok: false })
      for (const each of sending) isError(await each, 'ERR_CHAN_CLOSED', 'send on closed channel')
      await loop
      equal(full.tryReceive(), 0)
    },
  },
  {
    name: 'a goroutine that gives up on another thread takes nothing with it',
    rule: 104,
    async run() {
      const channel = chan<number>(1)
      equal(await go(fixtures.giveUp, channel, 5), 'gave up')
      ok(channel.trySend(1), 'no room')
      await turn()
      equal(channel.length, 1)
      equal(await go(fixtures.giveUp, channel, 5000), 1)
    },
  },
  {
    name: 'selects on several threads take each value once',
    rule: 22,
    async run() {
      const [a, b] = [chan<number>(2), chan<number>(3)]
      const echo = chan<number>(1)
      const echoes = (async () => {
        let count = 0
        for await (const value of echo) count += value
        return count
      })()
      const selecting = range(4).map(() => go(fixtures.selectSome, a, b, echo))
      await Promise.all([go(fixtures.produce, a, 0, 500), go(fixtures.produce, b, 0, 500)])
      a.close()
      b.close()
      const counts = await Promise.all(selecting)
      echo.close()
      const sum = (key: 'a' | 'b' | 'echo') => counts.reduce((total, each) => total + each[key], 0)
      equal([sum('a'), sum('b')], [500, 500])
      equal(sum('echo'), await echoes)
    },
  },
  {
    name: 'with one of two channels ready at every moment a select on another thread never finds none',
    rule: 21,
    needs: ['threads'],
    async run() {
      const [a, b, ready, over] = range(4).map(() => chan<number>(1)) as [
        Chan<number>,
        Chan<number>,
        Chan<number>,
        Chan<number>,
      ]
      const idle = range(300).map(() => chan<number>(1))
      await go(fixtures.nop, idle)
      const moving = go(fixtures.moveOver, [a, b], [ready, over], 150)
      await runtime.gosched()
      const cases = [b, ...idle, a]
      let misses = 0
      for await (const _ of ready) {
        for (;;) {
          // Between the look at b and the look at a the value has time to go from a to b.
          if (!trySelect(cases)) misses++
          over.trySend(0)
          let round: ReturnType<typeof ready.tryReceiveOk>
          while (!(round = ready.tryReceiveOk()));
          if (!round.ok) break
        }
      }
      const rounds = await moving
      equal(misses, 0, `times that nothing was ready, in ${rounds} rounds`)
    },
  },
]
