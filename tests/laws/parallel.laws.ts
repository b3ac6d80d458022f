import {
  AtomicBool,
  type Chan,
  ChanClosedError,
  chan,
  DataCloneError,
  go,
  ParallelError,
  parallel,
  runtime,
  select,
  send,
  ThreadLostError,
  trySelect,
} from '@millrace/core'
import { equal, eventually, fail, isError, ok, range, rejects, show, throws, turn } from './expect.js'
import type { Law } from './law.js'
import * as fixtures from './parallel-fixtures.js'

const url = import.meta.url

function cyclic(): object {
  const a: Record<string, unknown> = { name: 'a', list: [] }
  a.self = a
  ;(a.list as unknown[]).push(a, { back: a })
  return a
}

function sparse(): unknown[] {
  const array: unknown[] = []
  array[2] = 3
  array.length = 6
  return array
}

/** What crosses by copy, with the fidelity of structuredClone. */
const values: [string, () => unknown][] = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['booleans', () => [true, false]],
  [
    'numbers',
    () => [0, -0, 1, -1, 1.5, 2 ** 30, -(2 ** 31), 2 ** 53, 1e300, Number.NaN, Infinity, -Infinity, 5e-324],
  ],
  ['bigints', () => [0n, -1n, 2n ** 63n, -(2n ** 64n), 3n ** 200n]],
  ['strings', () => ['', 'grün 💧', '\u0000', '\ud800 alone', '\ufeffmark', 'x'.repeat(100_000)]],
  ['dates', () => [new Date(0), new Date(-1), new Date(Number.NaN), new Date(8.64e15)]],
  [
    'maps and sets',
    () => [
      new Map<unknown, unknown>([
        ['a', new Set([1, 'b'])],
        [{ k: 1 }, null],
      ]),
      new Map(),
      new Set(),
    ],
  ],
  ['regular expressions', () => [/a(b)?/giu, /\//]],
  [
    'typed arrays and buffers',
    () => [
      new Uint8Array([1, 2, 255]),
      new Float64Array([1.5, Number.NaN]),
      new BigInt64Array([-1n]),
      new Int16Array(0),
      new Uint8ClampedArray([300]),
      new Uint8Array([5, 6, 7]).buffer,
      new DataView(new ArrayBuffer(4)),
    ],
  ],
  [
    'plain objects',
    () => ({ a: { b: { c: [1, { d: undefined }] } }, 'odd key': 1, __keys__: 2, 7: 'seven' }),
  ],
  ['arrays with holes', sparse],
  ['cycles', cyclic],
  ['deep nesting', () => range(500).reduce<unknown>((inner, i) => (i % 2 ? [inner] : { inner }), 'bottom')],
  ['errors', () => new TypeError('wrong', { cause: new RangeError('why') })],
  ['many objects', () => range(1000).map(i => ({ id: i, name: `n${i}`, tags: [i, i + 1] }))],
]

const valueLaws: Law[] = values.map(([what, make]) => ({
  name: `${what} cross by copy, there and back`,
  rule: 'API 5',
  async run() {
    equal(await go(fixtures.identity, make()), make(), 'as an argument and a result')
    const [there, back] = [chan<unknown>(1), chan<unknown>(1)]
    const forwarding = go(fixtures.sendEach, back, [make(), { inside: make() }])
    equal(await back.receive(), make(), 'over a channel')
    equal(await back.receive(), { inside: make() }, 'inside another value')
    await forwarding
    await there.send(make())
    equal(await go(fixtures.receiveOne, there), { value: make(), ok: true }, 'over a channel, and back')
  },
}))

/** Starts goroutines until some ran elsewhere than the others: threads take a while to start. */
async function onSeveralThreads(): Promise<void> {
  while (new Set(await Promise.all(range(12).map(() => go(fixtures.spin, 5)))).size === 1);
}

/** Rules 4, 5 and 8 of the API, 30 to 38 and 107 to 109 of Go’s: goroutines on other threads. */
export const parallelLaws: Law[] = [
  {
    name: 'a parallel function runs on a pool thread, if there are any, and its result comes back',
    rule: 30,
    async run({ lacks }) {
      equal(await go(fixtures.add, 2, 3), 5)
      equal(await go(fixtures.isMain), lacks.threads !== undefined)
      equal(await go(fixtures.nop), undefined)
      equal(await go(fixtures.howMany), 0)
      equal(await go(fixtures.howMany, undefined, null, 0), 3)
    },
  },
  {
    name: 'called directly a parallel function runs here',
    rule: 30,
    async run() {
      equal(fixtures.isMain(), true)
      const object = {}
      equal(fixtures.identity(object), object)
      equal(await fixtures.add(1, 2), 3)
    },
  },
  ...valueLaws,
  {
    name: 'arguments are copies, taken when go was called',
    rule: 17,
    async run() {
      const argument = { n: 1, list: [1] }
      const running = go(fixtures.identity, argument)
      argument.n = 2
      argument.list.push(2)
      const result = await running
      equal(result, { n: 1, list: [1] })
      ok(result !== argument, 'the object itself came back')
    },
  },
  {
    name: 'what is one object on this side is one object on the other, across all arguments',
    rule: 'API 5',
    async run() {
      const object = { a: 1 }
      equal(await go(fixtures.areSame, object, object), true)
      equal(await go(fixtures.areSame, object, { a: 1 }), false)
    },
  },
  {
    name: 'goroutines run on several threads at once',
    rule: 30,
    needs: ['threads'],
    async run() {
      const names = new Set<string>()
      for (let round = 0; round < 200 && names.size < 4; round++) {
        for (const name of await Promise.all(range(8).map(() => go(fixtures.spin, 20)))) names.add(name)
      }
      equal(
        names.size,
        4,
        `with ${JSON.stringify(runtime.stats().threads)} the threads that goroutines ran on`,
      )
      equal(runtime.stats().threads, { max: 4, running: 4, lost: runtime.stats().threads.lost })
    },
  },
  {
    name: 'a goroutine that keeps its thread busy holds up no goroutine that has not started',
    rule: 30,
    needs: ['threads'],
    async run() {
      const [started, over] = [chan<unknown>(1), new AtomicBool()]
      const spin = go(fixtures.spinUntil, started, over)
      await started.receive()
      for (const i of range(20)) equal(await go(fixtures.add, i, 1), i + 1)
      over.store(true)
      ok(await spin, '20 goroutines waited for the busy thread')
    },
  },
  {
    name: '10 000 goroutines started at once all run, more than the injector holds',
    rule: 106,
    async run() {
      const results = await Promise.all(range(10_000).map(i => go(fixtures.identity, i)))
      equal(results, range(10_000))
    },
  },
  {
    name: 'a thousand parked goroutines need no thousand threads',
    rule: 30,
    async run() {
      const [started, gate] = [chan<string>(10), chan<unknown>(1)]
      const before = runtime.numGoroutine()
      const waiting = range(1000).map(() => go(fixtures.waitWhenStarted, started, gate))
      for (let i = 0; i < 1000; i++) await started.receive()
      equal(runtime.numGoroutine(), before + 1000)
      equal(await go(fixtures.add, 1, 1), 2, 'another one meanwhile')
      gate.close()
      ok(new Set(await Promise.all(waiting)).size <= 4, 'more threads than the pool may have')
    },
  },
  {
    name: 'goroutines start goroutines from any thread, and there is one pool',
    rule: 30,
    needs: ['threads'],
    async run() {
      equal(await go(fixtures.fibonacci, 12), 144)
      const names = await go(fixtures.spread, 16, 15)
      ok(
        names.length > 1 && names.length <= 4,
        `16 goroutines of a pool thread ran on ${names.length} threads`,
      )
    },
  },
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
    name: 'channels cross at any depth: in arrays, objects, maps, sets and errors',
    rule: 'API 4',
    async run() {
      const channels = range(6).map(() => chan<string>(1))
      const error = Object.assign(new Error('holds channels', { cause: channels[5] }), {
        channel: channels[4],
      })
      const place = {
        list: [channels[0]!, channels[1]!],
        map: new Map([['key', channels[2]!]]),
        set: new Set([channels[3]!]),
        error,
      }
      equal(await go(fixtures.sendDeep, place, 'hello'), 6)
      for (const [i, channel] of channels.entries()) equal(channel.tryReceive(), `hello ${i}`)
    },
  },
  {
    name: 'the same channel is the same object, in one message, in two, and back home',
    rule: 'API 4',
    async run() {
      const channel = chan<number>(1)
      equal(await go(fixtures.areSame, channel, channel), true, 'in one message')
      equal(await go(fixtures.areSame, channel, chan(1)), false, 'another channel')
      const carrier = chan<unknown>(2)
      await carrier.send({ it: channel }.it)
      await carrier.send(channel)
      equal(await go(fixtures.comeAsOne, carrier), true, 'in two messages')
      equal(await go(fixtures.identity, channel), channel, 'back home')
      equal(await go(fixtures.identity, [channel, { channel }]), [channel, { channel }], 'back home, deep')
      await carrier.send(channel)
      equal(await carrier.receive(), channel, 'sent to oneself')
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
    name: 'receivers that were parked when the channel crossed are served in order, and nobody notices',
    rule: 107,
    async run() {
      const [channel, other] = [chan<number>(3), chan<number>(3)]
      const waiting = [
        channel.receive(),
        select({ channel, other }).then(hit => hit.value),
        channel.receiveOk().then(received => received.value),
        select([null, other, channel]).then(hit => hit.value),
        channel.receiveMany(1).then(([value]) => value),
      ]
      await go(fixtures.produce, channel, 0, 5)
      equal(await Promise.all(waiting), range(5))
      other.trySend(1)
      equal([channel.length, other.length], [0, 1], 'what the selects left behind')
    },
  },
  {
    name: 'a for await that was waiting when its channel crossed goes on to the end',
    rule: 107,
    async run() {
      const channel = chan<number>(2)
      const collected: number[] = []
      const loop = (async () => {
        for await (const value of channel) collected.push(value)
      })()
      await turn()
      await go(fixtures.produce, channel, 0, 300)
      await go(fixtures.closeChannel, channel)
      await loop
      equal(collected, range(300))
    },
  },
  {
    name: 'buffered values and parked senders cross with the channel, in order',
    rule: 107,
    async run() {
      const [channel, other] = [chan<unknown>(2), chan<unknown>(1)]
      const sending = [
        channel.send({ a: 1 }),
        channel.send('two'),
        channel.send(3),
        select({ sent: send(channel, [4]), other }),
        channel.send(5.5),
      ]
      equal(await go(fixtures.receiveSome, channel, 5), [{ a: 1 }, 'two', 3, [4], 5.5])
      equal((await sending[3]) as unknown, { case: 'sent', value: undefined, ok: true })
      await Promise.all(sending)
      other.trySend(1)
      equal(other.length, 1, 'the select still receives: length')
    },
  },
  {
    name: 'a closed channel crosses closed, with what is left in it',
    rule: 107,
    async run() {
      const channel = chan<number>(3)
      for (const i of range(3)) channel.trySend(i)
      channel.close()
      equal(await go(fixtures.consume, channel), range(3))
      equal([channel.closed, channel.length], [true, 0])
      const empty = chan<number>(1)
      empty.close()
      equal(await go(fixtures.receiveOne, empty), { value: undefined, ok: false })
    },
  },
  {
    name: 'crossing changes nothing that can be seen: length, capacity, closed, fullness',
    rule: 107,
    async run() {
      for (const capacity of [1, 2, 3, 64, 100]) {
        for (const filled of [0, 1, capacity - 1, capacity]) {
          const channel = chan<number>(capacity)
          for (const i of range(filled)) channel.trySend(i)
          const parked = filled === capacity ? [channel.send(filled), channel.send(filled + 1)] : []
          await go(fixtures.nop, channel)
          equal([channel.length, channel.capacity, channel.closed], [filled, capacity, false])
          equal(channel.trySend(99), filled < capacity, 'a send')
          const held = range(filled + parked.length)
          if (filled < capacity) held.push(99)
          for (const value of held) equal(channel.tryReceive(), value)
          equal(channel.tryReceiveOk(), undefined)
          await Promise.all(parked)
        }
      }
    },
  },
  {
    name: 'waiters that were parked when the channel crossed can be canceled, and lose nothing',
    rule: 104,
    async run() {
      const channel = chan<number>(1)
      const controller = new AbortController()
      const options = { signal: controller.signal }
      const waiting = [
        channel.receive(options),
        channel.receive(),
        select([channel], options),
        channel.receive(),
      ]
      await go(fixtures.nop, channel)
      controller.abort('gone')
      equal([await rejects(waiting[0]!, 'receive'), await rejects(waiting[2]!, 'select')], ['gone', 'gone'])
      await go(fixtures.produce, channel, 0, 3)
      equal([await waiting[1], await waiting[3], await channel.receive()], [0, 1, 2])
      const full = chan<number>(1)
      full.trySend(0)
      const again = new AbortController()
      const sending = [full.send(1, { signal: again.signal }), full.send(2)]
      await go(fixtures.nop, full)
      again.abort('gone')
      equal(await rejects(sending[0]!, 'send'), 'gone')
      equal(await go(fixtures.receiveSome, full, 2), [0, 2])
      await sending[1]
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
  {
    name: 'errors cross with class, message, stack, cause and code',
    rule: 108,
    async run() {
      const own = (await rejects(go(fixtures.fails, 'own'), 'the goroutine')) as fixtures.OwnError
      ok(own instanceof Error, 'not an Error')
      equal([own.name, own.message, own.code], ['OwnError', 'of a class of its own', 'ERR_OWN'])
      equal(own.details, { when: new Date(0), list: [1, 2] })
      ok(
        own.stack?.includes('parallel-fixtures'),
        `the stack does not name where it was thrown: ${own.stack}`,
      )
      ok(own.cause instanceof RangeError && own.cause.message === 'the cause', 'the cause')
      equal(own.cause.cause, 'deep')
      const type = await rejects(go(fixtures.fails, 'type'), 'the goroutine')
      ok(type instanceof TypeError && type.message === 'wrong', 'TypeError')
      const aggregate = await rejects(go(fixtures.fails, 'aggregate'), 'the goroutine')
      ok(aggregate instanceof AggregateError, 'AggregateError')
      equal(aggregate.errors, [new Error('first'), new SyntaxError('second')])
      const dom = await rejects(go(fixtures.fails, 'dom'), 'the goroutine')
      ok(dom instanceof DOMException && dom.name === 'AbortError', `a DOMException came as ${show(dom)}`)
      ok((await rejects(go(fixtures.failsAtOnce), 'the goroutine')) instanceof EvalError, 'EvalError')
      equal(((await rejects(go(fixtures.fails, 'later'), 'the goroutine')) as Error).message, 'later')
    },
  },
  {
    name: 'whatever is thrown crosses, errors or not',
    rule: 108,
    async run() {
      equal(await rejects(go(fixtures.fails, 'text'), 'the goroutine'), 'just text')
      equal(await rejects(go(fixtures.fails, 'nothing'), 'the goroutine'), undefined)
      equal(await rejects(go(fixtures.fails, 'other'), 'the goroutine'), { how: 'other' })
    },
  },
  {
    name: 'our own errors cross as what they are',
    rule: 'API 3',
    async run() {
      const channel = chan<number>(1)
      const error = await rejects(go(fixtures.closeTwice, channel), 'the goroutine')
      isError(error, 'ERR_CHAN_CLOSED', 'close of closed channel')
      ok(error instanceof ChanClosedError, `a ChanClosedError came as ${show(error)}`)
      equal(error.name, 'ChanClosedError')
    },
  },
  {
    name: 'an error that holds what cannot cross still says what it said',
    rule: 108,
    async run() {
      const error = await rejects(go(fixtures.failWithFunction), 'the goroutine')
      ok(error instanceof Error && error.message.includes('holds a function'), show(error))
    },
  },
  {
    name: 'an argument that cannot cross is refused by its path, nothing is started, and the channels beside it are still good',
    rule: 'API 5',
    async run() {
      const before = runtime.numGoroutine()
      const channel = chan<number>(2)
      channel.trySend(1)
      const waiting = chan<number>(1)
      const receiving = waiting.receive()
      const job = { job: { callback: () => 1 } }
      const error = await rejects(go(fixtures.howMany, channel, job, waiting), 'go')
      ok(error instanceof DataCloneError, `${show(error)} is not a DataCloneError`)
      isError(error, 'ERR_DATA_CLONE', 'args[1].job.callback')
      equal(error.path, 'args[1].job.callback')
      equal(runtime.numGoroutine(), before)
      equal(channel.length, 1)
      ok(channel.trySend(2), 'no room')
      equal([channel.tryReceive(), await channel.receive()], [1, 2])
      ok(waiting.trySend(3), 'no room')
      equal(await receiving, 3)
      channel.close()
      equal(await go(fixtures.consume, channel), [], 'a later crossing')
      const symbol = await rejects(go(fixtures.howMany, new Map([['key', [Symbol('s')]]])), 'go')
      ok(symbol instanceof DataCloneError && symbol.path.startsWith('args[0]'), show(symbol))
    },
  },
  {
    name: 'functions, symbols, promises, weak collections, iterators and shared buffers are refused, each by its path',
    rule: 'API 5',
    async run() {
      const wrong: [string, unknown][] = [
        ['args[0]', () => 1],
        ['args[0]', Symbol('s')],
        ['args[0].a.b[1]', { a: { b: [0, Promise.resolve()] } }],
        ['args[0][0]', [new WeakMap()]],
        ['args[0].it', { it: [1, 2].values() }],
        ['args[0]["odd key"]', { 'odd key': class Own {} }],
      ]
      if (typeof SharedArrayBuffer !== 'undefined') {
        wrong.push(
          ['args[0].shared', { shared: new SharedArrayBuffer(8) }],
          ['args[0].view', { view: new Int32Array(new SharedArrayBuffer(8)) }],
        )
      }
      for (const [path, value] of wrong) {
        const error = await rejects(go(fixtures.nop, value), `go with ${path}`)
        ok(error instanceof DataCloneError, `${path}: ${show(error)} is not a DataCloneError`)
        equal(error.path, path)
      }
    },
  },
  {
    name: 'a channel whose own contents cannot cross stays as it was',
    rule: 'API 5',
    async run() {
      const channel = chan<unknown>(1)
      const callback = () => 1
      channel.trySend({ fine: 1 })
      const parked = [channel.send({ callback }), channel.send('last')]
      const error = await rejects(go(fixtures.nop, { deep: channel }), 'go')
      ok(error instanceof DataCloneError, `${show(error)} is not a DataCloneError`)
      ok(
        error.path.includes('callback') || error.message.includes('callback'),
        `the culprit is not named: ${show(error)}`,
      )
      equal(channel.length, 1)
      equal(await channel.receive(), { fine: 1 })
      equal(await channel.receive(), { callback }, 'the function itself: the channel is still local')
      equal(await go(fixtures.receiveOne, channel), { value: 'last', ok: true }, 'once it can cross')
      await Promise.all(parked)
    },
  },
  {
    name: 'an unbuffered channel crosses with those who wait there',
    rule: 'API 4',
    async run() {
      const channel = chan<number>()
      const receiving = channel.receive()
      await go(fixtures.nop, 1, { deep: [channel] })
      ok(channel.trySend(1), 'the parked receiver is gone')
      equal(await receiving, 1)
    },
  },
  {
    name: 'a result that cannot cross rejects, by its path',
    rule: 'API 5',
    async run() {
      const error = await rejects(go(fixtures.answerFunction), 'go')
      isError(error, 'ERR_DATA_CLONE', 'result.deep[0].callback')
      ok(error instanceof DataCloneError && error.path === 'result.deep[0].callback', show(error))
    },
  },
  {
    name: 'a value that cannot cross is refused by every form of send on a shared channel, and nothing was sent',
    rule: 'API 5',
    async run() {
      const channel = chan<unknown>(2)
      equal(await go(fixtures.sendFunction, channel), ['ERR_DATA_CLONE', 'value.job.callback', 0])
      equal(channel.tryReceive(), 'good')
      const bad = { list: [1, () => 1] }
      const errors = [
        await rejects(channel.send(bad), 'send'),
        await rejects(channel.send(bad, { signal: new AbortController().signal }), 'send'),
        throws(() => channel.trySend(bad), 'trySend'),
        await rejects(select([send(channel, bad)]), 'select'),
        throws(() => trySelect([send(channel, bad)]), 'trySelect'),
      ]
      for (const error of errors) isError(error, 'ERR_DATA_CLONE', 'value.list[1]')
      channel.trySend(1)
      channel.trySend(2)
      isError(
        await rejects(channel.send(bad), 'a send that would have to wait'),
        'ERR_DATA_CLONE',
        'value.list[1]',
      )
      equal([channel.length, channel.tryReceive(), channel.tryReceive(), channel.length], [2, 1, 2, 0])
    },
  },
  {
    name: 'a parallel function needs a name of its own and its module’s URL',
    rule: 'API 3',
    run() {
      const wrong: [string, string, () => unknown][] = [
        [
          'anonymous',
          url,
          () =>
            parallel(
              url,
              (
                () => () =>
                  1
              )(),
            ),
        ],
        ['not a URL', 'here', () => parallel('here', function f() {})],
        ['nil', url, () => parallel(url, undefined as unknown as () => void)],
      ]
      for (const [what, module, make] of wrong) {
        const error = throws(make, what)
        ok(error instanceof ParallelError, `${what}: ${show(error)} is not a ParallelError`)
        equal(error.code, 'ERR_PARALLEL')
        if (what !== 'nil')
          ok(error.message.includes(module), `${what}: the module is not named: ${error.message}`)
      }
    },
  },
  {
    name: 'two parallel functions of one name in one module are refused, by module and name',
    rule: 'API 3',
    run() {
      const module = 'file:///somewhere/twice.js'
      const make = () => parallel(module, function twice() {})
      const seen = throws(() => [make(), make()], 'the second one')
      ok(seen instanceof ParallelError && seen.code === 'ERR_PARALLEL', show(seen))
      ok(seen.message.includes(module) && seen.message.includes('twice'), seen.message)
      parallel('file:///somewhere/else.js', function twice() {})
    },
  },
  {
    name: 'a parallel function that its module does not make on other threads rejects, by module and name',
    rule: 'API 3',
    needs: ['threads'],
    async run() {
      const { onlyOnMain } = await import('./broken/missing-on-threads.js')
      const error = await rejects(go(onlyOnMain!), 'go')
      ok(error instanceof ParallelError, `${show(error)} is not a ParallelError`)
      equal(error.code, 'ERR_PARALLEL')
      ok(error.message.includes('onlyOnMain') && error.message.includes('missing-on-threads'), error.message)
    },
  },
  {
    name: 'a module that fails to import rejects with that error, and its thread goes on',
    rule: 'API 8',
    needs: ['threads'],
    async run() {
      const lost = runtime.stats().threads.lost
      const { unreachable } = await import('./broken/throws-on-threads.js')
      for (let i = 0; i < 3; i++) {
        const error = await rejects(go(unreachable), 'go')
        ok(error instanceof TypeError && error.message === 'this module does not load here', show(error))
        equal((error as { code?: unknown }).code, 'ERR_OWN_IMPORT')
      }
      const nowhere = parallel(new URL('./not-there.js', url).href, function nowhere() {})
      const missing = await rejects(go(nowhere), 'go')
      ok(missing instanceof Error && missing.message.includes('not-there'), show(missing))
      equal(await go(fixtures.add, 1, 1), 2)
      equal(runtime.stats().threads.lost, lost, 'threads lost')
    },
  },
  {
    name: 'a program that forgot main() is told so by the threads that would start it again',
    rule: 'API 3',
    needs: ['threads'],
    async run() {
      const { outcome, ofTheTopLevel } = await import('./broken/starts-itself.js')
      equal(await ofTheTopLevel, 'worked', 'here')
      const [code, message] = (await go(outcome)) as [string, string]
      equal(code, 'ERR_PARALLEL')
      ok(message.includes('main('), message)
    },
  },
  {
    name: 'numGoroutine counts goroutines on all threads',
    rule: 38,
    async run() {
      const before = runtime.numGoroutine()
      const [started, gate] = [chan<string>(1), chan<unknown>(1)]
      const waiting = range(20).map(() => go(fixtures.waitWhenStarted, started, gate))
      for (let i = 0; i < 20; i++) await started.receive()
      equal(runtime.numGoroutine(), before + 20)
      gate.close()
      await Promise.all(waiting)
      equal(runtime.numGoroutine(), before)
    },
  },
  {
    name: 'a thread that ends takes its own goroutines with it; the others go on, and a new thread takes over',
    rule: 'API 8',
    needs: ['process.exit'],
    async run() {
      const before = runtime.stats().threads
      const [started, gate, told] = [chan<string>(1), chan<unknown>(1), chan<unknown>(1)]
      const waiting = range(24).map(() => go(fixtures.waitWhenStarted, started, gate))
      const names = await Promise.all(range(24).map(() => started.receive()))
      const dying = go(fixtures.exitWhenTold, started, told)
      const doomed = (await started.receive())!
      const outcomes = Promise.allSettled(waiting)
      told.close()
      const error = await rejects(dying, 'the goroutine whose thread ended')
      ok(error instanceof ThreadLostError, `${show(error)} is not a ThreadLostError`)
      equal(error.code, 'ERR_THREAD_LOST')
      equal((error.cause as Error).message, 'the thread ended with exit code 0')
      const lost = names.filter(name => name === doomed).length
      await turn()
      gate.close()
      for (const outcome of await outcomes) {
        if (outcome.status === 'fulfilled')
          ok(outcome.value !== doomed, 'a goroutine of the dead thread ended well')
        else ok(outcome.reason instanceof ThreadLostError, show(outcome.reason))
      }
      equal((await outcomes).filter(({ status }) => status === 'rejected').length, lost, 'goroutines lost')
      equal(runtime.stats().threads.lost, before.lost + 1)
      await eventually(() => runtime.stats().threads.running >= before.running, 'a new thread')
      equal(
        await Promise.all(range(50).map(i => go(fixtures.add, i, i))),
        range(50).map(i => 2 * i),
      )
    },
  },
  {
    name: 'threads that end one after the other never stop the pool',
    rule: 'API 8',
    needs: ['process.exit'],
    async run() {
      const { lost } = runtime.stats().threads
      for (let i = 0; i < 8; i++) {
        const [error, sum] = await Promise.all([
          rejects(go(fixtures.exit, i % 2), 'exit'),
          go(fixtures.nap, 1).catch(e => e),
        ])
        ok(error instanceof ThreadLostError, show(error))
        ok(typeof sum === 'string' || sum instanceof ThreadLostError, show(sum))
      }
      equal(runtime.stats().threads.lost, lost + 8)
      equal(await go(fixtures.add, 1, 2), 3)
    },
  },
  {
    name: 'what a thread that dies had sent is received, and what it waited for is free',
    rule: 107,
    needs: ['process.exit'],
    async run() {
      const [started, told, values] = [chan<string>(1), chan<unknown>(1), chan<number>(100)]
      const dying = rejects(go(fixtures.exitWhenTold, started, told), 'exit')
      await started.receive()
      await go(fixtures.produce, values, 0, 50)
      await told.send('die')
      await dying
      equal(told.length, 0)
      ok(told.trySend('for nobody'), 'no room')
      await turn()
      equal(told.length, 1, 'the dead goroutine received')
      values.close()
      equal(await go(fixtures.consume, values), range(50))
    },
  },
  {
    name: 'an exception that nobody catches ends its thread, and says so as the cause',
    rule: 33,
    needs: ['threads'],
    async run() {
      const error = await rejects(go(fixtures.failInTimer), 'the goroutine')
      ok(error instanceof ThreadLostError, `${show(error)} is not a ThreadLostError`)
      ok(
        error.cause instanceof Error && error.cause.message.includes('from a timer'),
        `the cause: ${show(error.cause)}`,
      )
      equal(await go(fixtures.add, 1, 2), 3)
    },
  },
  {
    name: 'fewer threads: those that are too many take nothing new, finish what they run, and end; more threads start with the work',
    rule: 'API 3',
    needs: ['threads'],
    async run() {
      const before = runtime.gomaxprocs(4)
      const { lost } = runtime.stats().threads
      await onSeveralThreads()
      const [started, gate] = [chan<string>(1), chan<unknown>(1)]
      const waiting = range(16).map(() => go(fixtures.waitWhenStarted, started, gate))
      const names = await Promise.all(range(16).map(() => started.receive()))
      equal(runtime.gomaxprocs(1), 4)
      gate.close()
      equal((await Promise.all(waiting)).toSorted(), names.toSorted(), 'where goroutines ended')
      await eventually(() => runtime.stats().threads.running === 1, 'the end of three threads')
      equal(new Set(await Promise.all(range(20).map(() => go(fixtures.spin, 1)))).size, 1, 'threads')
      runtime.gomaxprocs(3)
      await onSeveralThreads()
      equal(runtime.stats().threads.lost, lost, 'threads lost')
      runtime.gomaxprocs(before)
    },
  },
  {
    name: 'a thread that is to end hands on what it has not started, and waits for what it has',
    rule: 'API 3',
    needs: ['threads'],
    async run() {
      const before = runtime.gomaxprocs(2)
      const [started, told] = [chan<string>(1), chan<unknown>(1)]
      const spreading = range(4).map(() => go(fixtures.spreadWhenTold, started, told, 10))
      for (let i = 0; i < 4; i++) await started.receive()
      runtime.gomaxprocs(1)
      told.close()
      for (const names of await Promise.all(spreading)) equal(names.length, 10)
      await eventually(() => runtime.stats().threads.running === 1, 'the end of a thread')
      runtime.gomaxprocs(before)
    },
  },
  {
    name: 'more threads at once: work that waits for one is started there',
    rule: 'API 3',
    needs: ['threads'],
    async run() {
      const before = runtime.gomaxprocs(1)
      await eventually(() => runtime.stats().threads.running <= 1, 'the end of all threads but one')
      const started = chan<unknown>(100)
      const running = range(4).map(() => go(fixtures.spinWhenStarted, started, 300))
      await started.receive()
      runtime.gomaxprocs(3)
      ok(new Set(await Promise.all(running)).size > 1, 'all ran on one thread')
      runtime.gomaxprocs(before)
    },
  },
  {
    name: 'a thread that stands still has its unstarted goroutines taken over, by another thread if need be, which ends afterwards',
    rule: 'API 3',
    needs: ['threads'],
    async run() {
      const before = runtime.gomaxprocs(1)
      await eventually(() => runtime.stats().threads.running <= 1, 'the end of all threads but one')
      for (let round = 0; round < 3; round++) {
        const { ended, here, other } = await go(fixtures.standStill, 8000)
        ok(ended !== 'timed-out', 'nobody took over')
        ok(here !== other, 'one thread did both')
      }
      await eventually(() => runtime.stats().threads.running === 1, 'the end of the thread that took over')
      equal(new Set(await Promise.all(range(20).map(() => go(fixtures.spin, 1)))).size, 1, 'threads')
      runtime.gomaxprocs(before)
    },
  },
  {
    name: 'an endless flow of new goroutines lets timers run on their thread',
    rule: 36,
    async run() {
      const before = runtime.gomaxprocs(1)
      const { isOver, started } = await go(fixtures.flood, 20, 1_000_000)
      ok(isOver, `a timer of 20 ms had not fired after ${started} goroutines`)
      runtime.gomaxprocs(before)
    },
  },
  {
    name: 'memory cannot be configured any more once it is in use',
    rule: 'API 3',
    needs: ['threads'],
    async run() {
      await go(fixtures.nop)
      const error = throws(() => runtime.configure({ memory: { maximum: 2 ** 24 } }), 'configure')
      ok(error instanceof Error && error.message.includes('before first use'), show(error))
    },
  },
  {
    name: 'shutdown ends all threads at once, and the next goroutine starts the pool again',
    rule: 'API 7',
    needs: ['threads'],
    async run() {
      const [started, gate] = [chan<string>(1), chan<unknown>(1)]
      const waiting = range(3).map(() => rejects(go(fixtures.waitWhenStarted, started, gate), 'a goroutine'))
      for (let i = 0; i < 3; i++) await started.receive()
      const { lost } = runtime.stats().threads
      await runtime.shutdown()
      for (const error of await Promise.all(waiting)) ok(error instanceof ThreadLostError, show(error))
      await eventually(() => runtime.stats().threads.running === 0, 'the end of all threads')
      equal(runtime.stats().threads.lost, lost, 'threads lost')
      equal(await go(fixtures.add, 1, 2), 3)
      await runtime.shutdown()
      await runtime.shutdown()
      equal(await go(fixtures.add, 2, 2), 4)
    },
  },
]
