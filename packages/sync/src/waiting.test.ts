// Pool threads load the compiled packages, so the test has to as well.
import { getEventListeners } from 'node:events'
import { background, type WaitOptions, withCancelCause } from '@millrace/core'
import { describe, expect, test } from 'vitest'
import {
  Barrier,
  Cond,
  type Locker,
  Mutex,
  Once,
  onceFunc,
  onceValue,
  RWMutex,
  Semaphore,
  SingleFlight,
  WaitGroup,
} from '../dist/index.js'
import { type World, worlds } from '../fixtures/worlds.mjs'

// What is true of every operation that may wait.

/** Lets everything happen that can happen by itself. */
const turn = async () => {
  for (let i = 0; i < 4; i++) await new Promise(resolve => setImmediate(resolve))
}

/** Lets promises that are settled reach those who wait for them; no timer and no I/O has a turn. */
async function microtasks(): Promise<void> {
  for (let i = 0; i < 20; i++) await undefined
}

interface Situation {
  /** Has to wait. */
  wait(options?: WaitOptions): Promise<unknown>
  /** Lets the one who has waited longest go on. */
  open(): void
}

const nothing = () => {}

const situations: { [operation: string]: (make: World['make']) => Promise<Situation> } = {
  'Mutex.lock': async make => {
    const mutex = await make(Mutex)
    mutex.tryLock()
    return { wait: o => mutex.lock(o), open: () => mutex.unlock() }
  },
  'Mutex.acquire': async make => {
    const mutex = await make(Mutex)
    mutex.tryLock()
    return { wait: o => mutex.acquire(o), open: () => mutex.unlock() }
  },
  'Mutex.withLock': async make => {
    const mutex = await make(Mutex)
    mutex.tryLock()
    return { wait: o => mutex.withLock(nothing, o), open: () => mutex.unlock() }
  },
  'RWMutex.lock, while it is read': async make => {
    const mutex = await make(RWMutex)
    mutex.tryRLock()
    return { wait: o => mutex.lock(o), open: () => mutex.runlock() }
  },
  'RWMutex.lock, while it is written': async make => {
    const mutex = await make(RWMutex)
    mutex.tryLock()
    return { wait: o => mutex.lock(o), open: () => mutex.unlock() }
  },
  'RWMutex.acquire': async make => {
    const mutex = await make(RWMutex)
    mutex.tryLock()
    return { wait: o => mutex.acquire(o), open: () => mutex.unlock() }
  },
  'RWMutex.withLock': async make => {
    const mutex = await make(RWMutex)
    mutex.tryLock()
    return { wait: o => mutex.withLock(nothing, o), open: () => mutex.unlock() }
  },
  'RWMutex.rlock': async make => {
    const mutex = await make(RWMutex)
    mutex.tryLock()
    return { wait: o => mutex.rlock(o), open: () => mutex.unlock() }
  },
  'RWMutex.acquireRead': async make => {
    const mutex = await make(RWMutex)
    mutex.tryLock()
    return { wait: o => mutex.acquireRead(o), open: () => mutex.unlock() }
  },
  'RWMutex.withReadLock': async make => {
    const mutex = await make(RWMutex)
    mutex.tryLock()
    return { wait: o => mutex.withReadLock(nothing, o), open: () => mutex.unlock() }
  },
  'RWMutex.rlocker().lock': async make => {
    const mutex = await make(RWMutex)
    mutex.tryLock()
    return { wait: o => mutex.rlocker().lock(o), open: () => mutex.unlock() }
  },
  'WaitGroup.wait': async make => {
    const group = await make(WaitGroup)
    group.add(1)
    return { wait: o => group.wait(o), open: () => group.done() }
  },
  'Once.do': async make => {
    const once = await make(Once)
    let end = nothing
    void once.do(
      () =>
        new Promise<void>(resolve => {
          end = resolve
        }),
    )
    return { wait: o => once.do(nothing, o), open: () => end() }
  },
  onceValue: async () => {
    let end = nothing
    const value = onceValue(
      () =>
        new Promise<void>(resolve => {
          end = resolve
        }),
    )
    void value()
    return { wait: value, open: () => end() }
  },
  'Semaphore.acquire': async make => {
    const semaphore = await make(Semaphore, 1)
    semaphore.tryAcquire()
    return { wait: o => semaphore.acquire(1, o), open: () => semaphore.release() }
  },
  'Semaphore.withPermits': async make => {
    const semaphore = await make(Semaphore, 1)
    semaphore.tryAcquire()
    return { wait: o => semaphore.withPermits(1, nothing, o), open: () => semaphore.release() }
  },
  'Cond.wait': async make => {
    const mutex = await make(Mutex)
    const cond = await make(Cond, mutex as Locker)
    return {
      wait: o => {
        expect(mutex.tryLock()).toBe(true)
        return cond.wait(o).finally(() => mutex.unlock())
      },
      open: () => cond.signal(),
    }
  },
  'SingleFlight.do': async make => {
    const flights = await make(SingleFlight<string, void>)
    let end = nothing
    const fn = () =>
      new Promise<void>(resolve => {
        end = resolve
      })
    void flights.do('key', fn)
    return { wait: o => flights.do('key', nothing, o), open: () => end() }
  },
  'Barrier.wait': async make => {
    const barrier = await make(Barrier, 2)
    return { wait: o => barrier.wait(o), open: () => void barrier.wait() }
  },
}

/** What stays on its thread is tried there alone. */
const STAYS = ['onceValue']

const cases = worlds.flatMap(({ name, isLocal, make }) =>
  Object.entries(situations)
    .filter(([operation]) => isLocal || !STAYS.includes(operation))
    .map(([operation, situation]) => ({ operation, world: name, make: () => situation(make) })),
)

describe.each(cases)('$operation, $world', ({ operation, world, make }) => {
  const reason = { why: 'a reason is handed on as it is' }

  test('waits, and goes on when it may', async () => {
    const { wait, open } = await make()
    let over = false
    const waiting = wait().then(() => {
      over = true
    })
    await turn()
    expect(over).toBe(false)
    open()
    await waiting
  })

  test('already aborted, rejects with the reason, and nothing has happened', async () => {
    const { wait, open } = await make()
    const signal = AbortSignal.abort(reason)
    await expect(wait({ signal })).rejects.toBe(reason)
    await turn()
    const next = wait()
    open()
    await next
  })

  test('aborted while it waits, rejects with the reason before anything else has a turn', async () => {
    const { wait } = await make()
    const controller = new AbortController()
    let seen: unknown
    wait(controller).catch(error => {
      seen = error
    })
    await turn()
    controller.abort(reason)
    await microtasks()
    expect(seen).toBe(reason)
  })

  test('aborted while it waits, rejects with a DOMException if there is no other reason', async () => {
    const { wait } = await make()
    const controller = new AbortController()
    const waiting = wait(controller)
    controller.abort()
    await expect(waiting).rejects.toBe(controller.signal.reason)
  })

  test('takes a context for the signal', async () => {
    const { wait } = await make()
    const [ctx, cancel] = withCancelCause(background())
    const waiting = wait(ctx)
    cancel(reason)
    await expect(waiting).rejects.toBe(reason)
    await expect(wait(ctx)).rejects.toBe(reason)
  })

  // A shared Mutex is not handed on: who waits is woken, and takes it if nobody else was quicker.
  test.skipIf(world !== 'local' && operation.startsWith('Mutex'))(
    'served and aborted in the same tick, has been served',
    async () => {
      const { wait, open } = await make()
      const controller = new AbortController()
      const waiting = wait(controller)
      await turn()
      open()
      // What runs a function of ours ends only when that has.
      if (/once|flight/i.test(operation)) await microtasks()
      controller.abort(reason)
      await waiting
    },
  )

  test('aborted and then opened in the same tick, rejects, and the next one is served', async () => {
    const { wait, open } = await make()
    const controller = new AbortController()
    const waiting = wait(controller)
    await turn()
    controller.abort(reason)
    if (operation === 'Barrier.wait') return void (await expect(waiting).rejects.toBe(reason))
    if (operation === 'Cond.wait') await microtasks() // has the lock again
    const next = wait()
    open()
    await expect(waiting).rejects.toBe(reason)
    await next
  })

  test('leaves no listener on the signal, however it ends', async () => {
    const ends: ((situation: Situation, controller: AbortController) => void)[] = [
      ({ open }) => open(),
      (_, controller) => controller.abort(reason),
    ]
    for (const end of ends) {
      const situation = await make()
      const controller = new AbortController()
      const { signal } = controller
      const waiting = situation.wait({ signal })
      expect(getEventListeners(signal, 'abort')).toHaveLength(1)
      await turn()
      end(situation, controller)
      await waiting.catch(nothing)
      expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    }
    const signal = AbortSignal.abort(reason)
    await (await make()).wait({ signal }).catch(nothing)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  test('refuses a signal that is none', async () => {
    const { wait, open } = await make()
    await expect(wait({ signal: 'stop' as unknown as AbortSignal })).rejects.toThrow(TypeError)
    const next = wait()
    open()
    await next
  })
})

describe.each(worlds)('already aborted, an operation that need not wait, $name', ({ make }) => {
  const reason = new Error('aborted before')
  const signal = AbortSignal.abort(reason)

  test('does not lock a free Mutex', async () => {
    const mutex = await make(Mutex)
    for (const wait of [
      mutex.lock({ signal }),
      mutex.acquire({ signal }),
      mutex.withLock(fail, { signal }),
    ]) {
      await expect(wait).rejects.toBe(reason)
    }
    expect(mutex.locked).toBe(false)
  })

  test('does not lock a free RWMutex', async () => {
    const mutex = await make(RWMutex)
    await expect(mutex.lock({ signal })).rejects.toBe(reason)
    await expect(mutex.rlock({ signal })).rejects.toBe(reason)
    expect(mutex.tryLock()).toBe(true)
  })

  test('does not acquire permits that are free', async () => {
    const semaphore = await make(Semaphore, 3)
    await expect(semaphore.acquire(2, { signal })).rejects.toBe(reason)
    expect(semaphore.available).toBe(3)
  })

  test('does not call the function of a Once', async () => {
    const once = await make(Once)
    await expect(once.do(fail, { signal })).rejects.toBe(reason)
    expect(once.done).toBe(false)
    let runs = 0
    await once.do(() => runs++)
    expect(runs).toBe(1)
    await expect(once.do(fail, { signal })).rejects.toBe(reason)
  })

  test('does not call the function of an onceValue', async () => {
    const value = onceValue(() => 1)
    await expect(value({ signal })).rejects.toBe(reason)
    expect(await value()).toBe(1)
  })

  test('does not start a flight', async () => {
    const flights = new SingleFlight<string, number>()
    await expect(flights.do('key', fail, { signal })).rejects.toBe(reason)
    expect(await flights.do('key', () => 1)).toEqual({ value: 1, shared: false })
  })

  test('does not give back the lock of a Cond', async () => {
    const mutex = await make(Mutex)
    await mutex.lock()
    let passed = false
    const other = mutex.lock().then(() => {
      passed = true
    })
    await expect(new Cond(mutex).wait({ signal })).rejects.toBe(reason)
    await turn()
    expect(passed).toBe(false)
    mutex.unlock()
    await other
  })

  test('does not arrive at a Barrier', async () => {
    const barrier = new Barrier(1)
    await expect(barrier.wait({ signal })).rejects.toBe(reason)
    expect(barrier).toMatchObject({ waiting: 0, broken: false })
  })

  test('does not pass a WaitGroup', async () => {
    await expect((await make(WaitGroup)).wait({ signal })).rejects.toBe(reason)
  })
})

function fail(): never {
  throw new Error('must not be called')
}

describe('what is no use at all is refused before anything happens', () => {
  const none = undefined as unknown as () => void

  test('a lock is not taken for what is no function', async () => {
    const mutex = new Mutex()
    const rw = new RWMutex()
    const semaphore = new Semaphore(1)
    const refused: [Promise<unknown>, string][] = [
      [mutex.withLock(none), 'sync: withLock needs a function, got undefined'],
      [rw.withLock(none), 'sync: withLock needs a function, got undefined'],
      [rw.withReadLock(none), 'sync: withReadLock needs a function, got undefined'],
      [semaphore.withPermits(1, none), 'sync: withPermits needs a function, got undefined'],
    ]
    for (const [result, message] of refused) await expect(result).rejects.toThrow(new TypeError(message))
    expect([mutex.locked, rw.tryLock(), semaphore.available]).toEqual([false, true, 1])
  })

  test('a Once stays unused, and onceValue and onceFunc throw at once', async () => {
    const once = new Once()
    await expect(once.do(none)).rejects.toThrow(
      new TypeError('sync: Once.do needs a function, got undefined'),
    )
    expect(once.done).toBe(false)
    expect(() => onceValue(none)).toThrow(new TypeError('sync: onceValue needs a function, got undefined'))
    expect(() => onceFunc(none)).toThrow(new TypeError('sync: onceFunc needs a function, got undefined'))
  })

  test('a Cond without a lock', () => {
    for (const locker of [undefined, {}, { lock() {} }]) {
      expect(() => new Cond(locker as unknown as Locker)).toThrow(/^sync: Cond needs a lock/)
    }
  })

  test('options where the number of permits is due', async () => {
    const options = { signal: AbortSignal.abort() } as unknown as number
    await expect(new Semaphore(1).acquire(options)).rejects.toThrow(/acquire\(1, \{ signal \}\)/)
  })
})
