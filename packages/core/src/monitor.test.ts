import { getEventListeners } from 'node:events'
import { SHARE } from '@millrace/kernel'
import { describe, expect, test } from 'vitest'
import { background, withCancelCause, withTimeoutCause } from './context.js'
import { Monitor } from './monitor.js'
import { FAILED, PASS, type State, shapedRules, WAIT } from './monitor-rules.js'

/** Lets everything happen that can happen by itself. */
const turn = async () => {
  for (let i = 0; i < 4; i++) await new Promise(resolve => setImmediate(resolve))
}

const FREE = 0
const LEFT = 1
const CLOSED = 2

/** So many permits, each wait asking for some, in two lines of which the first goes first; until it is closed. */
const permitRules = shapedRules({
  name: 'test/permits',
  size: 3,
  lines: 2,
  attempt(state, _line, n) {
    if (state[CLOSED] === 1) return FAILED
    if (n > state[FREE]!) return WAIT
    state[FREE]! -= n
    return PASS
  },
  left(state, _line, n) {
    state[LEFT]! += n
  },
  failure: () => new RangeError('closed'),
})

/** As many go on as are called. */
const callRules = shapedRules({
  name: 'test/calls',
  size: 1,
  lines: 1,
  counted: () => true,
  attempt(state) {
    if (state[0] === 0) return WAIT
    state[0]!--
    return PASS
  },
  settled(state) {
    state[0] = 0
  },
})

const worlds = {
  local: (monitor: Monitor) => monitor,
  shared(monitor: Monitor) {
    monitor[SHARE]().release!() // on its way, and come to nothing
    return monitor
  },
}

describe.each(Object.entries(worlds))('a monitor, %s', (_, cross) => {
  function permits(free: number) {
    const monitor = cross(new Monitor(permitRules, free))
    return {
      monitor,
      wait: (n: number, options?: { signal: AbortSignal }) => monitor.wait(0, n, options),
      free: () => monitor.read(state => state[FREE]),
      left: () => monitor.read(state => state[LEFT]),
      give: (n: number) =>
        monitor.change(state => {
          state[FREE]! += n
        }),
    }
  }

  test('lets pass at once who may, with the same promise each time', async () => {
    const { monitor, wait, free } = permits(2)
    const first = wait(1)
    expect(wait(1)).toBe(first)
    await first
    expect(free()).toBe(0)
    expect(monitor.waits(0)).toBe(false)
  })

  test('lets nobody pass who came after somebody that waits, even with a smaller ticket', async () => {
    const { monitor, wait, free, give } = permits(2)
    const order: string[] = []
    const large = wait(3).then(() => order.push('large'))
    const small = wait(1).then(() => order.push('small'))
    expect(monitor.try(0, 1)).toBe(false)
    await turn()
    expect(order).toEqual([])
    expect(monitor.waits(0)).toBe(true)
    give(2)
    await Promise.all([large, small])
    expect(order).toEqual(['large', 'small'])
    expect(free()).toBe(0)
  })

  test('lets pass in the order of arrival, as many as may', async () => {
    const { wait, give } = permits(0)
    const order: number[] = []
    for (let i = 0; i < 5; i++) void wait(1).then(() => order.push(i))
    give(3)
    await turn()
    expect(order).toEqual([0, 1, 2])
    give(2)
    await turn()
    expect(order).toEqual([0, 1, 2, 3, 4])
  })

  test('serves the first line before the second', async () => {
    const { monitor, give } = permits(0)
    const order: string[] = []
    for (const line of [1, 0, 1, 0]) void monitor.wait(line, 1).then(() => order.push(`line ${line}`))
    give(3)
    await turn()
    expect(order).toEqual(['line 0', 'line 0', 'line 1'])
  })

  test('gives a waiter what passing took before the waiter runs', () => {
    const { monitor, wait, free, give } = permits(0)
    void wait(2)
    give(2)
    expect(free()).toBe(0)
    expect(monitor.waits(0)).toBe(false)
  })

  test('fails those who wait, and those who come', async () => {
    const { monitor, wait } = permits(0)
    const waits = [wait(1), wait(2)]
    monitor.change(state => {
      state[CLOSED] = 1
    })
    for (const end of [...waits, wait(1)]) await expect(end).rejects.toThrow(RangeError)
    expect(() => monitor.try(0, 1)).toThrow('closed')
  })

  test('a change that throws has not happened', async () => {
    const { monitor, wait, free } = permits(0)
    const waiting = wait(1)
    const fail = () => {
      throw new Error('no')
    }
    expect(() => monitor.change(fail)).toThrow('no')
    expect([free(), monitor.waits(0)]).toEqual([0, true])
    void waiting
  })

  test('rejects a wait that is already aborted, though it could pass, with nothing taken', async () => {
    const { wait, free, left } = permits(5)
    const reason = { why: 'test' }
    await expect(wait(1, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect([free(), left()]).toEqual([5, 0])
  })

  test('rejects with a TypeError what is not a signal', async () => {
    const { wait, free } = permits(5)
    await expect(wait(1, { signal: {} as AbortSignal })).rejects.toThrow(TypeError)
    expect(free()).toBe(5)
  })

  test('lets those behind go on when the first gives up, in the same call', async () => {
    const { monitor, wait, free, left } = permits(2)
    const giveUp = new AbortController()
    const large = wait(3, giveUp)
    const small = [wait(1), wait(1)]
    const third = wait(1)
    giveUp.abort('enough')
    expect([free(), left(), monitor.waits(0)]).toEqual([0, 3, true])
    await expect(large).rejects.toBe('enough')
    await Promise.all(small)
    void third
  })

  test('does not serve who is cancelled by the same signal as the one before', async () => {
    const { wait, free, left } = permits(2)
    const giveUp = new AbortController()
    const outcomes = Promise.allSettled([3, 1, 1].map(n => wait(n, giveUp)))
    const other = wait(2)
    giveUp.abort('enough')
    expect((await outcomes).map(o => o.status)).toEqual(['rejected', 'rejected', 'rejected'])
    await other
    expect([free(), left()]).toEqual([0, 5])
  })

  test('does not serve those behind who are cancelled with one in the middle', async () => {
    const { wait, free, give } = permits(0)
    const giveUp = new AbortController()
    const first = wait(1)
    const outcomes = Promise.allSettled([1, 1].map(n => wait(n, giveUp)))
    const last = wait(1)
    giveUp.signal.addEventListener('abort', () => give(2))
    giveUp.abort('enough')
    expect((await outcomes).map(o => o.status)).toEqual(['rejected', 'rejected'])
    await Promise.all([first, last])
    expect(free()).toBe(0)
  })

  test('does not serve who is cancelled and has not heard: a listener that came first gives in the same tick', async () => {
    const { wait, free, give } = permits(0)
    const giveUp = new AbortController()
    giveUp.signal.addEventListener('abort', () => give(1))
    const canceled = wait(1, giveUp)
    const other = wait(1)
    giveUp.abort('enough')
    await expect(canceled).rejects.toBe('enough')
    await other
    expect(free()).toBe(0)
  })

  test('does not serve whose deadline has passed, though no timer has rung', async () => {
    const { wait, free, give } = permits(0)
    const late = new Error('late')
    const [ctx] = withTimeoutCause(background(), 1, late)
    const canceled = [wait(1, ctx), wait(1, ctx)].map(end => expect(end).rejects.toBe(late))
    const other = wait(1)
    const end = performance.now() + 3
    while (performance.now() < end);
    give(1)
    await Promise.all(canceled)
    await other
    expect(free()).toBe(0)
  })

  test('a listener of a context that gives while those who wait are being told serves the others only', async () => {
    const { wait, free, left, give } = permits(0)
    const [ctx, cancel] = withCancelCause(background())
    ctx.signal.addEventListener('abort', () => give(1))
    const outcomes = Promise.allSettled([wait(1, ctx), wait(1, ctx), wait(1, ctx)])
    const other = wait(1)
    cancel(new Error('enough'))
    expect((await outcomes).map(o => o.status)).toEqual(['rejected', 'rejected', 'rejected'])
    await other
    expect([free(), left()]).toEqual([0, 3])
  })

  test('serves or cancels, not both: whichever came first in the same tick', async () => {
    const { wait, free, left, give } = permits(0)
    const late = new AbortController()
    const served = wait(1, late)
    give(1)
    late.abort('too late')
    await served
    expect([free(), left()]).toEqual([0, 0])

    const early = new AbortController()
    const canceled = wait(1, early)
    early.abort('in time')
    give(1)
    await expect(canceled).rejects.toBe('in time')
    expect([free(), left()]).toEqual([1, 1])
  })

  test('has one listener on a signal however many wait, and none afterwards', async () => {
    const { wait, give } = permits(0)
    const { signal } = new AbortController()
    const waits = Array.from({ length: 100 }, () => wait(1, { signal }))
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    give(100)
    await Promise.all(waits)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  test.each([
    ['one after the other', permitRules],
    ['counted', callRules],
  ])('releases 100 000 waiters (%s) on one signal without overflowing the stack', async (_name, rules) => {
    const monitor = cross(new Monitor(rules))
    const giveUp = new AbortController()
    const outcomes = Promise.allSettled(Array.from({ length: 100_000 }, () => monitor.wait(0, 1, giveUp)))
    giveUp.abort('enough')
    expect(monitor.waits(0)).toBe(false)
    expect((await outcomes).every(o => o.status === 'rejected')).toBe(true)
  })

  test('lets the event loop have its turns while two hand something to and fro', async () => {
    const { wait, give } = permits(1)
    let running = true
    setImmediate(() => {
      running = false
    })
    let rounds = 0
    const player = async () => {
      while (running && rounds < 1e7) {
        await wait(1)
        rounds++
        await undefined
        give(1)
      }
    }
    await Promise.all([player(), player()])
    expect(rounds).toBeLessThan(10_000)
  })

  test('lets as many pass as are called where they are only counted, the longest waiting first', async () => {
    const monitor = cross(new Monitor(callRules))
    const call = (count: number) =>
      monitor.change((state: State) => {
        state[0] = count
      })
    const order: number[] = []
    const giveUp = new AbortController()
    call(5) // nobody is there
    for (let i = 0; i < 6; i++) {
      const end = monitor.wait(0, 1, i === 1 ? giveUp : undefined)
      void end.then(
        () => order.push(i),
        () => order.push(-i),
      )
    }
    giveUp.abort()
    call(2)
    await turn()
    expect(order).toEqual([-1, 0, 2])
    call(Infinity)
    await turn()
    expect(order).toEqual([-1, 0, 2, 3, 4, 5])
    void monitor.wait(0, 1).then(() => order.push(6))
    await turn()
    expect(order).toHaveLength(6)
  })

  test('tells who comes that it stands in line, before anybody can let it pass', async () => {
    const { monitor, give, free } = permits(0)
    const log: string[] = []
    await monitor.wait(0, 1, undefined, () => {
      log.push(`waits: ${monitor.waits(0)}`)
      give(1)
    })
    expect(log).toEqual(['waits: true'])
    give(1)
    await monitor.wait(0, 1, undefined, () => log.push('did not wait'))
    expect(log).toEqual(['waits: true'])
    expect(free()).toBe(0)
  })

  test('whoever throws on joining has left, unless it was let pass before', async () => {
    const { monitor, give, wait, free } = permits(0)
    const error = new Error('no')
    const fail = () => {
      throw error
    }
    await expect(monitor.wait(0, 1, undefined, fail)).rejects.toBe(error)
    expect(monitor.waits(0)).toBe(false)
    const first = wait(3)
    await expect(monitor.wait(0, 1, undefined, fail)).rejects.toBe(error)
    const passing = monitor.wait(1, 1, undefined, () => {
      give(1)
      fail()
    })
    await passing
    expect(free()).toBe(0)
    give(3)
    await first
  })

  test('an arrival changes the state in the same step', async () => {
    const { monitor, free } = permits(0)
    await monitor.wait(0, state => {
      state[FREE]! += 3
      return 2
    })
    expect(free()).toBe(1)
  })

  test('an arrival that throws is the error of the wait, and nobody stands in line', async () => {
    const { monitor, free } = permits(1)
    const wrong = new RangeError('wrong')
    const arrival = () => {
      throw wrong
    }
    await expect(monitor.wait(0, arrival)).rejects.toBe(wrong)
    await expect(monitor.wait(0, arrival, new AbortController())).rejects.toBe(wrong)
    expect(monitor.waits(0)).toBe(false)
    await monitor.wait(0, 1)
    expect(free()).toBe(0)
  })
})

test('who waits when a monitor is shared goes on waiting, in the same order', async () => {
  const monitor = new Monitor(permitRules)
  const order: number[] = []
  const giveUp = new AbortController()
  const waits = [2, 1, 1, 1].map((n, i) =>
    monitor.wait(0, n, i === 1 ? giveUp : undefined).then(
      () => order.push(i),
      () => order.push(-i),
    ),
  )
  worlds.shared(monitor)
  expect(monitor.waits(0)).toBe(true)
  giveUp.abort()
  const give = (n: number) =>
    monitor.change(state => {
      state[FREE]! += n
    })
  give(3)
  await turn()
  expect(order).toEqual([-1, 0, 2])
  give(1)
  await Promise.all(waits)
  expect(monitor.read(state => [state[FREE], state[LEFT]])).toEqual([0, 1])
})
