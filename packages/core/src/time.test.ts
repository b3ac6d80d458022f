import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { collect } from '../fixtures/collect.mjs'
import { ManualClock } from '../fixtures/manual-clock.mjs'
import { chan } from './chan.js'
import { type Clock, useClock } from './clock.js'
import { background, withCancelCause } from './context.js'
import { select, send, trySelect } from './select.js'
import { after, sleep, Ticker, Timer, tick } from './time.js'

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

describe('by a clock that the test sets', () => {
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

  describe('a timer', () => {
    test('gives one date once its time has come (86)', async () => {
      const { c } = new Timer(10)
      const received = c.receive()
      clock.advance(9)
      expect(await stateOf(received)).toBe('pending')
      clock.advance(1)
      expect(await received).toEqual(at(10))
      expect(await stateOf(c.receive())).toBe('pending')
    })

    test('has a channel that looks unbuffered, before and after its time (86)', () => {
      const { c } = new Timer(10)
      expect([c.length, c.capacity, c.closed]).toEqual([0, 0, false])
      clock.advance(20)
      expect([c.length, c.capacity, c.closed]).toEqual([0, 0, false])
      expect(c.tryReceiveOk()).toEqual({ value: at(10), ok: true })
      expect(c.tryReceiveOk()).toBeUndefined()
    })

    test('stopped before its time answers true, and rings no more (86)', () => {
      const timer = new Timer(10)
      expect(timer.stop()).toBe(true)
      expect(timer.stop()).toBe(false)
      clock.advance(20)
      expect(timer.c.tryReceive()).toBeUndefined()
    })

    test('stopped after its time but before its date was received answers true, and no stale date is left (86)', () => {
      const timer = new Timer(10)
      clock.advance(20)
      expect(timer.stop()).toBe(true)
      expect(timer.c.tryReceive()).toBeUndefined()
    })

    test('whose date was received answers false to stop and reset (86)', () => {
      const timer = new Timer(10)
      clock.advance(20)
      expect(timer.c.tryReceive()).toEqual(at(10))
      expect(timer.stop()).toBe(false)
      expect(timer.reset(5)).toBe(false)
      expect(timer.reset(7)).toBe(true)
      clock.advance(6)
      expect(timer.c.tryReceive()).toBeUndefined()
      clock.advance(1)
      expect(timer.c.tryReceive()).toEqual(at(27))
    })

    test('reset after its time gives no stale date (86)', async () => {
      const timer = new Timer(10)
      clock.advance(20)
      expect(timer.reset(10)).toBe(true)
      expect(timer.c.tryReceive()).toBeUndefined()
      const received = timer.c.receive()
      clock.advance(10)
      expect(await received).toEqual(at(30))
    })

    test('reset while somebody waits lets them wait for the new time (86)', async () => {
      const timer = new Timer(10)
      const received = timer.c.receive()
      timer.reset(30)
      clock.advance(20)
      expect(await stateOf(received)).toBe('pending')
      timer.stop()
      clock.advance(20)
      expect(await stateOf(received)).toBe('pending')
      timer.reset(0)
      clock.advance(0)
      expect(await received).toEqual(at(40))
    })

    test('serves one of those who wait, the first', async () => {
      const { c } = new Timer(10)
      const [first, second] = [c.receive(), c.receive()]
      clock.block(20)
      expect(c.tryReceive()).toBeUndefined()
      expect(await first).toEqual(at(10))
      expect(await stateOf(second)).toBe('pending')
    })

    test('gives the scheduled date, however late it is read, and whatever the wall clock is set to (88)', () => {
      const { c } = new Timer(10)
      clock.block(500)
      clock.epoch += 3600_000
      expect(c.tryReceive()).toEqual(new Date(clock.epoch - 3600_000 + 1010))
    })

    test('is not moved by somebody who sets the wall clock', () => {
      const { c } = new Timer(1000)
      clock.epoch += 3600_000
      expect(c.tryReceive()).toBeUndefined()
      clock.epoch -= 7200_000
      clock.advance(1000)
      expect(c.tryReceive()).toBeDefined()
    })

    test('of 0 or less is ready at once, though no timer of the host has run (90, 91)', () => {
      for (const ms of [0, -1, -Infinity]) {
        expect(trySelect({ late: after(ms), never: chan() })?.case).toBe('late')
      }
    })

    test('whose time has passed is ready in a select, though the event loop is late (91)', async () => {
      const late = after(10)
      const inbox = chan<string>()
      expect(trySelect([inbox, late])).toBeUndefined()
      clock.block(10)
      expect(trySelect([inbox, late])).toEqual({ case: 1, value: at(10), ok: true })
    })

    test('takes part in a select, and loses without losing its date', async () => {
      const timer = new Timer(10)
      const inbox = chan<string>()
      const chosen = select({ inbox, late: timer.c })
      inbox.trySend('first')
      expect(await chosen).toEqual({ case: 'inbox', value: 'first', ok: true })
      clock.advance(10)
      expect(await select({ inbox, late: timer.c })).toEqual({ case: 'late', value: at(10), ok: true })
    })

    test('has a timer of the host only while somebody waits for it', async () => {
      const timer = new Timer(1000)
      expect(clock.timers).toHaveLength(0)
      const [ctx, cancel] = withCancelCause(background())
      const received = timer.c.receive(ctx)
      expect(clock.held).toBe(1)
      cancel('enough')
      await expect(received).rejects.toBe('enough')
      expect(clock.held).toBe(0)
    })

    test('of Infinity, or of more than a host can wait, does not ring', async () => {
      for (const ms of [Infinity, 2 ** 31, 1e15]) {
        const received = after(ms).receive()
        clock.advance(2 ** 31 - 1)
        expect(await stateOf(received)).toBe('pending')
      }
    })
  })

  describe('a ticker', () => {
    test('ticks at every period (89)', async () => {
      const { c } = new Ticker(10)
      const dates: unknown[] = []
      for (let i = 0; i < 3; i++) {
        const received = c.receive()
        clock.advance(10)
        dates.push(await received)
      }
      expect(dates).toEqual([at(10), at(20), at(30)])
    })

    test('keeps one tick for a slow reader, the first missed, and then its phase (89)', () => {
      const { c } = new Ticker(10)
      clock.block(55)
      expect(c.tryReceive()).toEqual(at(10))
      expect(c.tryReceive()).toBeUndefined()
      clock.block(4)
      expect(c.tryReceive()).toBeUndefined()
      clock.block(1)
      expect(c.tryReceive()).toEqual(at(60))
    })

    test('gives each tick to one of those who wait', async () => {
      const { c } = new Ticker(10)
      const waiting = [c.receive(), c.receive(), c.receive()]
      clock.advance(30)
      expect(await Promise.all(waiting)).toEqual([at(10), at(20), at(30)])
    })

    test('reset begins a new period, and forgets the old tick (89)', () => {
      const ticker = new Ticker(10)
      clock.block(15)
      ticker.reset(20)
      expect(ticker.c.tryReceive()).toBeUndefined()
      clock.block(19)
      expect(ticker.c.tryReceive()).toBeUndefined()
      clock.block(1)
      expect(ticker.c.tryReceive()).toEqual(at(35))
    })

    test('stopped does not tick, nor close its channel; reset starts it again (89)', async () => {
      const ticker = new Ticker(10)
      clock.block(15)
      ticker.stop()
      expect(ticker.c.tryReceiveOk()).toBeUndefined()
      const received = ticker.c.receiveOk()
      clock.advance(100)
      expect(await stateOf(received)).toBe('pending')
      expect(clock.held).toBe(0)
      ticker.reset(10)
      clock.advance(10)
      expect(await received).toEqual({ value: at(125), ok: true })
    })

    test('of a fraction of a millisecond keeps its rate, whatever a date is rounded to', () => {
      const { c } = new Ticker(0.1)
      let ticks = 0
      for (let i = 0; i < 20_000; i++) {
        clock.advance(0.1)
        if (c.tryReceive()) ticks++
      }
      expect(ticks).toBeGreaterThan(19_990)
    })

    test('of no positive period is refused in the words of Go (89)', () => {
      const ticker = new Ticker(10)
      for (const ms of [0, -1, Number.NaN]) {
        expect(() => new Ticker(ms)).toThrow(RangeError)
        expect(() => ticker.reset(ms)).toThrow(RangeError)
      }
      expect(() => new Ticker(0)).toThrow('non-positive interval for NewTicker')
      expect(() => ticker.reset(0)).toThrow('non-positive interval for Ticker.Reset')
    })

    test('tick gives such a channel; of no positive period one that is never ready (89)', async () => {
      const c = tick(10)
      clock.block(10)
      expect(c.tryReceive()).toEqual(at(10))
      for (const ms of [0, -1]) {
        const never = tick(ms)
        const received = never.receive()
        clock.advance(1e6)
        expect(await stateOf(received)).toBe('pending')
        expect([never.length, never.capacity, never.closed]).toEqual([0, 0, false])
      }
    })

    test('can be ranged over', async () => {
      const dates: Date[] = []
      const ranging = (async () => {
        for await (const date of tick(10)) if (dates.push(date) === 3) break
      })()
      for (let i = 0; i < 3; i++) {
        await turn()
        clock.advance(10)
      }
      await ranging
      expect(dates).toEqual([at(10), at(20), at(30)])
      expect(clock.held).toBe(0)
    })
  })

  describe('sleep', () => {
    test('resolves when the time has passed', async () => {
      const slept = sleep(10)
      clock.advance(9)
      expect(await stateOf(slept)).toBe('pending')
      expect(clock.held).toBe(1)
      clock.advance(1)
      expect(await slept).toBeUndefined()
      expect(clock.held).toBe(0)
    })

    test('lets those wake first who sleep less, and then those who went to sleep first', async () => {
      const order: string[] = []
      const sleeper = async (name: string, ms: number) => {
        await sleep(ms)
        order.push(name)
      }
      const all = [sleeper('c', 30), sleeper('a', 10), sleeper('d', 30), sleeper('b', 20)]
      clock.advance(30)
      await Promise.all(all)
      expect(order).toEqual(['a', 'b', 'c', 'd'])
    })

    test('of Infinity, or of more than a host can wait, lasts (90)', async () => {
      const slept = [sleep(Infinity), sleep(2 ** 31), sleep(1e300)]
      clock.advance(2 ** 31 - 1)
      expect(await stateOf(Promise.race(slept))).toBe('pending')
      clock.advance(1)
      expect(await slept[1]).toBeUndefined()
    })

    test('cancelled, rejects at once with the reason and leaves no timer', async () => {
      const controller = new AbortController()
      const [ctx, cancel] = withCancelCause(background())
      const slept = [sleep(1e6, controller), sleep(1e6, ctx)]
      expect(clock.held).toBe(1)
      controller.abort('signal')
      cancel('context')
      await expect(slept[0]).rejects.toBe('signal')
      await expect(slept[1]).rejects.toBe('context')
      expect(clock.held).toBe(0)
    })

    test('of 0 can be cancelled too', async () => {
      const controller = new AbortController()
      const slept = sleep(0, controller)
      controller.abort('too late')
      await expect(slept).rejects.toBe('too late')
    })
  })
})

test('sleep of 0 or less resolves after everything else has had a turn (90)', async () => {
  const order: string[] = []
  const slept = [0, -1].map(ms => sleep(ms).then(() => order.push('slept')))
  setTimeout(() => order.push('timer'), 0)
  await Promise.resolve().then(() => order.push('microtask'))
  const until = performance.now() + 2
  while (performance.now() < until) {
    // The timer is due now.
  }
  await Promise.all(slept)
  expect(order).toEqual(['microtask', 'timer', 'slept', 'slept'])
})

test('sleep with an aborted signal rejects, even of 0', async () => {
  await expect(sleep(0, { signal: AbortSignal.abort('why') })).rejects.toBe('why')
})

test('by the real clock: after, sleep and tick come in order and never early', async () => {
  const start = performance.now()
  const date = Date.now()
  const received = await after(20).receive()
  expect(performance.now() - start).toBeGreaterThanOrEqual(20)
  expect(received!.getTime()).toBeGreaterThanOrEqual(date + 20)
  expect(received!.getTime()).toBeLessThanOrEqual(Date.now())
  const order: string[] = []
  await Promise.all([
    sleep(30).then(() => order.push('sleep 30')),
    after(10)
      .receive()
      .then(() => order.push('after 10')),
    sleep(20).then(() => order.push('sleep 20')),
  ])
  expect(order).toEqual(['after 10', 'sleep 20', 'sleep 30'])
})

test('what is no number of milliseconds is refused', async () => {
  for (const ms of ['5', undefined, null, 5n] as unknown as number[]) {
    for (const make of [() => after(ms), () => tick(ms), () => new Timer(ms), () => new Ticker(ms)]) {
      expect(make).toThrow(TypeError)
    }
    await expect(sleep(ms)).rejects.toThrow(TypeError)
  }
  for (const make of [() => after(Number.NaN), () => tick(Number.NaN), () => new Timer(Number.NaN)]) {
    expect(make).toThrow(RangeError)
  }
  expect(() => new Timer(1).reset(Number.NaN)).toThrow(RangeError)
  await expect(sleep(Number.NaN)).rejects.toThrow(RangeError)
})

test('nobody sends on a timer, or closes it', () => {
  const c = new Timer(1).c as never as ReturnType<typeof chan>
  expect(() => c.trySend(1)).toThrow('send on receive-only channel')
  expect(() => c.close()).toThrow('close of receive-only channel')
  expect(() => trySelect([send(c, 1)])).toThrow('send on receive-only channel')
})

test('a timer that nobody refers to is collected without being stopped (90)', async () => {
  const makers: (() => object)[] = [() => new Timer(1e6), () => new Timer(Infinity), () => new Ticker(1)]
  const refs = Array.from({ length: 99 }, (_, i) => new WeakRef(makers[i % 3]()))
  const timer = new Timer(1e6)
  const [ctx, cancel] = withCancelCause(background())
  const received = timer.c.receive(ctx)
  cancel('gave up')
  await expect(received).rejects.toBe('gave up')
  await turn()
  collect()
  await turn()
  // The engine may hold on to the last one.
  expect(refs.filter(ref => ref.deref()).length).toBeLessThan(3)
})

describe('the process', () => {
  const run = async (program: string) => {
    const index = new URL('../dist/index.js', import.meta.url)
    const source = `import * as millrace from ${JSON.stringify(index.href)}; const { ${NAMES} } = millrace; ${program}`
    const cwd = fileURLToPath(new URL('.', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', source], {
      cwd,
    })
    return stdout.trim()
  }
  const NAMES = 'after, background, chan, select, sleep, Ticker, Timer, tick, withTimeout'

  test('lives on while somebody waits for a timer', async () => {
    expect(await run(`sleep(50).then(() => console.log('slept'))`)).toBe('slept')
    expect(await run(`after(50).receive().then(() => console.log('rang'))`)).toBe('rang')
    expect(await run(`select({ never: chan(), late: after(50) }).then(hit => console.log(hit.case))`)).toBe(
      'late',
    )
    expect(
      await run(`let n = 0; for await (const date of tick(20)) if (++n === 3) break; console.log(n)`),
    ).toBe('3')
  })

  test('ends if nobody does, however many timers there are', async () => {
    const unawaited = `after(1e9); tick(1e3); const timer = new Timer(1e9); new Ticker(1e3);`
    expect(await run(`${unawaited} console.log('end')`)).toBe('end')
    const stopped = `timer.c.receive().then(() => console.log('rang')); timer.stop();`
    expect(await run(`${unawaited} ${stopped} console.log('end')`)).toBe('end')
    const lost = `const inbox = chan(1); const hit = select({ inbox, late: timer.c }); await inbox.send(1); await hit;`
    expect(await run(`${unawaited} ${lost} console.log('end')`)).toBe('end')
  })
})
