// Pool threads load the compiled packages, so the test has to as well.
import { describe, expect, test } from 'vitest'
import { Mutex, SyncMisuseError } from '../dist/index.js'
import { worlds } from '../fixtures/worlds.mjs'

/** Lets everything happen that can happen by itself. */
const turn = async () => {
  for (let i = 0; i < 4; i++) await new Promise(resolve => setImmediate(resolve))
}

describe.each(worlds)('Mutex, $name', ({ isLocal, make }) => {
  test('is free when it is new, and held by one', async () => {
    const mutex = await make(Mutex)
    expect(mutex.locked).toBe(false)
    expect(mutex.tryLock()).toBe(true)
    expect(mutex.locked).toBe(true)
    expect(mutex.tryLock()).toBe(false)
    mutex.unlock()
    await mutex.lock()
    expect(mutex.tryLock()).toBe(false)
    mutex.unlock()
    expect(mutex.locked).toBe(false)
  })

  test('is handed on in the order in which it was asked for', async () => {
    const mutex = await make(Mutex)
    await mutex.lock()
    const order: number[] = []
    const all = [0, 1, 2, 3, 4].map(async i => {
      await mutex.lock()
      order.push(i)
      await turn()
      mutex.unlock()
    })
    mutex.unlock()
    await Promise.all(all)
    expect(order).toEqual([0, 1, 2, 3, 4])
    expect(mutex.locked).toBe(false)
  })

  // A shared one may be taken by whoever runs, for a while: as in Go.
  test.runIf(isLocal)('belongs to the next from the unlock on: nobody comes in between', async () => {
    const mutex = await make(Mutex)
    await mutex.lock()
    const next = mutex.lock()
    mutex.unlock()
    expect(mutex.tryLock()).toBe(false)
    expect(mutex.locked).toBe(true)
    await next
    mutex.unlock()
    expect(mutex.tryLock()).toBe(true)
  })

  test('is not lost when the one at the head gives up', async () => {
    const mutex = await make(Mutex)
    await mutex.lock()
    const first = new AbortController()
    const locks = [mutex.lock(first), mutex.lock(), mutex.lock(first)]
    const outcomes = Promise.allSettled(locks)
    const last = mutex.lock()
    first.abort('enough')
    mutex.unlock()
    await locks[1]
    mutex.unlock()
    await last
    expect((await outcomes).map(o => o.status)).toEqual(['rejected', 'fulfilled', 'rejected'])
    mutex.unlock()
    expect(mutex.locked).toBe(false)
  })

  test('is not reentrant', async () => {
    const mutex = await make(Mutex)
    await mutex.lock()
    const controller = new AbortController()
    const again = mutex.lock(controller)
    await turn()
    controller.abort('deadlock')
    await expect(again).rejects.toBe('deadlock')
  })

  test('can be unlocked by another goroutine than the one that locked it', async () => {
    const mutex = await make(Mutex)
    await mutex.lock()
    await Promise.resolve().then(() => mutex.unlock())
    expect(mutex.locked).toBe(false)
  })

  test('says so when it is unlocked and not locked', async () => {
    const mutex = await make(Mutex)
    expect(() => mutex.unlock()).toThrow(SyncMisuseError)
    expect(() => mutex.unlock()).toThrow(/^sync: unlock of unlocked mutex$/)
    expect(() => mutex.unlock()).toThrow(
      expect.objectContaining({ code: 'ERR_SYNC_MISUSE', name: 'SyncMisuseError' }),
    )
    expect(mutex.tryLock()).toBe(true)
  })

  test('withLock gives the result, and the lock back', async () => {
    const mutex = await make(Mutex)
    expect(await mutex.withLock(() => mutex.locked)).toBe(true)
    expect(await mutex.withLock(async () => 'later')).toBe('later')
    expect(mutex.locked).toBe(false)
  })

  test('withLock gives the lock back when its function throws', async () => {
    const mutex = await make(Mutex)
    const error = new Error('inside')
    const boom = () => {
      throw error
    }
    await expect(mutex.withLock(boom)).rejects.toBe(error)
    await expect(mutex.withLock(async () => boom())).rejects.toBe(error)
    expect(mutex.locked).toBe(false)
  })

  test('withLock does not stop its function when the signal aborts meanwhile', async () => {
    const mutex = await make(Mutex)
    const controller = new AbortController()
    const work = mutex.withLock(async () => {
      controller.abort()
      await turn()
      return 'done'
    }, controller)
    expect(await work).toBe('done')
  })

  test('a guard gives the lock back once', async () => {
    const mutex = await make(Mutex)
    const guard = await mutex.acquire()
    expect(mutex.locked).toBe(true)
    guard.release()
    expect(mutex.tryLock()).toBe(true)
    guard.release()
    guard[Symbol.dispose]()
    expect(mutex.locked).toBe(true)
  })

  test('a guard gives the lock back at the end of its block', async () => {
    const mutex = await make(Mutex)
    {
      using _guard = await mutex.acquire()
      expect(mutex.locked).toBe(true)
    }
    expect(mutex.locked).toBe(false)
  })

  test('lockSync takes it at once if it is free', async () => {
    const mutex = await make(Mutex)
    mutex.lockSync()
    expect(mutex.locked).toBe(true)
    expect(() => mutex.lockSync({ signal: AbortSignal.abort('enough') })).toThrow('enough')
  })

  test.runIf(isLocal)(
    'to block the only thread that could unlock it is a deadlock, and says so',
    async () => {
      const mutex = await make(Mutex)
      mutex.lockSync()
      expect(() => mutex.lockSync()).toThrow(/^all goroutines are asleep - deadlock! \(lockSync/)
      mutex.unlock()
      expect(mutex.tryLock()).toBe(true)
    },
  )

  test('10 000 waiters get it one after the other', async () => {
    const mutex = await make(Mutex)
    await mutex.lock()
    let last = -1
    const all = Array.from({ length: 10_000 }, async (_, i) => {
      await mutex.lock()
      expect(i).toBe(last + 1)
      last = i
      mutex.unlock()
    })
    mutex.unlock()
    await Promise.all(all)
    expect(last).toBe(9999)
  })

  test('a loop that always finds it free lets timers and I/O have their turn', async () => {
    const mutex = await make(Mutex)
    let running = true
    setImmediate(() => {
      running = false
    })
    let rounds = 0
    for (; running && rounds < 1e7; rounds++) {
      await mutex.lock()
      mutex.unlock()
    }
    expect(rounds).toBeLessThan(10_000)
  })

  test('two goroutines that compete for it let timers and I/O have their turn', async () => {
    const mutex = await make(Mutex)
    let running = true
    setImmediate(() => {
      running = false
    })
    let rounds = 0
    const compete = async () => {
      for (; running && rounds < 1e7; rounds++) {
        await mutex.lock()
        await undefined
        mutex.unlock()
      }
    }
    await Promise.all([compete(), compete()])
    expect(rounds).toBeLessThan(10_000)
  })
})
