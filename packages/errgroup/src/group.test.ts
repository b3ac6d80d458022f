import { getEventListeners } from 'node:events'
import { background, Canceled, cause, chan, fromSignal, runtime, withCancelCause } from '@millrace/core'
import { SyncMisuseError } from '@millrace/sync'
import { afterEach, describe, expect, test } from 'vitest'
import { Group } from './index.js'

afterEach(() => expect(runtime.numGoroutine(), 'goroutines that are left').toBe(1))

/** Lets everything happen that can happen by itself. */
const turn = async () => {
  for (let i = 0; i < 4; i++) await new Promise(resolve => setImmediate(resolve))
}

/** Goroutines that end when they are told to. */
function controlled() {
  const started: string[] = []
  const ends = new Map<string, (error?: unknown) => void>()
  const fn = (name: string) =>
    new Promise<void>((resolve, reject) => {
      started.push(name)
      ends.set(name, error => (error === undefined ? resolve() : reject(error)))
    })
  const end = async (name: string, error?: unknown) => {
    ends.get(name)!(error)
    await turn()
  }
  return { started, fn, end }
}

describe('Group', () => {
  test('wait waits for all, and resolves when none has thrown', async () => {
    const group = new Group()
    const { fn, end } = controlled()
    void group.go(fn, 'a')
    void group.go(fn, 'b')
    let over = false
    const wait = group.wait().then(() => {
      over = true
    })
    await turn()
    await end('a')
    expect(over).toBe(false)
    await end('b')
    await wait
  })

  test('wait with nothing to wait for resolves', async () => {
    await new Group().wait()
  })

  test('go hands on the arguments, and starts nothing before it returns', async () => {
    const group = new Group()
    const seen: unknown[] = []
    const note = (a: number, b: string) => {
      seen.push(a, b)
    }
    const started = group.go(note, 1, 'x')
    expect(seen).toEqual([])
    await started
    expect(seen).toEqual([1, 'x'])
  })

  test('wait rejects with the first error in time, after all have ended', async () => {
    const group = new Group()
    const { fn, end } = controlled()
    for (const name of ['a', 'b', 'c']) void group.go(fn, name)
    let outcome: unknown
    const wait = group.wait().catch(error => {
      outcome = error
    })
    await turn()
    const first = new Error('first')
    await end('b', first)
    await end('a', new Error('second'))
    expect(outcome).toBeUndefined()
    await end('c')
    await wait
    expect(outcome).toBe(first)
    await expect(group.wait()).rejects.toBe(first)
  })

  test('an error that is undefined is one, too', async () => {
    const group = new Group()
    void group.go(() => Promise.reject(undefined))
    await expect(group.wait()).rejects.toBe(undefined)
  })

  test('a function that throws at once, or is none, is an error for wait', async () => {
    const group = new Group()
    await group.go(() => {
      throw new Error('at once')
    })
    await expect(group.wait()).rejects.toThrow('at once')
    const other = new Group()
    await other.go(undefined as unknown as () => void)
    await expect(other.wait()).rejects.toThrow('go of nil func value')
  })

  test('its context is cancelled by the first error, which is its cause', async () => {
    const [group, ctx] = Group.withContext(background())
    const { fn, end } = controlled()
    const error = new Error('first')
    void group.go(fn, 'a')
    void group.go(fn, 'b')
    await turn()
    expect(ctx.err()).toBeUndefined()
    await end('a', error)
    expect(ctx.err()).toBeInstanceOf(Canceled)
    expect(cause(ctx)).toBe(error)
    expect(ctx.signal.reason).toBe(error)
    await end('b', new Error('second'))
    await expect(group.wait()).rejects.toBe(error)
    expect(cause(ctx)).toBe(error)
  })

  test('its context is cancelled with Canceled when wait has waited', async () => {
    const [group, ctx] = Group.withContext(background())
    void group.go(() => {})
    await turn()
    expect(ctx.err()).toBeUndefined()
    await group.wait()
    expect(ctx.err()).toBeInstanceOf(Canceled)
    expect(cause(ctx)).toBe(ctx.err())
  })

  test('its context ends with its parent, and that is no error of the group', async () => {
    const [parent, cancel] = withCancelCause(background())
    const [group, ctx] = Group.withContext(parent)
    const why = new Error('parent')
    void group.go(async () => void (await ctx.done().receive()))
    cancel(why)
    await group.wait()
    expect(cause(ctx)).toBe(why)
  })

  test('an error cancels those who wait with the context', async () => {
    const [group, ctx] = Group.withContext(background())
    const error = new Error('first')
    const seen: unknown[] = []
    void group.go(async () => {
      const never = chan<never>()
      await never.receive(ctx).catch(reason => seen.push(reason))
    })
    void group.go(() => Promise.reject(error))
    await expect(group.wait()).rejects.toBe(error)
    expect(seen).toEqual([error])
  })

  test('goroutines can start further ones', async () => {
    const group = new Group()
    let leaves = 0
    const tree = async (depth: number) => {
      if (depth === 0) leaves++
      else for (let i = 0; i < 2; i++) await group.go(tree, depth - 1)
    }
    void group.go(tree, 5)
    await group.wait()
    expect(leaves).toBe(32)
  })

  test('can be used again after wait', async () => {
    const group = new Group()
    let runs = 0
    for (let round = 1; round <= 3; round++) {
      void group.go(() => runs++)
      await group.wait()
      expect(runs).toBe(round)
    }
  })

  test('giving up the wait leaves the group as it is', async () => {
    const [group, ctx] = Group.withContext(background())
    const { fn, end } = controlled()
    void group.go(fn, 'a')
    const controller = new AbortController()
    const wait = group.wait(controller)
    controller.abort('enough')
    await expect(wait).rejects.toBe('enough')
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
    await expect(group.wait(controller)).rejects.toBe('enough')
    expect(ctx.err()).toBeUndefined()
    await turn()
    await end('a')
    await group.wait()
  })
})

describe('Group with a limit', () => {
  test('has at most so many goroutines at a time; go waits for a place, in order', async () => {
    const group = new Group()
    group.setLimit(2)
    const { started, fn, end } = controlled()
    const resolved: string[] = []
    const starts = ['a', 'b', 'c', 'd'].map(name => group.go(fn, name).then(() => resolved.push(name)))
    await turn()
    expect(started).toEqual(['a', 'b'])
    expect(resolved).toEqual(['a', 'b'])
    await end('b')
    expect(started).toEqual(['a', 'b', 'c'])
    await end('a')
    await end('c')
    await Promise.all(starts)
    expect(resolved).toEqual(['a', 'b', 'c', 'd'])
    await end('d')
    await group.wait()
  })

  test('never exceeds it', async () => {
    for (const limit of [1, 2, 7]) {
      const group = new Group()
      group.setLimit(limit)
      let active = 0
      let most = 0
      for (let i = 0; i < 100; i++) {
        await group.go(async () => {
          most = Math.max(most, ++active)
          for (let j = i % 5; j > 0; j--) await undefined
          if (i % 3 === 0) await turn()
          active--
        })
      }
      await group.wait()
      expect(most).toBe(limit)
    }
  })

  test('wait waits also for those that have no place yet', async () => {
    const group = new Group()
    group.setLimit(1)
    let ended = 0
    for (let i = 0; i < 10; i++) {
      void group.go(async () => {
        await turn()
        ended++
      })
    }
    await group.wait()
    expect(ended).toBe(10)
  })

  test('an error gives its place back', async () => {
    const group = new Group()
    group.setLimit(1)
    const error = new Error('first')
    let ran = false
    void group.go(() => Promise.reject(error))
    void group.go(() => {
      ran = true
    })
    await expect(group.wait()).rejects.toBe(error)
    expect(ran).toBe(true)
  })

  test('waiting for a place ends with the context, leaves no listener, and need not be handled', async () => {
    const controller = new AbortController()
    const [group, ctx] = Group.withContext(fromSignal(controller.signal))
    group.setLimit(1)
    const { started, fn, end } = controlled()
    void group.go(fn, 'a')
    const starts = ['b', 'c'].map(name => group.go(fn, name))
    void group.go(fn, 'unhandled')
    await turn()
    controller.abort('enough')
    for (const start of starts) await expect(start).rejects.toBe('enough')
    expect(cause(ctx)).toBe('enough')
    expect(started).toEqual(['a'])
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
    await end('a')
    await expect(group.wait()).rejects.toBe('enough')
  })

  test('a place that comes in the same moment as the end of the context goes to one who waits, or to nobody', async () => {
    for (const first of ['place', 'context']) {
      const [parent, cancel] = withCancelCause(background())
      const [group] = Group.withContext(parent)
      group.setLimit(1)
      const gate = chan<never>()
      let ran = false
      void group.go(() => gate.receive())
      const start = group.go(() => {
        ran = true
      })
      await turn()
      if (first === 'place') gate.close()
      cancel('enough')
      gate.closed || gate.close()
      const outcome = await start.then(
        () => 'started',
        reason => reason,
      )
      expect(outcome).toBe(ran ? 'started' : 'enough')
      await group.wait().then(
        () => expect(ran).toBe(true),
        reason => expect([ran, reason]).toEqual([false, 'enough']),
      )
      expect(
        group.tryGo(() => {}),
        'the place is free',
      ).toBe(true)
      await group.wait().catch(() => {})
    }
  })

  test('without a context nothing but a place ends the wait', async () => {
    const group = new Group()
    group.setLimit(1)
    const { started, fn, end } = controlled()
    void group.go(fn, 'a')
    void group.go(fn, 'b')
    await turn()
    await end('a', new Error('first'))
    expect(started).toEqual(['a', 'b'])
    await end('b')
    await expect(group.wait()).rejects.toThrow('first')
  })

  test('tryGo starts it, or says that there is no place', async () => {
    const group = new Group()
    group.setLimit(1)
    const { started, fn, end } = controlled()
    expect(group.tryGo(fn, 'a')).toBe(true)
    expect(group.tryGo(fn, 'b')).toBe(false)
    await turn()
    await end('a')
    expect(group.tryGo(fn, 'c')).toBe(true)
    await turn()
    await end('c')
    await group.wait()
    expect(started).toEqual(['a', 'c'])
  })

  test('tryGo without a limit always starts it', async () => {
    const group = new Group()
    let runs = 0
    for (let i = 0; i < 10; i++) expect(group.tryGo(() => runs++)).toBe(true)
    await group.wait()
    expect(runs).toBe(10)
  })

  test('of 0 keeps all from starting, until it is raised', async () => {
    const group = new Group()
    group.setLimit(0)
    let runs = 0
    expect(group.tryGo(() => runs++)).toBe(false)
    const start = group.go(() => runs++)
    await turn()
    expect(runs).toBe(0)
    group.setLimit(1)
    await start
    await group.wait()
    expect(runs).toBe(1)
  })

  test('negative is none', async () => {
    const group = new Group()
    group.setLimit(1)
    group.setLimit(-1)
    const { started, fn, end } = controlled()
    for (const name of ['a', 'b', 'c']) void group.go(fn, name)
    await turn()
    expect(started).toEqual(['a', 'b', 'c'])
    for (const name of started) await end(name)
    await group.wait()
  })

  test('must not be changed while goroutines are active', async () => {
    const group = new Group()
    group.setLimit(5)
    const { fn, end } = controlled()
    void group.go(fn, 'a')
    void group.go(fn, 'b')
    await turn()
    for (const n of [1, -1]) {
      expect(() => group.setLimit(n)).toThrow(
        new SyncMisuseError(
          'errgroup: modify limit while 2 goroutines in the group are still active (set it before the first go, or after wait)',
        ),
      )
    }
    await end('a')
    expect(() => group.setLimit(1)).toThrow(
      /^errgroup: modify limit while 1 goroutines in the group are still active /,
    )
    await end('b')
    group.setLimit(1)
    await group.wait()
  })

  test('is a whole number', () => {
    for (const n of [0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => new Group().setLimit(n)).toThrow(RangeError)
    }
  })
})
