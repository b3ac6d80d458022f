import { ChanClosedError, chan, DataCloneError, go, runtime, select, send, trySelect } from '@millrace/core'
import { equal, isError, ok, range, rejects, show, throws } from './expect.js'
import type { Law } from './law.js'
import * as fixtures from './parallel-fixtures.js'

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

/** Rule 5 of the API: values cross by copy, and what cannot cross is refused by its path. */
export const crossingValueLaws: Law[] = [
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
        ['args[0].cases.sent', { cases: { sent: send(chan(1), 1) } }],
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
]
