import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test, vi } from 'vitest'
// Pool threads load the compiled package, so the test has to as well.
import {
  AtomicBool,
  background,
  type Chan,
  type Context,
  cause,
  chan,
  contextKey,
  DataCloneError,
  DeadlineExceeded,
  fromSignal,
  go,
  runtime,
  ThreadLostError,
  todo,
  withCancel,
  withCancelCause,
  withoutCancel,
  withTimeout,
  withTimeoutCause,
  withValue,
} from '../dist/index.js'
import {
  comeAndGo,
  derive,
  deriveEach,
  echo,
  endSlowly,
  forgetAndExit,
  forward,
  inspect,
  lend,
  same,
  spin,
  USER,
  wait,
} from '../fixtures/contexts.mjs'

// Threads have to be started first, perhaps on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const FOREVER = 1e9
const begun: Chan<unknown> = chan(100)

runtime.gomaxprocs(Math.max(2, runtime.gomaxprocs()))
afterAll(() => runtime.shutdown())

describe('cancelling here reaches a goroutine on another thread', () => {
  test('that never awaits: err tells it', async () => {
    const [ctx, cancel] = withCancelCause(background())
    const spinning = go(spin, ctx, begun)
    await begun.receive()
    cancel(new TypeError('why'))
    const { error, cause, loops } = await spinning
    expect(error).toBe('Canceled')
    expect(cause).toEqual(new TypeError('why'))
    expect(cause).toBeInstanceOf(TypeError)
    expect(loops).toBeGreaterThanOrEqual(100)
  })

  const ways = ['done', 'select', 'signal', 'afterFunc', 'receive', 'send', 'sleep', 'child'] as const
  test.each(ways)('that waits: %s', async how => {
    const [ctx, cancel] = withCancelCause(withValue(background(), USER, 'ann'))
    const waiting = go(wait, ctx, how, begun)
    expect(await begun.receive()).toBe(how)
    const why = new RangeError('why')
    cancel(why)
    const { error, cause, reason } = await waiting
    expect([error, cause, reason]).toEqual(['Canceled', why, why])
  })

  test('that waited before, and waits no more', async () => {
    const [ctx, cancel] = withCancelCause(background())
    const going = go(comeAndGo, ctx, begun)
    expect(await begun.receive()).toBe('gave up')
    cancel('why')
    expect(await going).toEqual({ error: 'Canceled', cause: 'why' })
  })

  test('on each of several threads, also where the context was handed on', async () => {
    const [ctx, cancel] = withCancelCause(background())
    const waiting = [
      go(wait, ctx, 'done', begun),
      go(forward, ctx, 'receive', begun),
      go(forward, ctx, 'child', begun),
    ]
    for (const _ of waiting) await begun.receive()
    cancel('why')
    for (const end of await Promise.all(waiting))
      expect(end).toMatchObject({ error: 'Canceled', cause: 'why' })
  })

  test('from above: a parent, an AbortSignal, a deadline', async () => {
    const [parent, cancel] = withCancelCause(background())
    const below = go(wait, withValue(withTimeout(parent, FOREVER)[0], USER, 1), 'done', begun)
    const controller = new AbortController()
    const signal = go(wait, withCancel(fromSignal(controller.signal))[0], 'receive', begun)
    const late = go(wait, withTimeoutCause(background(), 1, 'too slow')[0], 'receive', begun)
    for (let i = 0; i < 3; i++) await begun.receive()
    cancel('parent')
    controller.abort('signal')
    expect(await below).toMatchObject({ error: 'Canceled', cause: 'parent' })
    expect(await signal).toMatchObject({ error: 'Canceled', cause: 'signal' })
    expect(await late).toMatchObject({ error: 'DeadlineExceeded', cause: 'too slow' })
  })
})

describe('a context on another thread', () => {
  test('has the deadline, and ends by it without being told', async () => {
    const [ctx] = withTimeout(background(), 50)
    expect((await go(inspect, ctx)).deadline).toEqual(ctx.deadline())
    const { error, loops } = await go(spin, ctx, begun)
    expect(error).toBe('DeadlineExceeded')
    expect(loops).toBeGreaterThanOrEqual(0)
    await begun.tryReceive()
    expect(ctx.err()).toBeInstanceOf(DeadlineExceeded)
  })

  test('has the values, the nearest of each key', async () => {
    const [ctx] = withCancel(
      withValue(withValue(background(), USER, 'far'), USER, { name: 'ann', tags: new Set([1]) }),
    )
    expect((await go(inspect, ctx)).user).toEqual({ name: 'ann', tags: new Set([1]) })
    expect((await go(inspect, withValue(ctx, USER, 'near'))).user).toBe('near')
    expect((await go(inspect, withValue(ctx, USER, undefined))).user).toBeUndefined()
    expect((await go(inspect, withValue(background(), USER, 'root'))).user).toBe('root')
  })

  test('that had ended before it crossed has ended', async () => {
    const [ctx, cancel] = withCancelCause(background())
    cancel(new RangeError('why'))
    for (const ended of [ctx, withCancel(ctx)[0], withValue(ctx, USER, 1)]) {
      expect(await go(inspect, ended)).toMatchObject({ error: 'Canceled', cause: new RangeError('why') })
    }
    const [late] = withTimeoutCause(background(), 0, 'too slow')
    expect(await go(inspect, late)).toMatchObject({ error: 'DeadlineExceeded', cause: 'too slow' })
  })

  test('keeps its name, as far as it can be told', async () => {
    const [ctx] = withTimeout(withValue(background(), USER, 'ann'), FOREVER)
    expect((await go(inspect, ctx)).text).toMatch(
      /^context\.Background\.WithValue\(millrace-test\/user, ann\)\.WithDeadline\(.*\)$/,
    )
    expect((await go(inspect, todo())).text).toBe('context.TODO')
    expect((await go(inspect, withoutCancel(withValue(ctx, USER, 'bob')))).text).toMatch(
      /^context\.Background\.WithValue\(millrace-test\/user, bob\)\.WithoutCancel$/,
    )
  })

  test('without cancellation has the values and never ends', async () => {
    const [parent, cancel] = withCancel(withValue(background(), USER, 'ann'))
    cancel()
    expect(await go(inspect, withoutCancel(parent))).toMatchObject({
      error: undefined,
      deadline: undefined,
      user: 'ann',
    })
  })

  test('is one, however often it arrives, and comes home as itself', async () => {
    const [cancelable] = withCancel(background())
    const contexts = [
      cancelable,
      withTimeout(background(), FOREVER)[0],
      withValue(cancelable, USER, 'ann'),
      withValue(background(), USER, 'bob'),
      background(),
      todo(),
    ]
    for (const ctx of contexts) {
      expect(await go(same, ctx, ctx)).toBe(true)
      expect(await go(echo, ctx)).toBe(ctx)
      expect(await go(echo, { deep: [{ ctx }] })).toEqual({ deep: [{ ctx }] })
    }
    const done: unknown = await go(echo, cancelable.done() as unknown)
    expect(done).toBe(cancelable.done())
    expect(await go(echo, background().done() as unknown)).toBe(background().done())
  })

  test('can be sent on a channel, and its done channel alone can cross', async () => {
    const contexts = chan<Context>(1)
    const [ctx, cancel] = withCancel(background())
    await go(echo, contexts)
    await contexts.send(ctx)
    expect(await contexts.receive()).toBe(ctx)
    const done = await go(echo, [ctx.done()] as unknown[])
    cancel()
    expect(done).toEqual([ctx.done()])
    expect(ctx.done().closed).toBe(true)
  })
})

describe('a context that was made on another thread', () => {
  const borrow = async () => {
    const contexts: Chan<Context> = chan(1)
    const told: Chan<boolean> = chan(1)
    const lending = go(lend, contexts, told)
    const ctx = (await contexts.receive())!
    const end = async () => {
      await told.send(true)
      await lending
    }
    return { ctx, end }
  }

  test('ends here when it is cancelled there', async () => {
    const { ctx, end } = await borrow()
    expect([ctx.err(), cause(ctx), ctx.value(USER)]).toEqual([undefined, undefined, 'lent'])
    const [child] = withCancelCause(withValue(ctx, contextKey('millrace-test/other'), 1))
    const waiting = [
      ctx.done().receiveOk(),
      child.done().receiveOk(),
      chan()
        .receive(child)
        .catch(error => error),
      new Promise(resolve => ctx.signal.addEventListener('abort', resolve)),
    ]
    await end()
    await Promise.all(waiting)
    expect(ctx.err()?.message).toBe('context canceled')
    expect(child.err()).toBe(ctx.err())
    expect(await waiting[2]).toBe(ctx.err())
  })

  test('can be derived from here without the other thread knowing', async () => {
    const { ctx, end } = await borrow()
    const [child, cancel] = withCancelCause(ctx)
    cancel('mine')
    expect(cause(child)).toBe('mine')
    expect(ctx.err()).toBeUndefined()
    expect(await go(echo, ctx)).toBe(ctx)
    expect(await go(inspect, child)).toMatchObject({ error: 'Canceled', cause: 'mine', user: 'lent' })
    await end()
    for (let i = 0; i < 1000 && !ctx.err(); i++) {
      // Written before the goroutine ended: seen by now.
    }
    expect(ctx.err()?.message).toBe('context canceled')
    expect(await go(inspect, ctx)).toMatchObject({ error: 'Canceled' })
  })
})

describe('a context between two threads', () => {
  /** One below `parent`, of a thread that is busy until told, and perhaps ends then. */
  const derived = async (parent: Context, exits: boolean) => {
    const [contexts, told] = [chan<Context>(1), new AtomicBool()]
    const spinning = go(derive, parent, contexts, told, exits)
    return { ctx: (await contexts.receive())!, spinning, told }
  }
  const lost = {
    error: 'Canceled',
    cause: new ThreadLostError('the thread that made this context has ended'),
  }
  const ended = { error: 'Canceled', cause: 'why' }

  test('ends with the one above it, whatever the thread that made it is busy with', async () => {
    const [parent, cancel] = withCancelCause(background())
    const { ctx, spinning, told } = await derived(withValue(parent, USER, 'ann'), false)
    const waiting = go(wait, ctx, 'done', begun)
    await begun.receive()
    cancel('why')
    expect(await waiting).toMatchObject(ended)
    expect(cause(ctx)).toBe('why')
    expect(await go(inspect, ctx)).toMatchObject(ended)
    told.store(true)
    expect(await spinning).toEqual(ended)
  })

  test('ends with the thread that made it', async () => {
    for (const parent of [background(), withTimeout(background(), FOREVER)[0]]) {
      const { ctx, spinning, told } = await derived(parent, true)
      const waiting = go(wait, ctx, 'done', begun)
      await begun.receive()
      told.store(true)
      await expect(spinning).rejects.toBeInstanceOf(ThreadLostError)
      const end = await waiting
      expect(end).toMatchObject(lost)
      expect(end.cause).toBeInstanceOf(ThreadLostError)
      expect(cause(ctx)).toEqual(lost.cause)
      expect(await go(inspect, withCancel(ctx)[0])).toMatchObject(lost)
      expect(parent.err()).toBeUndefined()
    }
  })

  test('ends with the thread that made it also if that had let go of it', async () => {
    const [contexts, told] = [chan<Context>(1), chan<unknown>()]
    const dying = go(forgetAndExit, contexts, begun, told)
    const ctx = (await contexts.receive())!
    const waiting = ctx.done().receive()
    expect(await begun.receive()).toBe('forgot')
    told.close()
    await expect(dying).rejects.toBeInstanceOf(ThreadLostError)
    await waiting
    expect(cause(ctx)).toEqual(lost.cause)
  })

  test('that had ended with the one above it stays so when its thread dies, whoever asks when', async () => {
    const [parent, cancel] = withCancelCause(background())
    const asked = await derived(parent, true)
    const unasked = await derived(parent, true)
    cancel('why')
    expect(cause(asked.ctx)).toBe('why')
    for (const { told, spinning } of [asked, unasked]) {
      told.store(true)
      await expect(spinning).rejects.toBeInstanceOf(ThreadLostError)
    }
    for (const { ctx } of [asked, unasked]) {
      expect(await go(inspect, ctx)).toMatchObject(ended)
      expect(cause(ctx)).toBe('why')
    }
  })

  test('lasts when its thread leaves, as there are to be fewer', async () => {
    const before = runtime.gomaxprocs()
    try {
      // On two threads, as both are busy until both have lent one.
      runtime.gomaxprocs(2)
      const lenders = [await derived(background(), false), await derived(background(), false)]
      for (const { told } of lenders) told.store(true)
      await Promise.all(lenders.map(({ spinning }) => spinning))
      const { lost } = runtime.stats().threads
      runtime.gomaxprocs(1)
      await vi.waitUntil(() => runtime.stats().threads.running === 1, { timeout: 30_000 })
      expect(runtime.stats().threads.lost).toBe(lost)
      for (const { ctx } of lenders) {
        expect(ctx.err()).toBeUndefined()
        expect(await go(inspect, ctx)).toMatchObject({ error: undefined })
      }
    } finally {
      runtime.gomaxprocs(before)
    }
  })

  test('has ended on all threads before anybody hears of it on its own', async () => {
    const [parent, cancel] = withCancelCause(background())
    const [contexts, told, ends] = [chan<Context>(), new AtomicBool(), chan<unknown>(1)]
    const ending = go(endSlowly, parent, contexts, told, ends)
    const ctx = (await contexts.receive())!
    await contexts.receive()
    await ends.receive()
    cancel('too late')
    expect(cause(ctx)).toBe('its own')
    told.store(true)
    expect(await ending).toEqual({ error: 'Canceled', cause: 'its own' })
    expect(await go(inspect, ctx)).toMatchObject({ error: 'Canceled', cause: 'its own' })
  })

  test('ends with the first, however many hands it went through', async () => {
    const [first, cancel] = withCancelCause(background())
    const [given, contexts] = [chan<Context>(1), chan<Context>(1)]
    const deriving = go(deriveEach, given, contexts)
    let ctx: Context = first
    for (let i = 0; i < 300; i++) {
      await given.send(withCancel(ctx)[0])
      ctx = (await contexts.receive())!
    }
    const waiting = go(wait, ctx, 'receive', begun)
    await begun.receive()
    cancel('why')
    expect(await waiting).toMatchObject(ended)
    expect(cause(ctx)).toBe('why')
    given.close()
    await deriving
  })
})

describe('what cannot cross', () => {
  test('among the values is refused with its path, and nothing starts', async () => {
    const [ctx] = withCancel(withValue(background(), USER, { callback() {} }))
    const refused = go(inspect, ctx)
    await expect(refused).rejects.toBeInstanceOf(DataCloneError)
    await expect(refused).rejects.toThrow(/^args\[0\].*"millrace-test\/user".*callback could not be cloned/)
    const key = Symbol('private') as never
    await expect(go(inspect, withValue(background(), key, 1 as never))).rejects.toThrow('Symbol(private)')
  })

  test('as a cause is replaced by what says so: cancelling never fails', async () => {
    const causes = [() => {}, { callback() {} }, { channel: chan(1) }, new Error('why', { cause: [chan(1)] })]
    for (const why of causes) {
      const [ctx, cancel] = withCancelCause(background())
      const waiting = go(wait, ctx, 'done', begun)
      await begun.receive()
      cancel(why)
      expect(cause(ctx)).toBe(why)
      const end = await waiting
      expect(end.error).toBe('Canceled')
      expect(end.cause).toBeInstanceOf(DataCloneError)
    }
  })

  test('as a cause: anything else crosses, for every thread that asks', async () => {
    const causes = [
      'text',
      0,
      -1.5,
      false,
      2n ** 70n,
      { a: [new Date(0)] },
      new AggregateError([new Error('1')], 'all'),
    ]
    for (const why of causes) {
      const [ctx, cancel] = withCancelCause(background())
      const waiting = [0, 1, 2].map(() => go(forward, ctx, 'done', begun))
      for (const _ of waiting) await begun.receive()
      cancel(why)
      for (const end of await Promise.all(waiting)) expect(end.cause).toEqual(why)
      expect((await go(inspect, ctx)).cause).toEqual(why)
    }
  })
})

test('two thousand contexts cross, are waited for and cancelled', async () => {
  const [parent, cancel] = withCancelCause(background())
  const round = 500
  for (let i = 0; i < 4; i++) {
    const made = Array.from({ length: round }, () => withCancel(parent))
    const waiting = made.map(([ctx]) => go(wait, ctx, 'done', chan(1)))
    for (const [, cancelOne] of made) cancelOne()
    for (const { error } of await Promise.all(waiting)) expect(error).toBe('Canceled')
  }
  cancel('end')
})

describe('the process', () => {
  const run = async (name: string) => {
    const program = fileURLToPath(new URL('../fixtures/context-process.mjs', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [program, name])
    return stdout.trim()
  }

  test('lives on while a goroutine of another thread waits for a deadline', async () => {
    expect(await run('deadline')).toBe('DeadlineExceeded')
  })

  test('ends when one waits for what nobody can cancel any more', async () => {
    expect(await run('forgotten')).toBe('done')
  })
})
