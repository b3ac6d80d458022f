import { type Cases, type Chan, chan, type ReceiveChan, select, send, trySelect } from '@millrace/core'
import { equal, isError, isPending, ok, range, rejects, staysParked, throws, turn } from './expect.js'
import type { Law } from './law.js'
import { readyChannels } from './ready-channels.js'

/** Rules 18 to 29: select. */
export const selectLaws: Law[] = [
  {
    name: 'the cases are evaluated once each, in source order, whichever wins',
    rule: 18,
    async run(world) {
      const ready = await world.chan<number>(1)
      const idle = await world.chan<number>(1)
      for (const choose of [select, trySelect]) {
        ready.trySend(1)
        const log: string[] = []
        const cases = {
          get first() {
            log.push('first')
            return idle
          },
          get second() {
            log.push('second')
            return null
          },
          get third() {
            log.push('third')
            return send(null, 1)
          },
          get fourth() {
            log.push('fourth')
            return ready
          },
        }
        equal((await choose(cases))?.case, 'fourth')
        equal(log, ['first', 'second', 'third', 'fourth'])
      }
      const log: string[] = []
      const parked = select({
        get a() {
          log.push('a')
          return idle
        },
        get b() {
          log.push('b')
          return ready
        },
      })
      await turn()
      idle.trySend(1)
      await parked
      equal(log, ['a', 'b'], 'what a select that parked evaluated')
    },
  },
  {
    name: 'a select with a ready case takes it, and the others have no effect at all',
    rule: 19,
    async run(world) {
      const [ready, empty, filled] = (await world.chans<number>(3, 1)) as [
        Chan<number>,
        Chan<number>,
        Chan<number>,
      ]
      ready.trySend(1)
      filled.trySend(2)
      const hit = await select({ got: ready, empty, sent: send(filled, 3) })
      equal(hit, { case: 'got', value: 1, ok: true })
      equal([ready.length, empty.length, filled.length], [0, 0, 1])
      equal(filled.tryReceive(), 2)
      equal(empty.trySend(9), true)
      equal(empty.length, 1, 'a case that lost still receives: length')
    },
  },
  {
    name: 'a select without a ready case waits for the first',
    rule: 19,
    needs: ['any value'],
    async run(world) {
      const [a, b] = (await world.chans<string>(2, 1)) as [Chan<string>, Chan<string>]
      const waiting = select({ a, b })
      await staysParked('a select with nothing ready', waiting)
      b.trySend('late')
      equal(await waiting, { case: 'b', value: 'late', ok: true })
      equal(a.trySend('next'), true)
      equal(a.length, 1, 'the losing case still receives: length')
      const sending = select([send(a, 'third'), send(b, 'second')])
      await isPending(sending)
      equal(b.length, 1, 'the select sent: length')
      equal(await b.receive(), 'second')
    },
  },
  {
    name: 'a nil case turns a case off, and the others work as before',
    rule: 24,
    async run(world) {
      const [a, b] = (await readyChannels(world, 2, 100)) as [Chan<number>, Chan<number>]
      for (let i = 0; i < 100; i++) equal((await select({ a: null, b })).case, 'b')
      equal([a.length, b.length], [100, 0])
    },
  },
  {
    name: 'a ready send on a closed channel fails if it is chosen, and only then',
    rule: 25,
    async run(world) {
      const [closed, ready] = (await world.chans<number>(2, 200)) as [Chan<number>, Chan<number>]
      closed.close()
      for (const i of range(200)) ready.trySend(i)
      let [failures, values] = [0, 0]
      for (let i = 0; i < 200; i++) {
        try {
          equal((await select({ sent: send(closed, i), got: ready })).case, 'got')
          values++
        } catch (error) {
          isError(error, 'ERR_CHAN_CLOSED', 'send on closed channel')
          failures++
        }
      }
      ok(failures > 40 && values > 40, `${failures} failed and ${values} received: both should happen`)
      equal(ready.length, 200 - values, 'a select that failed took a value: length')
    },
  },
  {
    name: 'a select of one case is the plain operation, and trySelect of one is its try form',
    rule: 26,
    async run(world) {
      const channel = await world.chan<number>(1)
      equal(await select({ sent: send(channel, 1) }), { case: 'sent', value: undefined, ok: true })
      equal(trySelect([send(channel, 2)]), undefined, 'trySelect of a send without room')
      equal(trySelect([channel]), { case: 0, value: 1, ok: true })
      equal(trySelect([channel]), undefined, 'trySelect of a receive without a value')
      const waiting = select([channel])
      await staysParked('a select of one receive', waiting)
      await channel.send(3)
      equal(await waiting, { case: 0, value: 3, ok: true })
    },
  },
  {
    name: 'an array of cases answers the index, and nil cases keep their places',
    rule: 27,
    async run(world) {
      const channels = await world.chans<number>(5, 1)
      for (const [i, channel] of channels.entries()) {
        channel.trySend(i)
        const cases: (ReceiveChan<number> | null)[] = channels.map((each, at) =>
          at % 2 === i % 2 ? each : null,
        )
        equal(await select(cases), { case: i, value: i, ok: true })
      }
      channels[3]!.close()
      equal(await select(channels), { case: 3, value: undefined, ok: false })
      equal(await select([null, send(channels[2]!, 1)]), { case: 1, value: undefined, ok: true })
    },
  },
  {
    name: 'a select of 65 536 cases works, ready and parked',
    rule: 27,
    async run(world) {
      const [idle, late] = (await world.chans<number>(2, 1)) as [Chan<number>, Chan<number>]
      const cases: Chan<number>[] = new Array(65_536).fill(idle)
      cases[40_000] = late
      late.trySend(1)
      equal(await select(cases), { case: 40_000, value: 1, ok: true })
      const waiting = select(cases)
      ok(await isPending(waiting), 'a select with nothing ready went on')
      late.trySend(2)
      equal(await waiting, { case: 40_000, value: 2, ok: true })
      ok(idle.trySend(3), 'no room')
      equal(idle.length, 1, 'a losing case still receives: length')
    },
  },
  {
    name: 'what is no case makes the select fail with nothing done and nobody enqueued',
    rule: 28,
    async run(world) {
      const [ready, empty] = (await world.chans<number>(2, 1)) as [Chan<number>, Chan<number>]
      ready.trySend(1)
      const wrong = [{}, 1, 'channel', () => 1, { receive: () => 1 }, Symbol('s'), false]
      for (const culprit of wrong) {
        const cases = { ready, empty, culprit } as unknown as Cases
        ok((await rejects(select(cases), 'select')) instanceof TypeError, 'not a TypeError')
        ok(throws(() => trySelect(cases), 'trySelect') instanceof TypeError, 'not a TypeError')
      }
      ok(
        (await rejects(select(null as unknown as Cases), 'select(null)')) instanceof TypeError,
        'not a TypeError',
      )
      ok(throws(() => send({} as never, 1), 'send') instanceof TypeError, 'not a TypeError')
      equal([ready.length, empty.length], [1, 0])
      empty.trySend(2)
      equal(empty.length, 1, 'a refused select still receives: length')
    },
  },
  {
    name: 'a case that throws while it is built makes the select fail with nothing done and nobody enqueued',
    rule: 28,
    async run(world) {
      const [ready, empty] = (await world.chans<number>(2, 1)) as [Chan<number>, Chan<number>]
      ready.trySend(1)
      const thrown = new Error('while building')
      const cases = {
        empty,
        ready,
        get culprit(): Chan<number> {
          throw thrown
        },
      }
      equal(await rejects(select(cases), 'select'), thrown)
      equal(
        throws(() => trySelect(cases), 'trySelect'),
        thrown,
      )
      equal(ready.length, 1)
      empty.trySend(2)
      equal(empty.length, 1, 'the failed select still receives: length')
    },
  },
  {
    name: 'a value that cannot be sent makes a parking select fail and leave its other channels',
    rule: 28,
    needs: ['by copy', 'any value'],
    async run(world) {
      const [empty, full] = (await world.chans<unknown>(2, 1)) as [Chan<unknown>, Chan<unknown>]
      full.trySend(1)
      const error = await rejects(select({ got: empty, sent: send(full, { deep: [() => 1] }) }), 'the select')
      isError(error, 'ERR_DATA_CLONE', 'value.deep[0]')
      empty.trySend(2)
      equal(empty.length, 1, 'the failed select still receives: length')
      equal(full.length, 1)
    },
  },
  {
    name: 'a select over channels of different kinds works as over one kind',
    rule: 22,
    needs: ['any value'],
    async run(world) {
      const mine = chan<string>(1)
      const unbuffered = chan<string>()
      const theirs = await world.chan<string>(1)
      const cases = { mine, unbuffered, theirs }
      for (const label of ['mine', 'unbuffered', 'theirs'] as const) {
        const waiting = select(cases)
        await isPending(waiting)
        ok(cases[label].trySend(label), 'a parked select was not seen')
        equal(await waiting, { case: label, value: label, ok: true })
        for (const channel of Object.values(cases)) equal(channel.length, 0, 'length')
      }
      const sending = select([send(unbuffered, 'a'), theirs])
      equal(await unbuffered.receive(), 'a')
      equal((await sending).case, 0)
      theirs.trySend('left alone')
      equal(theirs.length, 1)
    },
  },
]
