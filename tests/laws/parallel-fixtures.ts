import {
  type AtomicBool,
  type Chan,
  go,
  parallel,
  type ReceiveChan,
  runtime,
  type SendChan,
  select,
  send,
} from '@millrace/core'

// What the laws start on other threads.

/** A name of this thread. */
export const here = Math.random().toString(36).slice(2)

export const nop = parallel(import.meta.url, function nop(..._args: unknown[]) {})

export const identity = parallel(import.meta.url, function identity(value: unknown) {
  return value
})

export const howMany = parallel(import.meta.url, function howMany(...args: unknown[]) {
  return args.length
})

export const shutDown = parallel(import.meta.url, function shutDown() {
  return runtime.shutdown()
})

export const add = parallel(import.meta.url, async function add(a: number, b: number) {
  await runtime.gosched()
  return a + b
})

export const isMain = parallel(import.meta.url, function isMain() {
  return runtime.isMainThread
})

export const makeChannels = parallel(
  import.meta.url,
  async function makeChannels(count: number, capacity: number) {
    const { chan } = await import('@millrace/core')
    return Array.from({ length: count }, () => chan<unknown>(capacity))
  },
)

/** Keeps its thread busy without ever letting go. */
export const spin = parallel(import.meta.url, function spin(ms: number) {
  const end = performance.now() + ms
  while (performance.now() < end);
  return here
})

export const produce = parallel(
  import.meta.url,
  async function produce(sink: SendChan<number>, from: number, count: number) {
    for (let i = from; i < from + count; i++) await sink.send(i)
    return here
  },
)

export const consume = parallel(import.meta.url, async function consume<T>(source: ReceiveChan<T>) {
  const values: T[] = []
  for await (const value of source) values.push(value)
  return values
})

export const receiveOne = parallel(import.meta.url, async function receiveOne(source: ReceiveChan<unknown>) {
  return source.receiveOk()
})

export const receiveSome = parallel(
  import.meta.url,
  async function receiveSome(source: ReceiveChan<unknown>, count: number) {
    const values: unknown[] = []
    for (let i = 0; i < count; i++) values.push(await source.receive())
    return values
  },
)

export const sendEach = parallel(
  import.meta.url,
  async function sendEach(sink: SendChan<unknown>, values: unknown[]) {
    for (const value of values) await sink.send(value)
  },
)

export const closeChannel = parallel(import.meta.url, function closeChannel(channel: SendChan<unknown>) {
  channel.close()
})

export const double = parallel(
  import.meta.url,
  async function double(source: ReceiveChan<number>, sink: SendChan<number>) {
    for await (const value of source) await sink.send(value * 2)
    sink.close()
  },
)

/** Answers requests on the channel that each brings along. */
export const serve = parallel(
  import.meta.url,
  async function serve(requests: ReceiveChan<{ n: number; reply: SendChan<number> }>) {
    for await (const { n, reply } of requests) await reply.send(n * n)
  },
)

export const areSame = parallel(import.meta.url, function areSame(a: unknown, b: unknown) {
  return a === b
})

/** Whether the two things that come over `carrier` are one. */
export const comeAsOne = parallel(import.meta.url, async function comeAsOne(carrier: ReceiveChan<unknown>) {
  const first = await carrier.receive()
  return first === (await carrier.receive())
})

/** Sends `value` on whatever channels it finds in `place`. */
export const sendDeep = parallel(
  import.meta.url,
  async function sendDeep(
    place: { list: Chan<string>[]; map: Map<string, Chan<string>>; set: Set<Chan<string>>; error: Error },
    value: string,
  ) {
    const channels = [...place.list, ...place.map.values(), ...place.set]
    channels.push(
      (place.error as Error & { channel: Chan<string> }).channel,
      place.error.cause as Chan<string>,
    )
    for (const [i, channel] of channels.entries()) await channel.send(`${value} ${i}`)
    return channels.length
  },
)

export const fibonacci = parallel(import.meta.url, async function fibonacci(n: number): Promise<number> {
  if (n < 2) return n
  const [a, b] = await Promise.all([go(fibonacci, n - 1), go(fibonacci, n - 2)])
  return a + b
})

/** Starts `count` goroutines from its own thread; answers where they ran. */
export const spread = parallel(import.meta.url, async function spread(count: number, ms: number) {
  const names = await Promise.all(Array.from({ length: count }, () => go(spin, ms)))
  return [...new Set(names)]
})

export class OwnError extends Error {
  override readonly name = 'OwnError'
  readonly code = 'ERR_OWN'
  readonly details = { when: new Date(0), list: [1, 2] }
}

export const fails = parallel(import.meta.url, async function fails(how: string) {
  switch (how) {
    case 'own':
      throw new OwnError('of a class of its own', { cause: new RangeError('the cause', { cause: 'deep' }) })
    case 'type':
      throw new TypeError('wrong')
    case 'aggregate':
      throw new AggregateError([new Error('first'), new SyntaxError('second')], 'several')
    case 'text':
      throw 'just text'
    case 'nothing':
      throw undefined
    case 'later':
      await runtime.gosched()
      throw new Error('later')
    case 'dom':
      throw new DOMException('aborted', 'AbortError')
    default:
      throw { how }
  }
})

export const failsAtOnce = parallel(import.meta.url, function failsAtOnce() {
  throw new EvalError('at once')
})

/** Misuses a channel: answers with the error, thrown. */
export const closeTwice = parallel(import.meta.url, function closeTwice(channel: SendChan<unknown>) {
  channel.close()
  channel.close()
})

export const answerFunction = parallel(import.meta.url, function answerFunction(): unknown {
  return { deep: [{ callback: () => 1 }] }
})

export const failWithFunction = parallel(import.meta.url, function failWithFunction() {
  throw Object.assign(new Error('holds a function'), { callback: () => 1 })
})

/** Tries to send what cannot cross; tells what came of it, and what a good value did afterwards. */
export const sendFunction = parallel(
  import.meta.url,
  async function sendFunction(channel: Chan<unknown>): Promise<unknown> {
    try {
      await channel.send({ job: { callback: () => 1 } })
      return 'sent'
    } catch (error) {
      const before = channel.length
      await channel.send('good')
      return [(error as { code: string }).code, (error as { path: string }).path, before]
    }
  },
)

/** Says where it runs, and waits. */
export const waitWhenStarted = parallel(
  import.meta.url,
  async function waitWhenStarted(started: SendChan<string>, gate: ReceiveChan<unknown>) {
    await started.send(here)
    await gate.receive()
    return here
  },
)

/** Waits on `source` with a signal of its own, and gives up. */
export const giveUp = parallel(
  import.meta.url,
  async function giveUp(source: ReceiveChan<unknown>, ms: number) {
    const controller = new AbortController()
    setTimeout(() => controller.abort(new Error('gave up')), ms)
    try {
      return await source.receive({ signal: controller.signal })
    } catch (error) {
      return (error as Error).message
    }
  },
)

export const selectSome = parallel(
  import.meta.url,
  async function selectSome(a: ReceiveChan<number>, b: ReceiveChan<number>, echo: SendChan<number>) {
    const counts = { a: 0, b: 0, echo: 0 }
    let sources: [ReceiveChan<number> | null, ReceiveChan<number> | null] = [a, b]
    while (sources[0] || sources[1]) {
      const hit = await select({ a: sources[0], b: sources[1], echo: send(echo, 1) })
      if (hit.ok) counts[hit.case]++
      else if (hit.case === 'a') sources = [null, sources[1]]
      else sources = [sources[0], null]
    }
    return counts
  },
)

/**
 * Moves a value from `a` to `b`, round after round: it is put into `b` before it is taken from `a`, so that at every moment
 * at least one of the two has a value. `ready` begins a round, `over` ends it.
 */
export const moveOver = parallel(
  import.meta.url,
  function moveOver(
    [a, b]: [Chan<number>, Chan<number>],
    [ready, over]: [Chan<number>, Chan<number>],
    most: number,
  ) {
    const end = performance.now() + 3000
    let rounds = 0
    while (rounds < most && performance.now() < end) {
      a.trySend(0)
      ready.trySend(0)
      for (let i = Math.random() * 30_000; i > 0; i--);
      b.trySend(0)
      a.tryReceive()
      while (over.length === 0);
      for (const channel of [a, b, over]) channel.tryReceive()
      rounds++
    }
    ready.close()
    return rounds
  },
)

/** Keeps its thread busy until `over` is set. */
export const spinUntil = parallel(
  import.meta.url,
  function spinUntil(started: SendChan<unknown>, over: AtomicBool) {
    started.trySend(here)
    const end = performance.now() + 8000 // a law that fails must not leave a thread spinning
    while (!over.load() && performance.now() < end);
    return over.load()
  },
)

/** Starts goroutines without end, each from the one before; answers how many there were when a timer of this thread fired. */
export const flood = parallel(import.meta.url, async function flood(ms: number, most: number) {
  let isOver = false
  setTimeout(() => {
    isOver = true
  }, ms)
  let started = 0
  const line = async () => {
    while (!isOver && started < most) {
      started++
      await go(nop)
    }
  }
  await Promise.all(Array.from({ length: 200 }, line))
  return { isOver, started }
})
