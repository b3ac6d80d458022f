import {
  background,
  Canceled,
  cause,
  chan,
  DataCloneError,
  go,
  parallel,
  runtime,
  ThreadLostError,
} from '@millrace/core'
import { Group } from '@millrace/errgroup'
import * as fixtures from './errgroup-fixtures.js'
import { errgroupLimitLaws } from './errgroup-limit.laws.js'
import { equal, ok, range, rejects, show, staysParked, turn } from './expect.js'
import type { Law, World } from './law.js'
import { program } from './worlds.js'

const doom = new Error('group_test: doomed')
const fail = (error: unknown) => () => Promise.reject(error)

/** After Go's errgroup_test.go, and what threads and cancelling add. */
const groupLaws: Law[] = [
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

const laws = [...groupLaws, ...errgroupLimitLaws]

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
