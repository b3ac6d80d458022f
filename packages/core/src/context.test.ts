import { execFile } from 'node:child_process'
import { getEventListeners } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { collect } from '../fixtures/collect.mjs'
import { ManualClock } from '../fixtures/manual-clock.mjs'
import { type Chan, chan, type ReceiveChan } from './chan.js'
import { type Clock, useClock } from './clock.js'
import {
  afterFunc,
  background,
  type Context,
  type ContextKey,
  cause,
  contextKey,
  fromSignal,
  todo,
  withCancel,
  withCancelCause,
  withDeadline,
  withDeadlineCause,
  withoutCancel,
  withTimeout,
  withTimeoutCause,
  withValue,
} from './context.js'
import { Canceled, DeadlineExceeded } from './errors.js'
import { select, send, trySelect } from './select.js'
import { sleep } from './time.js'

// Some tests start processes, perhaps on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

/** Lets everything happen that can happen by itself. */
const turn = () => new Promise<void>(resolve => setImmediate(resolve))

/** What has become of a promise by now. */
async function stateOf(promise: Promise<unknown>): Promise<unknown> {
  const pending = {}
  await turn()
  const value = await Promise.race([promise, pending])
  return value === pending ? 'pending' : value
}

const isDone = (ctx: Context) => ctx.done().closed && trySelect([ctx.done()]) !== undefined
const FOREVER = 1e12

/** Somebody else's context: what Go's tests call a custom one. It can be cancelled on its own; else it is as its parent. */
class CustomContext implements Context {
  readonly parent: Context
  readonly #done: Chan<never> = chan<never>()
  readonly #stop: () => boolean
  #err: Error | undefined

  constructor(parent: Context) {
    this.parent = parent
    this.#stop = afterFunc(parent, () => this.cancel(parent.err()!))
  }

  cancel(err: Error = new Canceled()): void {
    if (this.#err) return
    this.#stop()
    this.#err = this.parent.err() ?? err
    this.#done.close()
  }

  done(): ReceiveChan<never> {
    return this.#done
  }

  err(): Error | undefined {
    return this.#err
  }

  deadline(): Date | undefined {
    return this.parent.deadline()
  }

  value<T>(key: ContextKey<T>): T | undefined {
    return this.parent.value(key)
  }

  get signal(): AbortSignal {
    throw new Error('nobody should need the signal')
  }
}

/** Somebody else's context with an AfterFunc of its own; counts who asked to be told. */
class HookContext implements Context {
  readonly told = new Set<() => void>()
  readonly #done: Chan<never> = chan<never>()
  #err: Error | undefined

  afterFunc(fn: () => void): () => boolean {
    this.told.add(fn)
    return () => this.told.delete(fn)
  }

  cancel(): void {
    this.#err = new Canceled()
    this.#done.close()
    for (const fn of this.told) fn()
    this.told.clear()
  }

  done(): ReceiveChan<never> {
    return this.#done
  }

  err(): Error | undefined {
    return this.#err
  }

  deadline(): undefined {}
  value(): undefined {}

  get signal(): AbortSignal {
    throw new Error('nobody should need the signal')
  }
}

/** Somebody else's context that only adds to one of ours. */
class WrappedContext implements Context {
  readonly inner: Context

  constructor(inner: Context) {
    this.inner = inner
  }

  done = () => this.inner.done()
  err = () => this.inner.err()
  deadline = () => this.inner.deadline()
  value = <T>(key: ContextKey<T>) => this.inner.value(key)

  get signal(): AbortSignal {
    return this.inner.signal
  }
}

describe('background and todo (66)', () => {
  test('never end, have no deadline and no values', async () => {
    for (const ctx of [background(), todo()]) {
      expect(ctx.err()).toBeUndefined()
      expect(cause(ctx)).toBeUndefined()
      expect(ctx.deadline()).toBeUndefined()
      expect(ctx.value(contextKey('any'))).toBeUndefined()
      expect(ctx.signal.aborted).toBe(false)
      expect(trySelect([ctx.done()])).toBeUndefined()
      expect([ctx.done().length, ctx.done().capacity, ctx.done().closed]).toEqual([0, 0, false])
      expect(await stateOf(ctx.done().receive())).toBe('pending')
    }
  })

  test('are the same on every call, and not each other', () => {
    expect(background()).toBe(background())
    expect(todo()).toBe(todo())
    expect(todo()).not.toBe(background())
    expect([String(background()), String(todo())]).toEqual(['context.Background', 'context.TODO'])
  })
})

describe('cancel (67)', () => {
  test('ends the context: error, done channel, signal', async () => {
    const [ctx, cancel] = withCancel(background())
    expect(ctx.err()).toBeUndefined()
    expect(isDone(ctx)).toBe(false)
    const received = ctx.done().receiveOk()
    const { signal } = ctx
    cancel()
    expect(ctx.err()).toBeInstanceOf(Canceled)
    expect(isDone(ctx)).toBe(true)
    expect(signal.aborted).toBe(true)
    expect(await received).toEqual({ value: undefined, ok: false })
  })

  test('only counts once: the error stays the same', () => {
    const [ctx, cancel] = withCancelCause(background())
    const first = new Error('first')
    cancel(first)
    const err = ctx.err()
    cancel(new Error('second'))
    cancel()
    expect(ctx.err()).toBe(err)
    expect(cause(ctx)).toBe(first)
  })

  test('has cancelled everything below before it returns', () => {
    const [parent, cancel] = withCancel(background())
    const below: Context[] = []
    let ctx = parent
    for (let i = 0; i < 5; i++) {
      below.push(withCancel(ctx)[0])
      ctx = withValue(i % 2 ? withTimeout(ctx, FOREVER)[0] : withCancelCause(ctx)[0], contextKey(`${i}`), i)
      below.push(ctx)
    }
    const watched = below.filter((_, i) => i % 3 === 0).map(({ signal }) => signal)
    cancel()
    for (const ctx of below) {
      expect(ctx.err()).toBe(parent.err())
      expect(isDone(ctx)).toBe(true)
    }
    expect(watched.every(signal => signal.aborted)).toBe(true)
  })

  test('is seen by everybody at the same time: who is told first finds the others ended', () => {
    const [parent, cancel] = withCancel(background())
    const all = [parent, withCancel(parent)[0], withCancel(parent)[0]]
    all.push(withCancel(all[1])[0])
    const seen: boolean[] = []
    for (const ctx of all) {
      ctx.signal.addEventListener('abort', () => seen.push(all.every(other => other.err() && isDone(other))))
    }
    cancel()
    expect(seen).toEqual([true, true, true, true])
  })

  test('of a child leaves parent and siblings alone', () => {
    const [parent] = withCancel(background())
    const [child, cancelChild] = withCancel(parent)
    const [sibling] = withCancel(parent)
    cancelChild()
    expect(child.err()).toBeDefined()
    expect(parent.err()).toBeUndefined()
    expect(sibling.err()).toBeUndefined()
  })

  test('is Disposable', () => {
    const contexts = [withCancel, withCancelCause].map(make => {
      const [ctx, cancel] = make(background())
      cancel[Symbol.dispose]()
      return ctx
    })
    const [ctx, cancel] = withTimeout(background(), FOREVER)
    cancel[Symbol.dispose]()
    for (const ended of [...contexts, ctx]) {
      expect(ended.err()).toBeInstanceOf(Canceled)
      expect(cause(ended)).toBe(ended.err())
    }
  })

  test('takes no argument for a cause, unless it is withCancelCause', () => {
    const [ctx, cancel] = withCancel(background())
    ;(cancel as (event: unknown) => void)(new Error('an event, say'))
    expect(cause(ctx)).toBe(ctx.err())
  })

  test('of a parent that has ended makes children that have ended', () => {
    const [parent, cancel] = withCancelCause(background())
    const why = new Error('why')
    cancel(why)
    const children = [
      withCancel(parent)[0],
      withTimeout(parent, FOREVER)[0],
      withTimeout(parent, -1)[0],
      withDeadlineCause(parent, new Date(0), new Error('late'))[0],
      withValue(parent, contextKey('k'), 1),
    ]
    for (const child of children) {
      expect(child.err()).toBe(parent.err())
      expect(cause(child)).toBe(why)
      expect(isDone(child)).toBe(true)
    }
  })

  test('reaches a hundred thousand levels down', async () => {
    const [parent, cancel] = withCancel(background())
    let ctx = parent
    for (let i = 0; i < 100_000; i++) ctx = withCancel(ctx)[0]
    expect(ctx.err()).toBeUndefined()
    const received = ctx.done().receive()
    const given = chan().receive(ctx)
    cancel()
    expect(ctx.err()).toBe(parent.err())
    await received
    await expect(given).rejects.toBe(ctx.err())
  })
})

describe('err and cause (68, 69)', () => {
  test('err is Canceled or DeadlineExceeded, with messages and codes', () => {
    const [canceled, cancel] = withCancelCause(background())
    cancel(new Error('another'))
    const [late] = withTimeoutCause(background(), 0, new Error('another'))
    const [first, second] = [canceled.err() as Canceled, late.err() as DeadlineExceeded]
    expect(first).toBeInstanceOf(Canceled)
    expect([first.name, first.message, first.code]).toEqual(['Canceled', 'context canceled', 'ERR_CANCELED'])
    expect(second).toBeInstanceOf(DeadlineExceeded)
    expect([second.name, second.message, second.code, second.timeout()]).toEqual([
      'DeadlineExceeded',
      'context deadline exceeded',
      'ERR_DEADLINE_EXCEEDED',
      true,
    ])
  })

  const parentCause = new Error('parentCause')
  const childCause = new Error('childCause')
  const tooSlow = new Error('tooSlow')
  const finishedEarly = new Error('finishedEarly')
  const ERR = Symbol('err')

  const table: [name: string, ctx: () => Context, err: unknown, cause: unknown][] = [
    ['background', background, undefined, undefined],
    ['todo', todo, undefined, undefined],
    [
      'withCancel',
      () => {
        const [ctx, cancel] = withCancel(background())
        cancel()
        return ctx
      },
      Canceled,
      ERR,
    ],
    [
      'withCancelCause',
      () => {
        const [ctx, cancel] = withCancelCause(background())
        cancel(parentCause)
        return ctx
      },
      Canceled,
      parentCause,
    ],
    [
      'withCancelCause, with no cause',
      () => {
        const [ctx, cancel] = withCancelCause(background())
        cancel(undefined)
        return ctx
      },
      Canceled,
      ERR,
    ],
    [
      'withCancelCause: the parent before the child',
      () => {
        const [parent, cancelParent] = withCancelCause(background())
        const [ctx, cancelChild] = withCancelCause(parent)
        cancelParent(parentCause)
        cancelChild(childCause)
        return ctx
      },
      Canceled,
      parentCause,
    ],
    [
      'withCancelCause: the parent after the child',
      () => {
        const [parent, cancelParent] = withCancelCause(background())
        const [ctx, cancelChild] = withCancelCause(parent)
        cancelChild(childCause)
        cancelParent(parentCause)
        return ctx
      },
      Canceled,
      childCause,
    ],
    [
      'withCancelCause: the parent before a child without a cause',
      () => {
        const [parent, cancelParent] = withCancelCause(background())
        const [ctx, cancelChild] = withCancel(parent)
        cancelParent(parentCause)
        cancelChild()
        return ctx
      },
      Canceled,
      parentCause,
    ],
    [
      'withCancelCause: the parent after a child without a cause',
      () => {
        const [parent, cancelParent] = withCancelCause(background())
        const [ctx, cancelChild] = withCancel(parent)
        cancelChild()
        cancelParent(parentCause)
        return ctx
      },
      Canceled,
      ERR,
    ],
    [
      'withCancelCause: the child after a parent without a cause',
      () => {
        const [parent, cancelParent] = withCancel(background())
        const [ctx, cancelChild] = withCancelCause(parent)
        cancelParent()
        cancelChild(childCause)
        return ctx
      },
      Canceled,
      ERR,
    ],
    [
      'withCancelCause: the child before a parent without a cause',
      () => {
        const [parent, cancelParent] = withCancel(background())
        const [ctx, cancelChild] = withCancelCause(parent)
        cancelChild(childCause)
        cancelParent()
        return ctx
      },
      Canceled,
      childCause,
    ],
    [
      'withTimeout',
      () => {
        const [ctx, cancel] = withTimeout(background(), 0)
        cancel()
        return ctx
      },
      DeadlineExceeded,
      ERR,
    ],
    [
      'withTimeout, cancelled',
      () => {
        const [ctx, cancel] = withTimeout(background(), FOREVER)
        cancel()
        return ctx
      },
      Canceled,
      ERR,
    ],
    [
      'withTimeoutCause',
      () => {
        const [ctx, cancel] = withTimeoutCause(background(), 0, tooSlow)
        cancel()
        return ctx
      },
      DeadlineExceeded,
      tooSlow,
    ],
    [
      'withTimeoutCause, cancelled',
      () => {
        const [ctx, cancel] = withTimeoutCause(background(), FOREVER, tooSlow)
        cancel()
        return ctx
      },
      Canceled,
      ERR,
    ],
    [
      'withTimeoutCause under withCancelCause',
      () => {
        const [parent, cancel] = withCancelCause(background())
        const [ctx] = withTimeoutCause(parent, 0, tooSlow)
        cancel(finishedEarly)
        return ctx
      },
      DeadlineExceeded,
      tooSlow,
    ],
    [
      'withTimeoutCause under withCancelCause, cancelled',
      () => {
        const [parent, cancel] = withCancelCause(background())
        const [ctx] = withTimeoutCause(parent, FOREVER, tooSlow)
        cancel(finishedEarly)
        return ctx
      },
      Canceled,
      finishedEarly,
    ],
    ['withoutCancel', () => withoutCancel(background()), undefined, undefined],
    [
      'withoutCancel, the parent cancelled',
      () => {
        const [parent, cancel] = withCancelCause(background())
        const ctx = withoutCancel(parent)
        cancel(finishedEarly)
        return ctx
      },
      undefined,
      undefined,
    ],
    [
      'withoutCancel, the parent too late',
      () => {
        const [parent, cancel] = withTimeoutCause(background(), 0, tooSlow)
        const ctx = withoutCancel(parent)
        cancel()
        return ctx
      },
      undefined,
      undefined,
    ],
    [
      "somebody else's context: its parent not cancelled",
      () => {
        const custom = new CustomContext(withCancelCause(background())[0])
        custom.cancel()
        return custom
      },
      Canceled,
      ERR,
    ],
    [
      "somebody else's context: its parent cancelled before",
      () => {
        const [parent, cancel] = withCancelCause(background())
        const custom = new CustomContext(parent)
        cancel(parentCause)
        custom.cancel()
        return custom
      },
      Canceled,
      parentCause,
    ],
    [
      // It cannot be known which came first, as in Go.
      "somebody else's context: its parent cancelled after",
      () => {
        const [parent, cancel] = withCancelCause(background())
        const custom = new CustomContext(parent)
        custom.cancel()
        cancel(parentCause)
        return custom
      },
      Canceled,
      parentCause,
    ],
  ]

  test.each(table)('the first cancellation gives error and cause: %s', (_name, make, err, why) => {
    const ctx = make()
    if (err === undefined) expect(ctx.err()).toBeUndefined()
    else expect(ctx.err()).toBeInstanceOf(err)
    expect(cause(ctx)).toBe(why === ERR ? ctx.err() : why)
  })

  test('there is no cause before the end, and afterwards the signal has it as its reason', () => {
    const [ctx, cancel] = withCancelCause(background())
    expect(cause(ctx)).toBeUndefined()
    const before = ctx.signal
    cancel('any value will do')
    expect(cause(ctx)).toBe('any value will do')
    expect(before.reason).toBe('any value will do')
    expect(withCancel(ctx)[0].signal.reason).toBe('any value will do')
    const [plain, cancelPlain] = withCancel(background())
    cancelPlain()
    expect(plain.signal.reason).toBe(plain.err())
  })
})

describe('deadlines (70)', () => {
  let clock: ManualClock
  let before: Clock
  const at = (ms: number) => new Date(clock.epoch + 1000 + ms)

  beforeEach(() => {
    clock = new ManualClock()
    before = useClock(clock)
  })
  afterEach(() => {
    useClock(before)
  })

  test('end the context when they have passed, with DeadlineExceeded', async () => {
    const contexts = [
      withTimeout(background(), 10)[0],
      withDeadline(background(), at(10))[0],
      withCancel(withTimeout(background(), 10)[0])[0],
    ]
    const waiting = contexts.map(ctx => ctx.done().receiveOk())
    for (const ctx of contexts) expect(ctx.deadline()).toEqual(at(10))
    clock.advance(9)
    for (const ctx of contexts) expect(ctx.err()).toBeUndefined()
    expect(await stateOf(Promise.race(waiting))).toBe('pending')
    clock.advance(1)
    for (const ctx of contexts) expect(ctx.err()).toBeInstanceOf(DeadlineExceeded)
    expect((await Promise.all(waiting)).every(({ ok }) => !ok)).toBe(true)
  })

  test('are told by looking at the clock, also where no timer can run', async () => {
    const [ctx] = withTimeoutCause(background(), 10, 'too slow')
    const [child] = withCancel(ctx)
    const { signal } = child
    const waiting = chan().receive(child)
    clock.block(10)
    expect(child.err()).toBeInstanceOf(DeadlineExceeded)
    // And then it has been carried out.
    expect(signal.aborted).toBe(true)
    await expect(waiting).rejects.toBe('too slow')
    expect(isDone(child)).toBe(true)
    expect(ctx.err()).toBe(child.err())
  })

  test('are told by the done channel and by what waits with the context, too', async () => {
    const [ctx] = withTimeout(background(), 10)
    const numbers = chan<number>(1)
    numbers.trySend(1)
    clock.block(10)
    expect(trySelect({ done: ctx.done() })?.case).toBe('done')
    const [other] = withTimeout(background(), 10)
    clock.block(10)
    await expect(numbers.receive(other)).rejects.toBeInstanceOf(DeadlineExceeded)
    expect(numbers.length).toBe(1)
  })

  test('later than the parent has change nothing', () => {
    const [parent] = withDeadline(background(), at(10))
    for (const [child] of [withDeadline(parent, at(20)), withTimeout(parent, 20)]) {
      expect(child.deadline()).toEqual(at(10))
      expect(String(child)).toMatch(/WithDeadline\(.*\)\.WithCancel$/)
    }
    expect(withTimeout(parent, 5)[0].deadline()).toEqual(at(5))
  })

  test('that have passed have ended the context before it is returned, and before anything that comes after', () => {
    for (const ms of [0, -1, -Infinity]) {
      const [parent, cancelParent] = withCancelCause(background())
      const [ctx, cancel] = withTimeout(parent, ms)
      cancelParent(new Error('too late'))
      cancel()
      expect(ctx.err()).toBeInstanceOf(DeadlineExceeded)
      expect(cause(ctx)).toBe(ctx.err())
    }
    const [ctx] = withDeadline(background(), at(-5))
    expect(ctx.err()).toBeInstanceOf(DeadlineExceeded)
    expect(ctx.deadline()).toEqual(at(-5))
  })

  test('set their cause only when they pass', () => {
    const tooSlow = new Error('too slow')
    const [late] = withTimeoutCause(background(), 10, tooSlow)
    const [early, cancel] = withDeadlineCause(background(), at(10), tooSlow)
    cancel()
    clock.advance(10)
    expect([late.err()!.name, cause(late)]).toEqual(['DeadlineExceeded', tooSlow])
    expect([early.err()!.name, cause(early)]).toEqual(['Canceled', early.err()])
  })

  test('count in the order of time, whoever notices when', () => {
    const [parent, cancelParent] = withCancelCause(background())
    const [first] = withTimeoutCause(parent, 100, 'deadline')
    const [second] = withTimeoutCause(parent, 20, 'deadline')
    clock.block(50)
    cancelParent('parent')
    clock.block(100)
    expect([cause(first), cause(second)]).toEqual(['parent', 'deadline'])
    expect([first.err()!.name, second.err()!.name]).toEqual(['Canceled', 'DeadlineExceeded'])
  })

  test('come before a cancellation that comes after them, though nobody had noticed', () => {
    const [ctx, cancel] = withTimeout(background(), 10)
    clock.block(11)
    cancel()
    expect(ctx.err()).toBeInstanceOf(DeadlineExceeded)
  })

  test('are not moved by somebody who sets the wall clock', () => {
    const [timeout] = withTimeout(background(), 1000)
    const [deadline] = withDeadline(background(), at(1000))
    clock.epoch += 3600_000
    expect([timeout.err(), deadline.err()]).toEqual([undefined, undefined])
    const [parent] = withTimeout(timeout, 500)
    expect(parent.deadline()).toEqual(at(500))
    clock.epoch -= 7200_000
    clock.advance(1000)
    expect(timeout.err()).toBeInstanceOf(DeadlineExceeded)
    expect(deadline.err()).toBeInstanceOf(DeadlineExceeded)
  })

  test('may be further off than a timer of the host can wait', async () => {
    const year = 365 * 24 * 3600 * 1000
    const [ctx] = withTimeout(background(), year)
    const waiting = ctx.done().receive()
    clock.advance(year - 1)
    expect(ctx.err()).toBeUndefined()
    clock.advance(1)
    await waiting
  })

  test('of Infinity, or after the last Date, are none', () => {
    for (const ms of [Infinity, 1e300]) {
      const [ctx, cancel] = withTimeout(background(), ms)
      expect(ctx.deadline()).toBeUndefined()
      clock.advance(1e12)
      expect(ctx.err()).toBeUndefined()
      cancel()
      expect(ctx.err()).toBeInstanceOf(Canceled)
    }
  })

  test('answer with a Date of the caller, who may change it', () => {
    const date = at(10)
    const [ctx] = withDeadline(background(), date)
    date.setTime(0)
    ctx.deadline()!.setTime(0)
    expect(ctx.deadline()).toEqual(at(10))
    expect(ctx.err()).toBeUndefined()
  })

  test('must be numbers and Dates', () => {
    expect(() => withTimeout(background(), Number.NaN)).toThrow(RangeError)
    expect(() => withTimeout(background(), '5' as never)).toThrow(TypeError)
    expect(() => withDeadline(background(), new Date(Number.NaN))).toThrow(RangeError)
    expect(() => withDeadline(background(), 5 as never)).toThrow(TypeError)
  })

  test('have a timer of the host only while somebody wants to be told; it holds the process only while somebody waits', async () => {
    const [ctx] = withTimeout(background(), 1000)
    const [child, cancelChild] = withCancel(ctx)
    ctx.err()
    ctx.done()
    trySelect([child.done()])
    expect(clock.timers).toHaveLength(0)

    const stop = afterFunc(child, () => {})
    expect([clock.timers.length, clock.held]).toEqual([1, 0])
    const received = child.done().receive()
    expect([clock.timers.length, clock.held]).toEqual([1, 1])
    const given = chan()
      .receive(ctx)
      .catch(() => 'given up')
    cancelChild()
    await received
    expect(clock.held).toBe(1)
    expect(stop()).toBe(false)

    clock.advance(1000)
    expect(await given).toBe('given up')
    expect(clock.timers).toHaveLength(0)
  })

  test('leave nothing behind when they are cancelled', async () => {
    const [ctx, cancel] = withTimeout(background(), 1000)
    const waiting = ctx.done().receive()
    expect(clock.held).toBe(1)
    cancel()
    await waiting
    expect(clock.held).toBe(0)
    clock.advance(2000)
    expect(ctx.err()).toBeInstanceOf(Canceled)
  })
})

describe('withoutCancel (71)', () => {
  test('keeps the values, and nothing else', () => {
    const key = contextKey<string>('test/key')
    const [parent, cancel] = withTimeoutCause(
      withValue(background(), key, 'kept'),
      FOREVER,
      new Error('late'),
    )
    const ctx = withoutCancel(parent)
    cancel()
    expect(ctx.value(key)).toBe('kept')
    expect([ctx.err(), cause(ctx), ctx.deadline()]).toEqual([undefined, undefined, undefined])
    expect(trySelect([ctx.done()])).toBeUndefined()
    expect(ctx.signal.aborted).toBe(false)
  })

  test('is where another cancellation can begin', () => {
    const [parent, cancelParent] = withCancel(background())
    const [ctx, cancel] = withCancel(withoutCancel(parent))
    cancelParent()
    expect(ctx.err()).toBeUndefined()
    cancel()
    expect(ctx.err()).toBeInstanceOf(Canceled)
  })
})

describe('afterFunc (72, 87)', () => {
  test('starts its function after the end, and never within cancel', async () => {
    const [ctx, cancel] = withCancel(background())
    const ran: string[] = []
    afterFunc(ctx, () => ran.push('first'))
    afterFunc(ctx, () => ran.push('second'))
    await turn()
    expect(ran).toEqual([])
    cancel()
    expect(ran).toEqual([])
    await turn()
    expect(ran).toEqual(['first', 'second'])
    cancel()
    await turn()
    expect(ran).toHaveLength(2)
  })

  test('starts it soon if the context has ended already', async () => {
    const [ctx, cancel] = withCancel(background())
    cancel()
    const fn = vi.fn()
    const stop = afterFunc(ctx, fn)
    expect(fn).not.toHaveBeenCalled()
    expect(stop()).toBe(false)
    await turn()
    expect(fn).toHaveBeenCalledOnce()
  })

  test('starts it when the deadline has passed', async () => {
    const [ctx] = withTimeout(background(), 5)
    await new Promise<void>(resolve => afterFunc(ctx, resolve))
    expect(ctx.err()).toBeInstanceOf(DeadlineExceeded)
  })

  test('stop answers true if it kept the function from being started, and only the first time', async () => {
    const [ctx, cancel] = withCancel(background())
    const [stopped, kept] = [vi.fn(), vi.fn()]
    const stop = afterFunc(ctx, stopped)
    const stopKept = afterFunc(ctx, kept)
    expect([stop(), stop()]).toEqual([true, false])
    cancel()
    expect(stopKept()).toBe(false)
    await turn()
    expect(stopped).not.toHaveBeenCalled()
    expect(kept).toHaveBeenCalledOnce()
  })

  test('on a context that never ends can be stopped as well', () => {
    const stop = afterFunc(background(), () => {})
    expect([stop(), stop()]).toEqual([true, false])
  })

  test('can be stopped by one that is told before', async () => {
    const [ctx, cancel] = withCancel(background())
    const fn = vi.fn()
    let stop = (): boolean => false
    ctx.signal.addEventListener('abort', () => expect(stop()).toBe(true))
    stop = afterFunc(ctx, fn)
    cancel()
    await turn()
    expect(fn).not.toHaveBeenCalled()
  })

  test('is for a context and a function', () => {
    expect(() => afterFunc(undefined as never, () => {})).toThrow('nil parent')
    expect(() => afterFunc(background(), undefined as never)).toThrow(TypeError)
  })
})

describe('values (73)', () => {
  const a = contextKey<string | undefined>('test/a')
  const b = contextKey<number>('test/b')

  test('are found by the nearest of the same key', () => {
    const ctx = withValue(withValue(withCancel(withValue(background(), a, 'far'))[0], b, 1), a, 'near')
    expect([ctx.value(a), ctx.value(b), ctx.value(contextKey('test/c'))]).toEqual(['near', 1, undefined])
  })

  test('hide what is above, also when undefined', () => {
    const ctx = withValue(withValue(background(), a, 'above'), a, undefined)
    expect(ctx.value(a)).toBeUndefined()
  })

  test('have keys by name', () => {
    expect(contextKey('test/a')).toBe(a)
    expect(contextKey('test/a2')).not.toBe(a)
    expect(() => contextKey(undefined as never)).toThrow(TypeError)
  })

  test('do not change what the context is otherwise', () => {
    const [parent, cancel] = withTimeout(background(), FOREVER)
    const ctx = withValue(parent, a, 'x')
    expect(ctx.deadline()).toEqual(parent.deadline())
    expect(ctx.done()).toBe(parent.done())
    expect(ctx.signal).toBe(parent.signal)
    cancel()
    expect(ctx.err()).toBe(parent.err())
  })

  test('need a key, and every context a parent: in the words of Go', () => {
    expect(() => withValue(background(), undefined as never, 1)).toThrow('nil key')
    expect(() => withValue(background(), null as never, 1)).toThrow('nil key')
    const nil = undefined as never
    const makers = [
      () => withCancel(nil),
      () => withCancelCause(nil),
      () => withTimeout(nil, 1),
      () => withDeadline(nil, new Date()),
      () => withValue(nil, a, 'x'),
      () => withoutCancel(nil),
    ]
    for (const make of makers) expect(make).toThrow('cannot create context from nil parent')
    expect(() => withCancel({} as never)).toThrow('not a Context')
    expect(() => withCancel(new AbortController().signal as never)).toThrow('fromSignal')
  })

  test('are found a hundred thousand levels up', () => {
    let ctx = withValue(background(), b, 7)
    for (let i = 0; i < 100_000; i++) ctx = withValue(ctx, a, 'x')
    expect(ctx.value(b)).toBe(7)
  })
})

describe('contexts of others (74)', () => {
  test('end what is derived from them, by their done channel', async () => {
    const custom = new CustomContext(background())
    const [child] = withCancel(custom)
    const [timed] = withTimeout(custom, FOREVER)
    const received = withValue(child, contextKey('k'), 1).done().receive()
    const given = chan().receive(timed)
    expect(child.err()).toBeUndefined()
    const err = new Canceled()
    custom.cancel(err)
    expect(child.err()).toBe(err)
    await received
    await expect(given).rejects.toBe(err)
  })

  test('hand on the error and the cause of a context of ours above them', async () => {
    const [parent, cancel] = withCancelCause(background())
    const custom = new CustomContext(parent)
    const [child] = withCancel(custom)
    const received = child.done().receive()
    cancel('why')
    await received
    expect(child.err()).toBeInstanceOf(Canceled)
    expect(cause(child)).toBe('why')
  })

  test('are left alone by a child that is cancelled', async () => {
    const custom = new CustomContext(background())
    const [child, cancel] = withCancel(custom)
    const received = child.done().receive()
    cancel()
    await received
    expect(custom.err()).toBeUndefined()
  })

  test('are asked by their own afterFunc, if they have one; and not any more when nobody wants to know', async () => {
    const hook = new HookContext()
    const [first, cancelFirst] = withCancel(hook)
    const [second] = withTimeout(hook, FOREVER)
    expect(hook.told.size).toBe(0)
    const received = [first.done().receive(), second.done().receive()]
    expect(hook.told.size).toBe(1)
    cancelFirst()
    const stop = afterFunc(hook, () => {})
    expect(hook.told.size).toBe(1)
    stop()
    hook.cancel()
    await Promise.all(received)
    expect(second.err()).toBe(hook.err())
    expect(hook.told.size).toBe(0)
  })

  test('that have ended make children that have ended', () => {
    const custom = new CustomContext(background())
    custom.cancel()
    const [child] = withCancel(custom)
    expect(child.err()).toBe(custom.err())
    expect(isDone(child)).toBe(true)
  })

  test('that only wrap one of ours are seen through: cancelling is at once', () => {
    const [inner, cancel] = withTimeoutCause(background(), FOREVER, 'late')
    const wrapped = new WrappedContext(new WrappedContext(inner))
    const [child] = withCancelCause(wrapped)
    const { signal } = child
    cancel()
    expect(signal.aborted).toBe(true)
    expect(child.err()).toBe(inner.err())
    expect(child.deadline()).toEqual(inner.deadline())
    expect(withCancel(new WrappedContext(background()))[0].err()).toBeUndefined()
  })

  test('say how long they last: a later deadline below them changes nothing', () => {
    const custom = new CustomContext(withTimeout(background(), 1000)[0])
    expect(withTimeout(custom, 2000)[0].deadline()).toEqual(custom.deadline())
    expect(withTimeout(custom, 500)[0].deadline()).not.toEqual(custom.deadline())
  })

  test('can be given to everything that waits, by their signal', async () => {
    const [inner, cancel] = withCancelCause(background())
    const given = chan().receive(new WrappedContext(inner))
    cancel('why')
    await expect(given).rejects.toBe('why')
  })
})

describe('fromSignal (74)', () => {
  const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

  test('ends with the signal; its reason is the cause', async () => {
    const controller = new AbortController()
    const ctx = fromSignal(controller.signal)
    expect([ctx.err(), cause(ctx), ctx.deadline()]).toEqual([undefined, undefined, undefined])
    const received = withCancel(ctx)[0].done().receive()
    controller.abort('why')
    expect(ctx.err()).toBeInstanceOf(Canceled)
    expect(cause(ctx)).toBe('why')
    expect(ctx.signal).toBe(controller.signal)
    await received
  })

  test('is DeadlineExceeded if the signal was a timeout, or came from a deadline', async () => {
    const timeout = AbortSignal.timeout(1)
    await new Promise(resolve => timeout.addEventListener('abort', resolve))
    const ctx = fromSignal(timeout)
    expect(ctx.err()).toBeInstanceOf(DeadlineExceeded)
    expect((cause(ctx) as Error).name).toBe('TimeoutError')
    expect(fromSignal(withTimeout(background(), 0)[0].signal).err()).toBeInstanceOf(DeadlineExceeded)
  })

  test('gives the same context for the same signal, ended if that is aborted', () => {
    const { signal } = new AbortController()
    expect(fromSignal(signal)).toBe(fromSignal(signal))
    expect(fromSignal(AbortSignal.abort('gone')).err()).toBeInstanceOf(Canceled)
    expect(() => fromSignal(undefined as never)).toThrow(TypeError)
  })

  test('listens while somebody wants to be told, once for all, and then no more', async () => {
    const { signal } = new AbortController()
    const ctx = fromSignal(signal)
    expect(ctx.err()).toBeUndefined()
    expect(listeners(signal)).toBe(0)
    const children = Array.from({ length: 10 }, () => withCancel(ctx))
    expect(listeners(signal)).toBe(0)
    const received = children.map(([child]) => child.done().receive())
    const stop = afterFunc(ctx, () => {})
    const given = chan()
      .receive(withTimeout(ctx, 5)[0])
      .catch(() => {})
    expect(listeners(signal)).toBe(1)
    for (const [, cancel] of children) cancel()
    await Promise.all([...received, given])
    expect(listeners(signal)).toBe(1)
    stop()
    expect(listeners(signal)).toBe(0)
  })
})

describe('a long-lived parent', () => {
  const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

  // It listens exactly while its own list of listeners is not empty.
  test('keeps nothing of a hundred thousand children that came and went', async () => {
    const { signal } = new AbortController()
    const [parent] = withCancel(fromSignal(signal))
    const inbox = chan()
    const waiting: Promise<unknown>[] = []
    const cancels: (() => void)[] = []
    for (let i = 0; i < 100_000; i++) {
      const [child, cancel] = i % 2 ? withCancel(parent) : withTimeout(parent, FOREVER)
      cancels.push(cancel)
      if (i % 10 === 0) waiting.push(inbox.receive(child).catch(() => {}))
      if (i % 10 === 1) waiting.push(child.done().receive())
      if (i % 10 === 2) child.signal.addEventListener('abort', () => {})
    }
    expect(listeners(signal)).toBe(1)
    for (const cancel of cancels.reverse()) cancel()
    await Promise.all(waiting)
    expect(listeners(signal)).toBe(0)
  })

  test('does not even know of children that nobody waits for: they are collected without being cancelled', async () => {
    const [parent] = withCancel(background())
    const makeOne = (i: number): WeakRef<Context> => {
      const [child] = withTimeout(withValue(parent, contextKey('k'), i), FOREVER)
      child.err()
      child.done()
      afterFunc(child, () => {})()
      return new WeakRef(child)
    }
    const refs = Array.from({ length: 100 }, (_, i) => makeOne(i))
    await turn()
    collect()
    await turn()
    // The engine may hold on to the last one.
    expect(refs.filter(ref => ref.deref()).length).toBeLessThan(3)
    expect(parent.err()).toBeUndefined()
  })
})

describe('names (75)', () => {
  test('tell how a context was made', () => {
    const key = contextKey<unknown>('test/key')
    expect(String(withCancel(background())[0])).toBe('context.Background.WithCancel')
    expect(String(withCancelCause(todo())[0])).toBe('context.TODO.WithCancel')
    expect(String(withoutCancel(background()))).toBe('context.Background.WithoutCancel')
    const named = { toString: () => 'named' }
    const values: [unknown, string][] = [
      ['text', 'text'],
      [undefined, '<nil>'],
      [null, '<nil>'],
      [5, 'number'],
      [new Map(), 'Map'],
      [{ secret: 1 }, 'Object'],
      [['secret'], 'Array'],
      [named, 'named'],
      [Object.create(null), 'object'],
    ]
    for (const [value, name] of values) {
      const ctx = withValue(background(), key, value)
      expect(String(ctx)).toBe(`context.Background.WithValue(test/key, ${name})`)
    }
    expect(String(withDeadline(background(), new Date(0))[0])).toMatch(
      /^context\.Background\.WithDeadline\(1970-01-01T00:00:00\.000Z \[-[\d.]+s\]\)$/,
    )
    expect(String(withCancel(fromSignal(new AbortController().signal))[0])).toBe(
      'context.FromSignal.WithCancel',
    )
    expect(String(withCancel(new CustomContext(background()))[0])).toBe('CustomContext.WithCancel')
  })
})

describe('a context as the options of what waits', () => {
  const why = new Error('why')
  const waits: [name: string, wait: (ctx: Context) => Promise<unknown>][] = [
    ['receive', ctx => chan().receive(ctx)],
    ['receiveOk', ctx => chan().receiveOk(ctx)],
    ['receiveMany', ctx => chan().receiveMany(3, ctx)],
    ['send', ctx => chan().send(1, ctx)],
    ['select', ctx => select({ in: chan(), out: send(chan(), 1) }, ctx)],
    ['select without cases', ctx => select({}, ctx)],
    ['sleep', ctx => sleep(FOREVER, ctx)],
    ['another context', ctx => background().done().receive(ctx)],
  ]

  test.each(waits)(
    '%s rejects with the cause when it ends, and at once when it has ended',
    async (_name, wait) => {
      const [ctx, cancel] = withCancelCause(background())
      const waiting = wait(withValue(ctx, contextKey('k'), 1))
      expect(await stateOf(waiting)).toBe('pending')
      cancel(why)
      await expect(waiting).rejects.toBe(why)
      await expect(wait(ctx)).rejects.toBe(why)
    },
  )

  test('has no effect if it never ends', async () => {
    const inbox = chan<number>(1)
    await inbox.send(1, background())
    expect(await inbox.receive(withoutCancel(withTimeout(background(), 0)[0]))).toBe(1)
    const waiting = inbox.receive(background())
    inbox.trySend(2)
    expect(await waiting).toBe(2)
  })

  test('that has ended lets nothing move, even if it could', async () => {
    const [ctx, cancel] = withCancelCause(background())
    cancel(why)
    const inbox = chan<number>(2)
    inbox.trySend(1)
    await expect(inbox.receive(ctx)).rejects.toBe(why)
    await expect(inbox.send(2, ctx)).rejects.toBe(why)
    await expect(select([inbox], ctx)).rejects.toBe(why)
    expect(inbox.length).toBe(1)
  })

  test('cancelled after a value was handed over comes too late: nothing is lost', async () => {
    const [ctx, cancel] = withCancel(background())
    const inbox = chan<number>()
    const received = inbox.receive(ctx)
    expect(inbox.trySend(1)).toBe(true)
    cancel()
    expect(await received).toBe(1)
    const [other, cancelOther] = withCancel(background())
    const given = inbox.receive(other)
    cancelOther()
    expect(inbox.trySend(2)).toBe(false)
    await expect(given).rejects.toBe(other.err())
  })

  test('ends the waits in the order in which they began', async () => {
    const [ctx, cancel] = withCancel(background())
    const order: number[] = []
    const waiting = Array.from({ length: 100 }, (_, i) =>
      chan()
        .receive(ctx)
        .catch(() => order.push(i)),
    )
    cancel()
    await Promise.all(waiting)
    expect(order).toEqual([...order].sort((a, b) => a - b))
  })

  test('makes no AbortSignal', async () => {
    const made = vi.spyOn(globalThis, 'AbortController')
    try {
      const [ctx, cancel] = withTimeout(withCancel(background())[0], FOREVER)
      const waiting = waits.map(([, wait]) => wait(ctx).catch(() => {}))
      const done = ctx.done().receive()
      afterFunc(ctx, () => {})()
      cancel()
      await Promise.all([...waiting, done])
      expect(made).not.toHaveBeenCalled()
    } finally {
      made.mockRestore()
    }
  })
})

test('done is one channel, of the scope that ends it', () => {
  const [ctx] = withCancel(background())
  expect(ctx.done()).toBe(ctx.done())
  const c = ctx.done() as never as Chan<number>
  expect(() => c.close()).toThrow('close of receive-only channel')
  expect(() => c.trySend(1)).toThrow('send on receive-only channel')
})

test('a select of many on one done channel leaves nothing there', async () => {
  const { signal } = new AbortController()
  const ctx = fromSignal(signal)
  const inbox = chan<number>()
  for (let i = 0; i < 1000; i++) {
    const hit = select({ inbox, done: ctx.done() })
    inbox.trySend(i)
    expect((await hit).case).toBe('inbox')
  }
  expect(getEventListeners(signal, 'abort')).toHaveLength(0)
})

describe('the process', () => {
  const NAMES = 'afterFunc, background, chan, select, withCancel, withTimeout, fromSignal'
  const run = async (program: string) => {
    const index = new URL('../dist/index.js', import.meta.url)
    const source = `import { ${NAMES} } from ${JSON.stringify(index.href)}; ${program}`
    const cwd = fileURLToPath(new URL('.', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', source], {
      cwd,
    })
    return stdout.trim()
  }

  test('lives on for a deadline while somebody waits for the context, or one below', async () => {
    const log = `.then(() => console.log('late'), error => console.log(error.name))`
    const timeout = `const [ctx] = withTimeout(background(), 50); const [child] = withCancel(ctx);`
    expect(await run(`${timeout} child.done().receive()${log}`)).toBe('late')
    expect(await run(`${timeout} chan().receive(child)${log}`)).toBe('DeadlineExceeded')
    expect(await run(`${timeout} select({ never: chan(), done: ctx.done() })${log}`)).toBe('late')
  })

  test('ends if nobody does', async () => {
    const timeout = `const [ctx, cancel] = withTimeout(background(), 1e9); ctx.done();`
    const quiet = `ctx.signal.addEventListener('abort', () => console.log('late')); afterFunc(ctx, () => console.log('late'));`
    expect(await run(`${timeout} ${quiet} console.log('end')`)).toBe('end')
    const gone = `const inbox = chan(1); const hit = select({ inbox, done: ctx.done() }); await inbox.send(1); await hit;`
    expect(await run(`${timeout} ${gone} console.log('end')`)).toBe('end')
    const never = `const [other] = withCancel(fromSignal(new AbortController().signal)); other.done().receive();`
    expect(await run(`${timeout} ${never} console.log('end')`)).toBe('end')
    expect(await run(`${timeout} ctx.done().receive(); cancel(); console.log('end')`)).toBe('end')
  })
})

// What a context is, told as simply as possible: every ending is carried out at once, in order of time, on everything below.
class Model {
  readonly due: number
  readonly tooLate: unknown
  readonly children: Model[] = []
  end: { late: boolean; cause: unknown } | undefined

  constructor(parent: Model | undefined, due = Infinity, tooLate: unknown = undefined) {
    this.due = Math.min(due, parent?.due ?? Infinity)
    this.tooLate = this.due === due ? tooLate : parent?.tooLate
    this.end = parent?.end
    parent?.children.push(this)
  }

  cancel(end: { late: boolean; cause: unknown }): void {
    if (this.end) return
    this.end = end
    for (const child of this.children) child.cancel(end)
  }
}

test.each([1, 2, 3, 4, 5])(
  'any tree behaves as a simple model does, whoever asks when (seed %i)',
  async seed => {
    let state = seed
    const random = (n: number) => {
      state = (state * 48271) % 0x7fffffff
      return state % n
    }
    const clock = new ManualClock()
    const before = useClock(clock)
    try {
      const controller = new AbortController()
      const root = { ctx: fromSignal(controller.signal), cancel: () => {}, model: new Model(undefined) }
      const nodes: { ctx: Context; cancel: (cause?: unknown) => void; model: Model }[] = [root]
      const waits: { model: Model; settled: unknown; promise: Promise<unknown> }[] = []

      const pass = (ms: number) => {
        const models = nodes.map(({ model }) => model).filter(({ due }) => due <= clock.time + ms)
        for (const model of models.sort((a, b) => a.due - b.due))
          model.cancel({ late: true, cause: model.tooLate })
      }
      const derive = () => {
        const parent = nodes[random(nodes.length)]
        const kind = random(4)
        if (kind === 0) {
          const [ctx, cancel] = withCancelCause(withValue(parent.ctx, contextKey('k'), kind))
          nodes.push({ ctx, cancel, model: new Model(parent.model) })
        } else if (kind === 1) {
          const [ctx, cancel] = withCancelCause(new WrappedContext(parent.ctx))
          nodes.push({ ctx, cancel, model: new Model(parent.model) })
        } else {
          // No two deadlines at the same time.
          const ms = random(300) - 20 + nodes.length / 4096
          const why = `late ${nodes.length}`
          const [ctx, cancel] = withTimeoutCause(parent.ctx, ms, why)
          const model = new Model(parent.model, clock.time + Math.max(ms, 0), why)
          nodes.push({ ctx, cancel: () => cancel(), model })
          pass(0)
        }
      }
      const wait = () => {
        const { ctx, model } = nodes[random(nodes.length)]
        if (model.end) return
        const one = { model, settled: undefined as unknown, promise: undefined as never as Promise<unknown> }
        const promise = random(2)
          ? chan().receive(ctx)
          : ctx
              .done()
              .receive()
              .then(() => Promise.reject(cause(ctx)))
        one.promise = promise.catch(reason => {
          one.settled = reason
        })
        waits.push(one)
      }
      const expected = ({ model }: { model: Model }, ctx: Context) =>
        model.end && (model.end.cause ?? ctx.err())

      for (let step = 0; step < 400; step++) {
        const what = random(10)
        if (what < 3 || nodes.length < 5) derive()
        else if (what < 6) wait()
        else if (what < 7) {
          const node = nodes[1 + random(nodes.length - 1)]
          const why = node.model.due === Infinity ? `cancel ${step}` : undefined
          node.model.cancel({ late: false, cause: node.cancel.length > 0 ? why : undefined })
          node.cancel(why)
        } else {
          const ms = random(40)
          pass(ms)
          if (what < 9) clock.block(ms)
          else clock.advance(ms)
        }
        const asked = random(3) === 0 ? nodes : [nodes[random(nodes.length)]]
        for (const node of asked) {
          const { ctx, model } = node
          expect(ctx.err()?.name).toBe(model.end && (model.end.late ? 'DeadlineExceeded' : 'Canceled'))
          expect(cause(ctx)).toBe(expected(node, ctx))
          expect(ctx.done().closed).toBe(model.end !== undefined)
        }
        if (step % 20 === 0) {
          clock.advance(0)
          await turn()
          for (const { model, settled } of waits) expect(settled !== undefined).toBe(model.end !== undefined)
        }
      }
      controller.abort('all')
      await Promise.all(waits.map(({ promise }) => promise))
      for (const { ctx } of nodes) expect(ctx.err()).toBeDefined()
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
      expect(clock.held).toBe(0)
    } finally {
      useClock(before)
    }
  },
)
