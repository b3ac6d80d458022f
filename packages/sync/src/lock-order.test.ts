import { type DebugReport, go, runtime } from '@millrace/core'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Cond, Mutex, RWMutex, WaitGroup } from './index.js'

const reports: DebugReport[] = []

/** Lets everything happen that can happen by itself. */
const turn = async () => {
  for (let i = 0; i < 4; i++) await runtime.gosched()
}

/** What has been reported since the last call. */
const told = async (): Promise<string[]> => {
  await turn()
  return reports.splice(0).map(report => report.message)
}

const mutexes = (count: number): Mutex[] => Array.from({ length: count }, () => new Mutex())

async function firstThenSecond(first: Mutex, second: Mutex): Promise<void> {
  await first.lock()
  await second.lock()
  second.unlock()
  first.unlock()
}

async function secondThenFirst(first: Mutex, second: Mutex): Promise<void> {
  await second.lock()
  await turn()
  await takeInside(first)
  second.unlock()
}

async function takeInside(lock: Mutex): Promise<void> {
  await turn()
  await lock.lock()
  await turn()
  lock.unlock()
}

/** Takes locks in an order and gives them back, with a wait between any two steps. */
async function inOrder(...locks: Mutex[]): Promise<void> {
  for (const lock of locks) {
    await lock.lock()
    await turn()
  }
  for (const lock of locks) lock.unlock()
}

const holdFor = async (lock: Mutex, until: Promise<unknown>): Promise<void> => {
  await lock.lock()
  await until
  lock.unlock()
}

test('nothing is watched unless it is asked for', async () => {
  runtime.configure({ onReport: report => reports.push(report) })
  const [a, b] = mutexes(2)
  await go(firstThenSecond, a, b)
  await go(secondThenFirst, a, b)
  expect(await told()).toEqual([])
})

describe('in development mode', () => {
  beforeAll(() => runtime.configure({ debug: true }))
  afterEach(() => expect(reports).toEqual([]))

  describe('a potential deadlock is reported, though nothing hangs', () => {
    test('two goroutines, one after the other: both stacks, and where the locks were made', async () => {
      const [a, b] = [new Mutex(), new Mutex()]
      await go(firstThenSecond, a, b)
      expect(reports).toEqual([])
      await go(secondThenFirst, a, b)
      const [{ code, message }, ...rest] = reports.splice(0)
      expect(rest).toEqual([])
      expect(code).toBe('MILLRACE_LOCK_ORDER')
      const outline = message
        .replaceAll(/ async /g, ' ')
        .replaceAll(/\(.*lock-order\.test\.ts:\d+:\d+\)/g, '(here)')
        .replaceAll(/at \S*lock-order\.test\.ts:\d+:\d+/g, 'at (here)')
        .replaceAll(/#\d+/g, '#')
        .replaceAll(/goroutine \d+/g, 'goroutine')
      expect(outline.split('\n').filter(line => line !== '      at (here)')).toEqual([
        'sync: potential deadlock: two locks are taken in both orders; take them in the same order everywhere',
        '  goroutine held Mutex #, taken',
        '      at secondThenFirst (here)',
        '    and asked for Mutex #',
        '      at takeInside (here)',
        '      at secondThenFirst (here)',
        '  goroutine held Mutex #, taken',
        '      at firstThenSecond (here)',
        '    and asked for Mutex #',
        '      at firstThenSecond (here)',
        '  Mutex # was made',
        '  Mutex # was made',
      ])
      const line = (text: string) => message.split('\n').findIndex(line => line.includes(text))
      expect(line('was made')).toBeLessThan(
        message.split('\n').findLastIndex(l => /lock-order\.test/.test(l)),
      )
    })

    test('once', async () => {
      const [a, b] = mutexes(2)
      for (let i = 0; i < 3; i++) {
        await go(inOrder, a, b)
        await go(inOrder, b, a)
      }
      expect(await told()).toHaveLength(1)
    })

    test('a cycle of three', async () => {
      const [a, b, c] = mutexes(3)
      await go(inOrder, a, b)
      await go(inOrder, b, c)
      expect(reports).toEqual([])
      await go(inOrder, c, a)
      expect(await told()).toEqual([expect.stringContaining('3 locks are taken in orders that make a cycle')])
    })

    test('a real one, before it is known to be', async () => {
      const [a, b] = mutexes(2)
      void go(inOrder, a, b)
      void go(inOrder, b, a)
      while (reports.length === 0) await turn()
      expect(await told()).toHaveLength(1)
      expect(a.locked && b.locked).toBe(true)
    })

    test('code outside goroutines', async () => {
      const [a, b] = mutexes(2)
      await inOrder(a, b)
      await inOrder(b, a)
      expect(await told()).toEqual([expect.stringContaining('code outside goroutines')])
    })

    test('handlers that the host calls', async () => {
      const [a, b] = mutexes(2)
      const handled = (...locks: Mutex[]) =>
        new Promise<void>(resolve => setTimeout(async () => resolve(await inOrder(...locks)), 0))
      await Promise.all([handled(a, b), handled(a, b)])
      await handled(b, a)
      expect(await told()).toHaveLength(1)
    })

    test('goroutines of a WaitGroup', async () => {
      const [a, b] = mutexes(2)
      const group = new WaitGroup()
      group.go(inOrder, a, b)
      await group.wait()
      group.go(inOrder, b, a)
      await group.wait()
      expect(await told()).toHaveLength(1)
    })

    test('withLock and acquire', async () => {
      const [a, b, c] = mutexes(3)
      await go(async () => {
        using _held = await a.acquire()
        await turn()
        await b.withLock(async () => {
          await turn()
          await takeInside(c)
        })
      })
      await go(() => c.withLock(() => takeInside(b)))
      expect(await told()).toHaveLength(1)
      await go(() => b.withLock(() => takeInside(a)))
      expect(await told()).toHaveLength(1)
    })

    test('what is held by try is held', async () => {
      const [a, b] = mutexes(2)
      const tryThenLock = async (first: Mutex, second: Mutex): Promise<void> => {
        expect(first.tryLock()).toBe(true)
        await second.lock()
        second.unlock()
        first.unlock()
      }
      await go(tryThenLock, a, b)
      await go(tryThenLock, b, a)
      expect(await told()).toHaveLength(1)
    })

    test('a lock that is held by try, and asked for after a wait', async () => {
      const [a, b] = mutexes(2)
      await go(async () => {
        expect(a.tryLock()).toBe(true)
        await takeInside(b)
        a.unlock()
      })
      await go(inOrder, b, a)
      expect(await told()).toHaveLength(1)
    })

    test('blocking', async () => {
      const [a, b] = mutexes(2)
      const sync = (first: Mutex, second: Mutex): void => {
        first.lockSync()
        second.lockSync()
        second.unlock()
        first.unlock()
      }
      await go(sync, a, b)
      await go(sync, b, a)
      expect(await told()).toHaveLength(1)
    })
  })

  describe('an RWMutex', () => {
    type Way = 'read' | 'write'
    const nested = async (first: RWMutex, how: Way, second: RWMutex, then: Way): Promise<void> => {
      using _first = how === 'read' ? await first.acquireRead() : await first.acquire()
      await turn()
      if (then === 'read') await second.withReadLock(turn)
      else await second.withLock(turn)
    }

    test('in both orders, written', async () => {
      const [a, b] = [new RWMutex(), new RWMutex()]
      await go(nested, a, 'write', b, 'write')
      await go(nested, b, 'write', a, 'write')
      expect(await told()).toEqual([expect.stringMatching(/held RWMutex #\d+ for writing/)])
    })

    test('in both orders, one side read', async () => {
      const [a, b] = [new RWMutex(), new RWMutex()]
      await go(nested, a, 'read', b, 'write')
      await go(nested, b, 'read', a, 'write')
      expect(await told()).toEqual([expect.stringMatching(/held RWMutex #\d+ for reading/)])
    })

    test('in both orders, only read: not until somebody writes both', async () => {
      const [a, b] = [new RWMutex(), new RWMutex()]
      await go(nested, a, 'read', b, 'read')
      await go(nested, b, 'read', a, 'read')
      await a.withLock(turn)
      expect(await told()).toEqual([])
      await b.withLock(turn)
      expect(await told()).toHaveLength(1)
    })

    test('read again by who reads it: not until somebody writes it', async () => {
      const lock = new RWMutex()
      const again = new RWMutex()
      await again.withLock(turn)
      await go(nested, lock, 'read', lock, 'read')
      expect(await told()).toEqual([])
      await lock.withLock(turn)
      expect(await told()).toEqual([expect.stringContaining('asks to read a lock that it reads already')])
      await go(nested, again, 'read', again, 'read')
      expect(await told()).toHaveLength(1)
    })

    test('written by who reads it', async () => {
      const lock = new RWMutex()
      const controller = new AbortController()
      const outcome = go(async () => {
        await lock.rlock()
        await turn()
        await lock.lock(controller)
      })
      outcome.catch(() => {})
      while (reports.length === 0) await turn()
      expect(await told()).toHaveLength(1)
      controller.abort('enough')
      await expect(outcome).rejects.toBe('enough')
    })

    test('many readers at a time give back each their own', async () => {
      const [a, b] = [new RWMutex(), new RWMutex()]
      await Promise.all([1, 2, 3].map(() => go(nested, a, 'read', b, 'write')))
      await go(async () => {
        await b.lock()
        b.unlock()
        expect(a.tryRLock()).toBe(true)
        a.runlock()
        await a.rlock()
        a.runlock()
      })
      expect(await told()).toEqual([])
    })
  })

  describe('a lock that its holder asks for is reported', () => {
    test('once he waits for it', async () => {
      const lock = new Mutex()
      const controller = new AbortController()
      const outcome = go(async function outer() {
        await lock.lock()
        await turn()
        await (async function inner() {
          await turn()
          await lock.lock(controller)
        })()
      })
      outcome.catch(() => {})
      while (reports.length === 0) await turn()
      const [message] = await told()
      expect(message).toContain('sync: deadlock: a goroutine asks for a lock that it holds')
      expect(message).toMatch(/held Mutex #\d+, taken\n +at outer.*\n(.*\n)* +and asked for .*\n +at inner/)
      controller.abort('enough')
      await expect(outcome).rejects.toBe('enough')
    })

    test('at once if that blocks', async () => {
      const lock = new Mutex()
      lock.lockSync()
      expect(() => lock.lockSync()).toThrow('deadlock')
      lock.unlock()
      expect(await told()).toHaveLength(1)
    })
  })

  describe('nothing is reported of', () => {
    test('locks in one order, by many', async () => {
      const [a, b, c] = mutexes(3)
      await Promise.all([go(inOrder, a, b, c), go(inOrder, a, c), go(inOrder, b, c), inOrder(a, b)])
      expect(await told()).toEqual([])
    })

    test('a try, which never waits', async () => {
      const [a, b] = mutexes(2)
      await go(inOrder, a, b)
      await go(async () => {
        await b.lock()
        expect(a.tryLock()).toBe(true)
        await turn()
        a.unlock()
        b.unlock()
      })
      expect(await told()).toEqual([])
    })

    test('a failed try', async () => {
      const [a, b] = mutexes(2)
      await a.lock()
      await go(async () => {
        expect(a.tryLock()).toBe(false)
        await takeInside(b)
      })
      a.unlock()
      await go(inOrder, b, a)
      expect(await told()).toEqual([])
    })

    test('another order of giving back', async () => {
      const [a, b] = mutexes(2)
      await go(async () => {
        await a.lock()
        await b.lock()
        a.unlock()
        await turn()
        b.unlock()
      })
      await go(firstThenSecond, a, b)
      expect(await told()).toEqual([])
    })

    test('hand over hand', async () => {
      const locks = mutexes(5)
      const walk = async (): Promise<void> => {
        await locks[0].lock()
        for (let i = 1; i < locks.length; i++) {
          await locks[i].lock()
          locks[i - 1].unlock()
          await turn()
        }
        locks[4].unlock()
      }
      await Promise.all([go(walk), go(walk), walk()])
      // Given back before the first is asked for again.
      await go(async () => {
        await locks[4].lock()
        locks[4].unlock()
        await locks[0].lock()
        locks[0].unlock()
      })
      expect(await told()).toEqual([])
    })

    test('a lock that another goroutine gives back', async () => {
      const [a, b] = mutexes(2)
      await go(async () => {
        await a.lock()
        await go(() => a.unlock())
        await takeInside(b)
      })
      await go(inOrder, b, a)
      expect(await told()).toEqual([])
    })

    test('a lock that is used as a signal', async () => {
      const lock = new Mutex()
      await lock.lock()
      const opened = lock.lock()
      lock.unlock()
      await opened
      lock.unlock()
      const early = lock.lock()
      lock.unlock()
      await early
      await lock.lock()
      lock.unlock()
      expect(await told()).toEqual([])
    })

    test('instances that are made in a loop', async () => {
      for (let i = 0; i < 20; i++) {
        const [a, b] = mutexes(2)
        await go(inOrder, ...(i % 2 === 0 ? [a, b] : [b, a]))
      }
      expect(await told()).toEqual([])
    })

    test('a wait that was given up', async () => {
      const [a, b] = mutexes(2)
      await a.lock()
      await expect(a.lock({ signal: AbortSignal.abort('no') })).rejects.toBe('no')
      a.unlock()
      await takeInside(b)
      await go(inOrder, b, a)
      expect(await told()).toEqual([])
    })

    test('a goroutine that is started, or a timer that is set, by who holds a lock', async () => {
      const [a, b] = mutexes(2)
      await a.lock()
      const started = go(takeInside, b)
      const called = new Promise<void>(resolve => setTimeout(async () => resolve(await takeInside(b)), 0))
      await turn()
      a.unlock()
      await Promise.all([started, called])
      await go(inOrder, b, a)
      expect(await told()).toEqual([])
    })

    test('branches of one goroutine that run beside each other', async () => {
      const [a, b] = mutexes(2)
      const branches = async (first: Mutex, second: Mutex): Promise<void> => {
        await Promise.all([
          inOrder(first),
          (async () => takeInside(second))(),
          inOrder(second),
          inOrder(first),
        ])
      }
      await go(branches, a, b)
      await go(branches, b, a)
      await branches(a, b)
      await branches(b, a)
      expect(await told()).toEqual([])
    })

    test('independent handlers', async () => {
      const [a, b] = mutexes(2)
      let left = 6
      await new Promise<void>(resolve => {
        const timer = setInterval(async () => {
          const locks = left-- % 2 === 0 ? [a, b] : [b, a]
          if (left === 0) clearInterval(timer)
          const own = locks[0]
          await own.lock()
          await turn()
          own.unlock()
          if (left <= 0) resolve()
        }, 1)
      })
      await turn()
      expect(await told()).toEqual([])
    })

    test('functions that are called and not waited for', async () => {
      const [a, b] = mutexes(2)
      const gate = newGate()
      void holdFor(a, gate.promise)
      await turn()
      void holdFor(b, gate.promise)
      await turn()
      const waiting = holdFor(a, gate.promise)
      await turn()
      gate.resolve(undefined)
      await waiting
      await go(inOrder, b, a)
      expect(await told()).toEqual([])
    })

    test('callers that do not wait for withLock', async () => {
      const [a, b] = mutexes(2)
      const gate = newGate()
      await go(async () => {
        const held = a.withLock(() => gate.promise)
        await turn()
        await takeInside(b)
        gate.resolve(undefined)
        await held
      })
      await go(inOrder, b, a)
      expect(await told()).toEqual([])
    })

    test('a condition variable', async () => {
      const lock = new Mutex()
      const cond = new Cond(lock)
      let ready = false
      const waiter = go(async () => {
        await lock.lock()
        while (!ready) await cond.wait()
        lock.unlock()
      })
      await turn()
      await lock.lock()
      ready = true
      cond.broadcast()
      lock.unlock()
      await waiter
      expect(await told()).toEqual([])
    })
  })
})

function newGate(): { promise: Promise<unknown>; resolve(value: unknown): void } {
  let resolve!: (value: unknown) => void
  const promise = new Promise(r => {
    resolve = r
  })
  return { promise, resolve }
}
