// Pool threads load the compiled packages, so the test has to as well.
import { describe, expect, test } from 'vitest'
import { RWMutex, SyncMisuseError } from '../dist/index.js'
import { worlds } from '../fixtures/worlds.mjs'

/** Lets everything happen that can happen by itself. */
const turn = async () => {
  for (let i = 0; i < 4; i++) await new Promise(resolve => setImmediate(resolve))
}

/** Lets readers and writers come, and notes who gets the lock. */
function scene(mutex: RWMutex) {
  const log: string[] = []
  const read = (name: string, options?: { signal: AbortSignal }) =>
    mutex.rlock(options).then(
      () => void log.push(name),
      () => void log.push(`${name} gave up`),
    )
  const write = (name: string, options?: { signal: AbortSignal }) =>
    mutex.lock(options).then(
      () => void log.push(name),
      () => void log.push(`${name} gave up`),
    )
  /** Who got the lock since the last time. */
  const since = async () => {
    await turn()
    return log.splice(0)
  }
  return { mutex, read, write, since }
}

describe.each(worlds)('RWMutex, $name', ({ isLocal, make }) => {
  test('is held by many readers, or by one writer', async () => {
    const mutex = await make(RWMutex)
    expect(mutex.tryRLock()).toBe(true)
    expect(mutex.tryRLock()).toBe(true)
    expect(mutex.tryLock()).toBe(false)
    mutex.runlock()
    expect(mutex.tryLock()).toBe(false)
    mutex.runlock()
    expect(mutex.tryLock()).toBe(true)
    expect(mutex.tryLock()).toBe(false)
    expect(mutex.tryRLock()).toBe(false)
    mutex.unlock()
    expect(mutex.tryRLock()).toBe(true)
  })

  test('a waiting writer holds back new readers', async () => {
    const { mutex, read, write, since } = scene(await make(RWMutex))
    await mutex.rlock()
    void write('W')
    void read('R')
    expect(await since()).toEqual([])
    expect(mutex.tryRLock()).toBe(false)
    mutex.runlock()
    expect(await since()).toEqual(['W'])
    mutex.unlock()
    expect(await since()).toEqual(['R'])
  })

  test('unlock lets in all readers that came meanwhile, then the next writer: W0, R1 R2 R4, W3', async () => {
    const { mutex, read, write, since } = scene(await make(RWMutex))
    await mutex.rlock()
    void write('W0')
    void read('R1')
    void read('R2')
    void write('W3')
    void read('R4')
    expect(await since()).toEqual([])
    mutex.runlock()
    expect(await since()).toEqual(['W0'])
    mutex.unlock()
    expect(await since()).toEqual(['R1', 'R2', 'R4'])
    void read('R5') // W3 waits
    mutex.runlock()
    mutex.runlock()
    expect(await since()).toEqual([])
    mutex.runlock()
    expect(await since()).toEqual(['W3'])
    mutex.unlock()
    expect(await since()).toEqual(['R5'])
  })

  test('writers are served in the order they came', async () => {
    const { mutex, write, since } = scene(await make(RWMutex))
    await mutex.lock()
    for (const name of ['W0', 'W1', 'W2']) void write(name)
    for (const name of ['W0', 'W1', 'W2']) {
      mutex.unlock()
      expect(await since()).toEqual([name])
    }
  })

  test('readers go on when the only writer that kept them out gives up', async () => {
    const { mutex, read, write, since } = scene(await make(RWMutex))
    await mutex.rlock()
    const controller = new AbortController()
    void write('W', controller)
    void read('R1')
    void read('R2')
    controller.abort()
    // They have it in the same call.
    for (let i = 0; i < 3; i++) mutex.runlock()
    expect(mutex.tryLock()).toBe(true)
    expect((await since()).sort()).toEqual(['R1', 'R2', 'W gave up'])
  })

  test('readers go on waiting when one of two writers gives up', async () => {
    const { mutex, read, write, since } = scene(await make(RWMutex))
    await mutex.rlock()
    const controller = new AbortController()
    void write('W0', controller)
    void read('R')
    void write('W1')
    controller.abort()
    expect(await since()).toEqual(['W0 gave up'])
    mutex.runlock()
    expect(await since()).toEqual(['W1'])
    mutex.unlock()
    expect(await since()).toEqual(['R'])
  })

  test('a writer and a reader behind it that give up by one signal both do', async () => {
    const { mutex, read, write, since } = scene(await make(RWMutex))
    await mutex.rlock()
    const controller = new AbortController()
    void write('W', controller)
    void read('R', controller)
    controller.abort()
    expect((await since()).sort()).toEqual(['R gave up', 'W gave up'])
    mutex.runlock()
    expect(mutex.tryLock()).toBe(true)
  })

  test('a reader that gives up does not take the lock with it', async () => {
    const { mutex, read, write, since } = scene(await make(RWMutex))
    await mutex.lock()
    const controller = new AbortController()
    void read('R', controller)
    void write('W')
    controller.abort()
    mutex.unlock()
    expect(await since()).toEqual(['R gave up', 'W'])
  })

  test('says so when it is unlocked and not locked', async () => {
    const mutex = await make(RWMutex)
    expect(() => mutex.unlock()).toThrow(new SyncMisuseError('sync: Unlock of unlocked RWMutex'))
    expect(() => mutex.runlock()).toThrow(new SyncMisuseError('sync: RUnlock of unlocked RWMutex'))
    mutex.tryRLock()
    expect(() => mutex.unlock()).toThrow(/^sync: Unlock of unlocked RWMutex$/)
    mutex.runlock()
    mutex.tryLock()
    expect(() => mutex.runlock()).toThrow(/^sync: RUnlock of unlocked RWMutex$/)
    mutex.unlock()
    expect(mutex.tryLock()).toBe(true)
  })

  test('withLock, withReadLock and the guards give the lock back, also after an error', async () => {
    const mutex = await make(RWMutex)
    const error = new Error('inside')
    const boom = async () => {
      throw error
    }
    expect(await mutex.withLock(() => mutex.tryRLock())).toBe(false)
    expect(await mutex.withReadLock(() => mutex.tryLock())).toBe(false)
    await expect(mutex.withLock(boom)).rejects.toBe(error)
    await expect(mutex.withReadLock(boom)).rejects.toBe(error)
    const writing = await mutex.acquire()
    expect(mutex.tryRLock()).toBe(false)
    writing.release()
    writing.release()
    const reading = await mutex.acquireRead()
    expect(mutex.tryLock()).toBe(false)
    reading.release()
    reading.release()
    expect(mutex.tryLock()).toBe(true)
  })

  test('rlocker is its reading side', async () => {
    const mutex = await make(RWMutex)
    const locker = mutex.rlocker()
    await locker.lock()
    await locker.lock()
    expect(mutex.tryLock()).toBe(false)
    locker.unlock()
    locker.unlock()
    expect(mutex.tryLock()).toBe(true)
  })

  test('lockSync and rlockSync take it at once if they may', async () => {
    const mutex = await make(RWMutex)
    mutex.rlockSync()
    mutex.rlockSync()
    expect(mutex.tryLock()).toBe(false)
    mutex.runlock()
    mutex.runlock()
    mutex.lockSync()
    expect(mutex.tryRLock()).toBe(false)
    expect(() => mutex.lockSync({ signal: AbortSignal.abort('enough') })).toThrow('enough')
  })

  test.runIf(isLocal)(
    'to block the only thread that could unlock it is a deadlock, and says so',
    async () => {
      const mutex = await make(RWMutex)
      mutex.lockSync()
      expect(() => mutex.rlockSync()).toThrow(/^all goroutines are asleep - deadlock! \(rlockSync/)
      expect(() => mutex.lockSync()).toThrow(/^all goroutines are asleep - deadlock! \(lockSync/)
      mutex.unlock()
      expect(mutex.tryLock()).toBe(true)
    },
  )

  test('10 000 readers are let in at once, and each can leave', async () => {
    const mutex = await make(RWMutex)
    await mutex.lock()
    const readers = Array.from({ length: 10_000 }, () => mutex.withReadLock(() => {}))
    mutex.unlock()
    await Promise.all(readers)
    expect(mutex.tryLock()).toBe(true)
  })
})
