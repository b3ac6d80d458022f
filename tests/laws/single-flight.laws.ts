import {
  background,
  chan,
  DataCloneError,
  go,
  runtime,
  sharedArray,
  ThreadLostError,
  withCancelCause,
} from '@millrace/core'
import { SingleFlight } from '@millrace/sync'
import { equal, isError, ok, range, rejects, show, staysParked } from './expect.js'
import type { Law, Need, World } from './law.js'
import * as fixtures from './single-flight-fixtures.js'
import { areSame, comeAsOne, identity } from './sync-fixtures.js'

/** A SingleFlight of the world, and a call that says when it begins and ends when it is told. */
async function scene({ make }: World) {
  const flights: fixtures.Flights = await make(SingleFlight<unknown, unknown>)
  const plan = { begun: chan<unknown>(100), told: chan<unknown>(100), count: sharedArray('i32', 1) }
  const asked = chan<unknown>(1)
  /** Asks on another thread; answers once it has. */
  const ask = async (key: unknown, ctx?: ReturnType<typeof withCancelCause>[0]) => {
    const answer = go(fixtures.ask, flights, key, plan, asked, ctx)
    answer.catch(() => {})
    await asked.receive()
    return { answer }
  }
  /** Asks here. */
  const askHere = (key: unknown, options?: { signal: AbortSignal }) => {
    const answer = flights.do(key, fixtures.fly(plan), options)
    answer.catch(() => {}) // it may reject before anybody asks
    return answer
  }
  const calls = () => Atomics.load(plan.count, 0)
  return { flights, plan, asked, ask, askHere, calls }
}

const lawsOfKeys = (name: string, needs: Need[], keys: unknown[]): Law[] => [
  {
    name,
    rule: 80,
    needs,
    async run(world) {
      const { plan, ask, askHere, calls } = await scene(world)
      const leaders: { answer: Promise<unknown> }[] = []
      for (const key of keys) leaders.push(await ask(key))
      for (const _ of keys) await plan.begun.receive()
      const here = keys.map(key => askHere(key === 0 ? -0 : key))
      equal(calls(), keys.length)
      for (const _ of keys) await plan.told.send('end')
      for (const [i, answer] of here.entries())
        equal(await answer, { value: 'end', shared: true }, `the answer for key ${i}`)
      await Promise.all(leaders.map(({ answer }) => answer))
    },
  },
]

/** Rule 80, over threads. After golang.org/x/sync/singleflight/singleflight_test.go. */
export const singleFlightLaws: Law[] = [
  {
    name: 'a function is called once for all who ask for its key on any threads while it runs, and all get its value',
    rule: 80,
    async run(world) {
      const { plan, ask, askHere, calls } = await scene(world)
      const answers = [await ask('key')]
      await plan.begun.receive()
      for (const _ of range(6)) answers.push(await ask('key'))
      const here = [askHere('key'), askHere('key')]
      const value = { list: [1, new Date(0), new Map([['a', { b: 2n }]])] }
      await plan.told.send(value)
      for (const answer of [...here, ...answers.map(({ answer }) => answer)])
        equal(await answer, { value, shared: true })
      equal(calls(), 1)
    },
  },
  {
    name: 'a call that is made here while the SingleFlight crosses is joined there, and the other way round',
    rule: 'API 4',
    async run(world) {
      const { plan, ask, askHere, calls } = await scene(world)
      const here = [askHere('here'), askHere('here')]
      await plan.begun.receive()
      const there = await ask('here')
      await plan.told.send(1)
      for (const answer of [...here, there.answer]) equal(await answer, { value: 1, shared: true })
      const leader = await ask('there')
      await plan.begun.receive()
      const follower = askHere('there')
      await plan.told.send(2)
      for (const answer of [leader.answer, follower]) equal(await answer, { value: 2, shared: true })
      equal(calls(), 2)
    },
  },
  {
    name: 'who asks alone does not share, and who asks after the end has a call of its own, on every thread',
    rule: 80,
    async run(world) {
      const { plan, ask, askHere, calls } = await scene(world)
      for (const i of range(6)) {
        await plan.told.send(i)
        const answer = i % 2 === 0 ? askHere('key') : (await ask('key')).answer
        equal(await answer, { value: i, shared: false })
        equal(calls(), i + 1)
      }
    },
  },
  {
    name: 'an error reaches all who share it whole, with class and cause, on every thread',
    rule: 80,
    async run(world) {
      const { plan, ask, askHere } = await scene(world)
      const leader = await ask('key')
      await plan.begun.receive()
      const [there, here] = [await ask('key'), askHere('key')]
      await plan.told.send(new RangeError('flight', { cause: new TypeError('why') }))
      for (const answer of [leader.answer, there.answer, here]) {
        const error = await rejects(answer, 'an answer')
        ok(error instanceof RangeError && error.message === 'flight', show(error))
        ok(error.cause instanceof TypeError && error.cause.message === 'why', show(error.cause))
      }
    },
  },
  {
    name: 'a value that cannot cross is an error of the others, which names its path; on its own thread it is what it is',
    rule: 'API 5',
    needs: ['threads'],
    async run(world) {
      const { flights, plan, askHere } = await scene(world)
      const leader = go(fixtures.leadToFunction, flights, 'key', plan)
      await plan.begun.receive()
      const here = askHere('key')
      await plan.told.send(1)
      equal(await leader, 'function')
      const error = await rejects(here, 'the follower')
      ok(error instanceof DataCloneError, show(error))
      equal(error.path, 'result.value.deep[0]')
    },
  },
  {
    name: 'what crosses by reference is the same thing for all who share it',
    rule: 'API 4',
    async run(world) {
      const { plan, ask, askHere } = await scene(world)
      const channel = chan<string>(4)
      const leader = await ask('key')
      await plan.begun.receive()
      const here = [askHere('key'), askHere('key')]
      const there = await ask('key')
      await plan.told.send({ channel })
      for (const answer of [...here, leader.answer, there.answer]) {
        const { value } = (await answer) as { value: { channel: unknown } }
        ok(value.channel === channel, 'another channel')
      }
    },
  },
  ...lawsOfKeys(
    'primitives are the same key on all threads if they are the same in a Map',
    [],
    [1, '1', 1n, true, null, 'null', undefined, '', Number.NaN, 0, 'é\ud800'],
  ),
  ...lawsOfKeys(
    'objects are the same key on all threads if they cross alike',
    ['threads'],
    [{ user: 7 }, { user: '7' }, ['a', 1], new Map([['a', 1]]), chan(), { inside: chan() }],
  ),
  {
    name: 'whoever forgets a key, on any thread, lets the next call of it start on every thread',
    rule: 80,
    async run(world) {
      const { flights, plan, ask, askHere, calls } = await scene(world)
      const first = await ask('key')
      await plan.begun.receive()
      const follower = askHere('key')
      await go(fixtures.forget, flights, 'key')
      const second = askHere('key')
      await plan.begun.receive()
      equal(calls(), 2)
      const third = await ask('key')
      flights.forget('key')
      const fourth = await ask('key')
      await plan.begun.receive()
      equal(calls(), 3)
      for (const end of range(3)) await plan.told.send(end)
      const answers = [first.answer, follower, second, third.answer, fourth.answer]
      const values = await Promise.all(
        answers.map(async answer => (await answer) as { value: unknown; shared: boolean }),
      )
      equal(
        values.map(({ shared }) => shared),
        [true, true, true, true, false],
      )
      equal([values[0], values[2]], [values[1], values[3]])
      equal(new Set([values[0]!.value, values[2]!.value, values[4]!.value]).size, 3, 'the calls')
    },
  },
  {
    name: 'doChan gives one result, to a channel that stays open, on the thread of the call and on others',
    rule: 80,
    async run(world) {
      const { flights, plan, asked } = await scene(world)
      const there = go(fixtures.askForChan, flights, 'key', plan, asked)
      await plan.begun.receive()
      await asked.receive()
      const here = flights.doChan('key', fixtures.fly(plan))
      await plan.told.send({ a: 1 })
      const end = { value: { a: 1 }, error: undefined, shared: true }
      equal(await there, { end, closed: false })
      equal(await here.receive(), end)
      equal([here.closed, here.capacity], [false, 1])
    },
  },
  {
    name: 'who is cancelled ends only its own wait, be it on the thread of the call or on another',
    rule: 'API 1',
    async run(world) {
      const { plan, ask, askHere, calls } = await scene(world)
      const [ctx, cancel] = withCancelCause(background())
      const quitter = await ask('key', ctx)
      await plan.begun.receive()
      const [there, here, impatient] = [await ask('key'), askHere('key'), askHere('key', ctx)]
      const also = await ask('key', ctx)
      cancel(new RangeError('enough'))
      for (const answer of [quitter.answer, impatient, also.answer]) {
        const error = await rejects(answer, 'who gives up')
        ok(error instanceof RangeError && error.message === 'enough', show(error))
      }
      await staysParked('the others', there.answer, here)
      await plan.told.send('end')
      for (const answer of [there.answer, here]) equal(await answer, { value: 'end', shared: true })
      ok(
        (await rejects(askHere('key', ctx), 'one that comes too late')) instanceof RangeError,
        'another error',
      )
      equal(calls(), 1)
    },
  },
  {
    name: 'when the thread that makes a call dies, all who share it are told, and the next who asks starts anew',
    rule: 'API 8',
    needs: ['threads', 'process.exit'],
    async run(world) {
      const { flights, plan, asked, ask, askHere, calls } = await scene(world)
      const [begun, told] = [chan<unknown>(1), chan<unknown>(1)]
      const dying = go(fixtures.leadAndDie, flights, 'key', begun, told)
      await begun.receive()
      const [there, here, result] = [await ask('key'), askHere('key'), flights.doChan('key', () => 1)]
      const channel = go(fixtures.askForChan, flights, 'key', plan, asked)
      await asked.receive()
      await staysParked('those who share', there.answer, here)
      told.close()
      for (const answer of [dying, there.answer, here])
        isError(await rejects(answer, 'an answer'), 'ERR_THREAD_LOST', 'the thread that')
      for (const end of [await result.receive(), (await channel).end])
        ok(end?.error instanceof ThreadLostError && end.value === undefined, show(end))
      equal(calls(), 0)
      await plan.told.send('anew')
      equal(await askHere('key'), { value: 'anew', shared: false })
      await plan.told.send('there')
      equal(await (await ask('key')).answer, { value: 'there', shared: false })
    },
  },
  {
    name: 'a thread that dies while it shares a call leaves it to the others',
    rule: 'API 8',
    needs: ['threads', 'process.exit'],
    async run(world) {
      const { flights, plan, ask, askHere } = await scene(world)
      const [asked, told] = [chan<unknown>(1), chan<unknown>(1)]
      const here = askHere('key')
      await plan.begun.receive()
      const dying = go(fixtures.followAndDie, flights, 'key', asked, told)
      await asked.receive()
      const there = await ask('key')
      told.close()
      ok((await rejects(dying, 'the dying')) instanceof ThreadLostError, 'no ThreadLostError')
      await plan.told.send({ end: true })
      for (const answer of [here, there.answer]) equal(await answer, { value: { end: true }, shared: true })
    },
  },
  {
    name: 'four threads that ask for few keys at random never have two calls of one at once, and each gets its own key’s value',
    rule: 80,
    timeoutMs: 30_000,
    async run({ make }) {
      const flights: fixtures.Flights = await make(SingleFlight<unknown, unknown>)
      for (const seed of range(3)) {
        const active = sharedArray('i32', 5)
        const asking = range(4).map(i => go(fixtures.askAtRandom, flights, active, 60, 10 * seed + i))
        const all = [
          await fixtures.askAtRandom(flights, active, 60, 99 + seed),
          ...(await Promise.all(asking)),
        ]
        equal(
          [...active],
          range(5).map(() => 0),
        )
        ok(
          all.every(({ made, shared, asked }) => made <= asked && shared <= asked),
          show(all),
        )
        ok(
          all.some(({ shared }) => shared > 0),
          `nobody shared: ${show(all)}`,
        )
      }
    },
  },
  {
    name: 'memory stays flat over 100 000 calls, and over thousands that another thread shares',
    rule: 80,
    timeoutMs: 60_000,
    async run({ make }) {
      const flights: fixtures.Flights = await make(SingleFlight<unknown, unknown>)
      const [keys, asked, told] = [chan<unknown>(1), chan<unknown>(1), chan<unknown>(1)]
      const following = go(fixtures.followEach, flights, keys, asked)
      const shareOne = async (key: unknown) => {
        const here = flights.do(key, () => told.receive())
        await keys.send(key)
        await asked.receive()
        await told.send({ text: 'x'.repeat(1000) })
        equal((await here).shared, true)
      }
      for (const i of range(100)) await shareOne(`warm ${i}`)
      const before = runtime.stats().memory.used
      for (const i of range(3000)) await shareOne(i)
      for (const i of range(100_000)) await flights.do(`key ${i}`, () => i)
      const more = runtime.stats().memory.used - before
      ok(more < 2 ** 20, `${more} bytes of shared memory more than before`)
      keys.close()
      equal(await following, 3100)
    },
  },
  {
    name: 'a SingleFlight is one thing on each thread',
    rule: 'API 4',
    async run({ make }) {
      const flights = await make(SingleFlight)
      ok((await go(identity, flights)) === flights, 'what comes back is another')
      ok(await go(areSame, flights, flights), 'two of one message')
      const carrier = chan<unknown>(2)
      const compared = go(comeAsOne, carrier)
      await carrier.send(flights)
      await carrier.send({ flights }.flights)
      ok(await compared, 'two of two messages')
    },
  },
]
