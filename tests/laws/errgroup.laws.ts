import {
  AtomicInt32,
  background,
  Canceled,
  cause,
  chan,
  DataCloneError,
  go,
  parallel,
  runtime,
  ThreadLostError,
  withCancelCause,
} from '@millrace/core'
import { Group } from '@millrace/errgroup'
import * as fixtures from './errgroup-fixtures.js'
import { equal, isError, isPending, ok, range, rejects, show, staysParked, throws, turn } from './expect.js'
import { asyncLocalStorage } from './go.laws.js'
import type { Law, World } from './law.js'
import { program } from './worlds.js'

const doom = new Error('group_test: doomed')
const fail = (error: unknown) => () => Promise.reject(error)

/** After Go's errgroup_test.go, and what threads and cancelling add. */
const laws: Law[] = [
  {
    name: 'a group made with new is ready; after each wait it can go on, and its first error stays',
    rule: 76,
    async run() {
      const other = new Error('other')
      for (const errors of [[], [undefined], [doom], [doom, undefined], [undefined, doom, other]]) {
        const group = new Group()
        let first: unknown
        for (const error of errors) {
          void group.go(() => {
            if (error) throw error
          })
          first ??= error
          const outcome = await group.wait().catch(thrown => thrown)
          ok(outcome === first, `after ${show(error)}: ${show(outcome)}, not ${show(first)}`)
        }
      }
    },
  },
  {
    name: 'the context is cancelled by the first error, its cause, or by the end of wait',
    rule: 76,
    async run() {
      for (const errors of [[], [undefined], [doom], [doom, undefined], [undefined, doom]]) {
        const [group, ctx] = Group.withContext(background())
        equal(ctx.err(), undefined)
        for (const error of errors) void group.go(() => (error ? Promise.reject(error) : undefined))
        const outcome = await group.wait().catch(thrown => thrown)
        const expected = errors.find(error => error)
        ok(outcome === expected, `wait gave ${show(outcome)}`)
        ok(ctx.err() instanceof Canceled, 'the context has not ended')
        equal(await ctx.done().receiveOk(), { value: undefined, ok: false })
        ok(cause(ctx) === (expected ?? ctx.err()), `the cause is ${show(cause(ctx))}`)
      }
    },
  },
  {
    name: 'wait rejects after all have ended, with the first error in time',
    rule: 76,
    async run() {
      const gates = range(3).map(() => chan<never>())
      const [group, ctx] = Group.withContext(background())
      const errors = [new Error('second'), new Error('first'), undefined]
      for (const [i, error] of errors.entries()) {
        await group.go(async () => {
          await gates[i]!.receive()
          if (error) throw error
        })
      }
      const waiting = group.wait()
      gates[1]!.close()
      await staysParked('wait after the first error', waiting)
      ok(cause(ctx) === errors[1], 'the first error is not the cause')
      gates[0]!.close()
      await staysParked('wait after the second error', waiting)
      gates[2]!.close()
      ok((await rejects(waiting, 'wait')) === errors[1], 'wait gave another error')
      ok(cause(ctx) === errors[1], 'the cause has changed')
    },
  },
  {
    name: 'a throw and a rejection count in the order in which they happen',
    rule: 76,
    async run() {
      const [thrown, rejected] = [new Error('thrown'), new Error('rejected')]
      const throwing = () => {
        throw thrown
      }
      for (const functions of [
        [throwing, fail(rejected)],
        [fail(rejected), throwing],
      ]) {
        const group = new Group()
        for (const fn of functions) void group.go(fn)
        const first = functions[0] === throwing ? thrown : rejected
        ok((await rejects(group.wait(), 'wait')) === first, `${first.message} was first`)
      }
    },
  },
  {
    name: 'an error interrupts nobody: the others go on, and more can be started',
    rule: 76,
    async run() {
      const [group] = Group.withContext(background())
      const gate = chan<never>()
      const log: string[] = []
      await group.go(async () => {
        await gate.receive()
        log.push('went on')
      })
      await group.go(fail(doom))
      await turn()
      await group.go(() => log.push('started after it'))
      gate.close()
      ok((await rejects(group.wait(), 'wait')) === doom, 'another error')
      equal(log, ['started after it', 'went on'])
    },
  },
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
  {
    name: 'parallel functions run on the pool, and are waited for',
    rule: 76,
    async run() {
      const group = new Group()
      group.setLimit(3)
      const squares = chan<number>(64)
      for (const n of range(50)) await group.go(fixtures.squareInto, n, squares)
      await group.wait()
      const sum = (await squares.receiveMany(64)).reduce((a, b) => a + b)
      equal(sum, 40425)
    },
  },
  {
    name: 'the error of a parallel function arrives whole, and is the cause, the very one',
    rule: 108,
    async run() {
      const [group, ctx] = Group.withContext(background())
      await group.go(fixtures.failWhole, 'on the pool')
      const error = (await rejects(group.wait(), 'wait')) as RangeError & { code: string }
      ok(error instanceof RangeError && error.message === 'on the pool', show(error))
      equal(error.code, 'ERR_OWN')
      ok(error.stack?.includes('errgroup-fixtures'), `the stack is ${error.stack}`)
      ok(error.cause instanceof TypeError && error.cause.message === 'why', show(error.cause))
      ok(cause(ctx) === error, 'the cause of the context is another')
    },
  },
  {
    name: 'an error on one thread reaches goroutines that are parked on others, whole',
    rule: 108,
    async run() {
      const [group, ctx] = Group.withContext(background())
      const [never, ends] = [chan<never>(), chan<unknown>()]
      const [started, told] = [chan<unknown>(1), chan<never>()]
      for (const _ of range(4)) await group.go(fixtures.parkUnder, ctx, never, ends)
      for (const _ of range(4)) equal(await ends.receive(), 'parked')
      await group.go(fixtures.failWhenTold, 'first', started, told)
      await started.receive()
      told.close()
      for (const _ of range(4)) {
        const end = (await ends.receive()) as Error
        ok(end instanceof RangeError && end.message === 'first', show(end))
        ok(end.cause instanceof TypeError && end.cause.message === 'why', show(end.cause))
      }
      isRangeError(await rejects(group.wait(), 'wait'), 'first')
    },
  },
  {
    name: 'an error reaches goroutines that compute on other threads and never wait',
    rule: 108,
    needs: ['threads'],
    async run() {
      const [group, ctx] = Group.withContext(background())
      const ends = chan<unknown>(64)
      let spinning = 0
      while (spinning === 0) {
        for (const _ of range(4)) await group.go(fixtures.spinUnder, ctx, fixtures.threadHere(), ends)
        // Two of four at least can be heard of, even if the others wait for a thread that one of these keeps busy.
        for (const _ of range(2)) if ((await ends.receive()) === 'spins') spinning++
      }
      await group.go(() => {
        throw new RangeError('first')
      })
      isRangeError(await rejects(group.wait(), 'wait'), 'first')
      ends.close()
      const told: unknown[] = []
      for await (const end of ends) if (typeof end !== 'string') told.push(end)
      ok(told.length >= spinning, `${told.length} of ${spinning} have ended`)
      for (const end of told) isRangeError(end, 'first')
    },
  },
  {
    name: 'the death of a thread is an error of the group; its places are free again, and the others go on',
    rule: 'API 8',
    needs: ['process.exit'],
    async run() {
      const [group, ctx] = Group.withContext(background())
      group.setLimit(2)
      const gate = chan<never>()
      let wentOn = false
      await group.go(async () => {
        await gate.receive()
        wentOn = true
      })
      while (!ctx.err()) {
        await group.go(fixtures.exitElsewhere, fixtures.threadHere()).catch(() => {})
        fixtures.spin(5) // so that another thread takes it
      }
      const lost = cause(ctx)
      ok(lost instanceof ThreadLostError, `the cause is ${show(lost)}`)
      const why = (lost.cause as Error | undefined)?.message
      if (runtime.isMainThread)
        equal(why, 'the thread ended with exit code 3', 'the cause, which the main thread knows,')
      const waiting = group.wait()
      await staysParked('wait', waiting)
      gate.close()
      ok((await rejects(waiting, 'wait')) === lost, 'wait gave another error')
      ok(wentOn, 'another goroutine was not waited for')
      for (const _ of range(2)) ok(group.tryGo(turn), 'a place is lost')
      await rejects(group.wait(), 'wait')
    },
  },
  {
    name: 'what cannot cross is an error of the group, by its path, and its place is free again',
    rule: 'API 5',
    async run() {
      const group = new Group()
      group.setLimit(1)
      await group.go(fixtures.takeAny, { job: { callback: () => 1 } })
      await group.go(fixtures.takeAny, 'fine')
      const error = await rejects(group.wait(), 'wait')
      ok(error instanceof DataCloneError && error.path === 'args[0].job.callback', show(error))
      ok(group.tryGo(turn), 'its place is lost')
      await rejects(group.wait(), 'wait')
    },
  },
  {
    name: 'a group stays on its thread: to send it is refused, by its path',
    rule: 'API 5',
    async run() {
      const error = await rejects(go(fixtures.takeAny, { deep: [new Group()] }), 'go')
      ok(error instanceof DataCloneError && error.path === 'args[0].deep[0]', show(error))
      ok(error.message.includes('Group'), error.message)
    },
  },
  {
    name: 'go of nil is an error of the group in Go’s words',
    rule: 30,
    async run() {
      const group = new Group()
      const before = runtime.numGoroutine()
      void group.go(undefined as unknown as () => void)
      const error = await rejects(group.wait(), 'wait')
      ok(error instanceof TypeError && error.message.startsWith('go of nil func value'), show(error))
      equal(runtime.numGoroutine(), before)
    },
  },
]

function isRangeError(error: unknown, message: string): void {
  ok(error instanceof RangeError && error.message === message, `${show(error)} is not ${message}`)
}

const holdsOnThread = parallel(
  import.meta.url,
  async function holdsOnThread(name: string, lacks: World['lacks']) {
    await laws.find(law => law.name === name)!.run({ ...program, lacks })
  },
)

/** Rules 76 to 78: groups of the main thread, and groups of a thread of the pool. */
export const errgroupLaws: Law[] = [
  ...laws,
  ...laws.map(law => ({
    ...law,
    name: `${law.name} (a group on a thread of the pool)`,
    run: ({ lacks }: World) => go(holdsOnThread, law.name, lacks),
  })),
]
