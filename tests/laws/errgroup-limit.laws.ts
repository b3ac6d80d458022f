import { AtomicInt32, background, cause, chan, withCancelCause } from '@millrace/core'
import { Group } from '@millrace/errgroup'
import * as fixtures from './errgroup-fixtures.js'
import { equal, isError, isPending, ok, range, rejects, staysParked, throws, turn } from './expect.js'
import { asyncLocalStorage } from './go.laws.js'
import type { Law } from './law.js'

const doom = new Error('group_test: doomed')

/** How many goroutines of a group may be active, and who waits for a place. */
export const errgroupLimitLaws: Law[] = [
  {
    name: 'tryGo succeeds up to the limit, again when places are free, and never with a limit of 0',
    rule: 77,
    async run() {
      const group = new Group()
      const ends = chan<void>()
      const fn = () => ends.send()
      const release = async (n: number) => {
        for (let i = 0; i < n; i++) await ends.receive()
        await group.wait()
      }
      group.setLimit(42)
      for (const i of range(42)) ok(group.tryGo(fn), `call ${i} of 42`)
      ok(!group.tryGo(fn), 'the 43rd')
      await release(42)
      ok(group.tryGo(fn), 'one after all have ended')
      await release(1)
      group.setLimit(1)
      ok(group.tryGo(fn) && !group.tryGo(fn), 'with a limit of 1')
      await release(1)
      group.setLimit(0)
      for (const i of range(1 << 10)) ok(!group.tryGo(fn), `call ${i} with a limit of 0`)
      await group.wait()
      group.setLimit(-1)
      for (const i of range(100)) ok(group.tryGo(fn), `call ${i} without a limit`)
      await release(100)
    },
  },
  {
    name: 'never are more active than the limit, here or on the pool',
    rule: 77,
    async run() {
      for (const onPool of [false, true]) {
        for (const limit of [1, 10]) {
          const group = new Group()
          group.setLimit(limit)
          const [active, most, ran] = range(3).map(() => new AtomicInt32()) as [
            AtomicInt32,
            AtomicInt32,
            AtomicInt32,
          ]
          const local = async () => fixtures.countActive(active, most, ran)
          for (let i = 0; i <= 1 << 10; i++) {
            if (onPool) void group.go(fixtures.countActive, active, most, ran)
            else await group.go(local)
          }
          await group.wait()
          ok(most.load() <= limit, `${most.load()} were active with a limit of ${limit}`)
          equal([active.load(), ran.load()], [0, 1025])
        }
      }
    },
  },
  {
    name: 'the limit cannot be changed while goroutines are active, in Go’s words',
    rule: 77,
    async run() {
      const group = new Group()
      const gate = chan<never>()
      await group.go(() => gate.receive())
      await group.go(() => gate.receive())
      for (const n of [5, 0, -1]) {
        const words = 'errgroup: modify limit while 2 goroutines in the group are still active'
        isError(
          throws(() => group.setLimit(n), 'setLimit'),
          'ERR_SYNC_MISUSE',
          words,
        )
      }
      ok(
        group.tryGo(() => gate.receive()),
        'the limit was changed',
      )
      gate.close()
      await group.wait()
      group.setLimit(1)
      for (const n of [1.5, Number.NaN, Infinity, '1' as unknown as number]) {
        ok(throws(() => group.setLimit(n), 'setLimit') instanceof RangeError, `${n} is no limit`)
      }
    },
  },
  {
    name: 'go waits for a place, and those who wait are served in order; wait waits for them too',
    rule: 77,
    async run() {
      const group = new Group()
      group.setLimit(2)
      const gates = range(5).map(() => chan<never>())
      const log: number[] = []
      const starts = gates.map((gate, i) =>
        group.go(async () => {
          log.push(i)
          await gate.receive()
        }),
      )
      await Promise.all(starts.slice(0, 2))
      await staysParked('go without a place', ...starts.slice(2))
      equal(log, [0, 1])
      gates[1]!.close()
      await starts[2]
      equal(log, [0, 1, 2])
      const waiting = group.wait()
      gates[0]!.close()
      gates[2]!.close()
      await Promise.all(starts)
      equal(log, range(5))
      ok(await isPending(waiting), 'wait did not wait for those who had waited')
      for (const gate of gates.slice(3)) gate.close()
      await waiting
    },
  },
  {
    name: 'a limit of 0 blocks everything, until it is raised',
    rule: 77,
    async run() {
      const group = new Group()
      group.setLimit(0)
      let runs = 0
      const starts = range(3).map(() => group.go(() => runs++))
      await staysParked('go with a limit of 0', ...starts)
      group.setLimit(2)
      await Promise.all(starts)
      await group.wait()
      equal(runs, 3)
    },
  },
  {
    name: 'who waits for a place is told when the context ends, and is never started',
    rule: 'API 1',
    async run() {
      const why = new Error('enough')
      for (const way of ['an error', 'the parent']) {
        const [parent, cancel] = withCancelCause(background())
        const [group, ctx] = Group.withContext(parent)
        group.setLimit(1)
        const gate = chan<never>()
        let runs = 0
        await group.go(async () => {
          await gate.receive()
          if (way === 'an error') throw why
          cancel(why)
          await turn()
        })
        const starts = range(3).map(() => group.go(() => runs++))
        await staysParked('go without a place', ...starts)
        gate.close()
        for (const start of starts) ok((await rejects(start, 'go')) === why, `${way} is not the reason`)
        ok((await rejects(group.wait(), 'wait')) === why, 'a part was left out, and wait does not tell')
        ok(cause(ctx) === why, 'the cause')
        equal(runs, 0)
        await group.go(() => runs++)
        await rejects(group.wait(), 'wait')
        equal(runs, 1, 'started where there is a place, also when the context has ended, as in Go')
      }
    },
  },
  {
    name: 'go on a full group rejects at once when the context has ended',
    rule: 'API 1',
    async run() {
      const [parent, cancel] = withCancelCause(background())
      const [group] = Group.withContext(parent)
      group.setLimit(1)
      const gate = chan<never>()
      await group.go(() => gate.receive())
      cancel(doom)
      ok((await rejects(group.go(fixtures.takeAny, 1), 'go')) === doom, 'the reason')
      ok(!group.tryGo(fixtures.takeAny, 1), 'tryGo on a full group')
      gate.close()
      ok((await rejects(group.wait(), 'wait')) === doom, 'the error of the group')
    },
  },
  {
    name: 'a goroutine that waited for its place has the AsyncLocalStorage of who called go',
    rule: 30,
    needs: ['AsyncLocalStorage'],
    async run() {
      const storage = new (asyncLocalStorage()!)()
      const group = new Group()
      group.setLimit(1)
      const seen: unknown[] = []
      for (const name of ['one', 'two', 'three']) {
        void storage.run(name, () =>
          group.go(async () => {
            await turn()
            seen.push(storage.getStore())
          }),
        )
      }
      await group.wait()
      equal(seen, ['one', 'two', 'three'])
    },
  },
]
