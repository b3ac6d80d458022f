// Pool threads load the compiled packages, so the test has to as well.
import { describe, expect, test } from 'vitest'
import { Cond, Mutex, RWMutex, SyncMisuseError } from '../dist/index.js'
import { type World, worlds } from '../fixtures/worlds.mjs'

/** Lets everything happen that can happen by itself. */
const turn = async () => {
  for (let i = 0; i < 4; i++) await new Promise(resolve => setImmediate(resolve))
}

/** A Cond whose waiters note their names when they have been woken. */
async function scene(make: World['make']) {
  const mutex = await make(Mutex)
  const cond = await make(Cond, mutex)
  const log: string[] = []
  const wait = async (name: string, options?: { signal: AbortSignal }) => {
    await mutex.lock()
    try {
      await cond.wait(options)
      log.push(name)
    } catch {
      log.push(`${name} gave up${mutex.locked ? '' : ' without the lock'}`)
    } finally {
      mutex.unlock()
    }
  }
  const since = async () => {
    await turn()
    return log.splice(0)
  }
  return { mutex, cond, wait, since }
}

describe.each(worlds)('Cond, $name', ({ make }) => {
  test('gives the lock back while it waits, and has it again afterwards', async () => {
    const mutex = await make(Mutex)
    const cond = await make(Cond, mutex)
    await mutex.lock()
    const woken = cond.wait()
    expect(mutex.locked).toBe(false)
    await mutex.lock()
    cond.signal()
    await turn()
    let back = false
    void woken.then(() => {
      back = true
    })
    await turn()
    expect(back).toBe(false) // somebody else has the lock
    mutex.unlock()
    await woken
    expect(mutex.locked).toBe(true)
  })

  test('signal wakes whoever has waited longest', async () => {
    const { cond, wait, since } = await scene(make)
    for (const name of ['a', 'b', 'c']) void wait(name)
    expect(await since()).toEqual([])
    cond.signal()
    expect(await since()).toEqual(['a'])
    cond.signal()
    cond.signal()
    expect(await since()).toEqual(['b', 'c'])
  })

  test('broadcast wakes all who wait now', async () => {
    const { cond, wait, since } = await scene(make)
    for (const name of ['a', 'b', 'c']) void wait(name)
    await turn()
    cond.broadcast()
    void wait('late')
    expect(await since()).toEqual(['a', 'b', 'c'])
    expect(await since()).toEqual([])
  })

  test('a signal that nobody waits for is lost', async () => {
    const { cond, wait, since } = await scene(make)
    cond.signal()
    cond.broadcast()
    void wait('a')
    expect(await since()).toEqual([])
    cond.signal()
    expect(await since()).toEqual(['a'])
  })

  test('who comes after the signal cannot take it from who waited', async () => {
    const { cond, wait, since } = await scene(make)
    void wait('early')
    await turn()
    cond.signal()
    void wait('late')
    expect(await since()).toEqual(['early'])
  })

  test('who gives up holds the lock again, and takes no signal', async () => {
    const { cond, wait, since } = await scene(make)
    const controller = new AbortController()
    void wait('a', controller)
    void wait('b')
    await turn()
    controller.abort()
    cond.signal()
    expect((await since()).sort()).toEqual(['a gave up', 'b'])
  })

  test('who gives up waits for the lock before it rejects', async () => {
    const mutex = await make(Mutex)
    const cond = await make(Cond, mutex)
    await mutex.lock()
    const controller = new AbortController()
    let over = false
    const wait = cond.wait(controller).finally(() => {
      over = true
    })
    await mutex.lock()
    controller.abort('enough')
    wait.catch(() => {})
    await turn()
    expect(over).toBe(false)
    mutex.unlock()
    await expect(wait).rejects.toBe('enough')
    expect(mutex.locked).toBe(true)
  })

  test('says so when the lock is not held', async () => {
    const cond = await make(Cond, new Mutex())
    await expect(cond.wait()).rejects.toThrow(SyncMisuseError)
    // And nobody was put in the line, to swallow the next signal.
    await cond.locker.lock()
    const woken = cond.wait()
    cond.signal()
    await woken
  })

  test('who does not hold the lock takes no signal from those who wait, whatever becomes of its own signal', async () => {
    const { cond, wait, since } = await scene(make)
    const controller = new AbortController()
    void wait('a')
    await turn()
    await expect(cond.wait(controller)).rejects.toThrow(SyncMisuseError)
    await expect(cond.wait()).rejects.toThrow(SyncMisuseError)
    void wait('b')
    await turn()
    controller.abort()
    cond.signal()
    expect(await since()).toEqual(['a'])
    cond.signal()
    expect(await since()).toEqual(['b'])
  })

  test('works with the reading side of an RWMutex', async () => {
    const mutex = await make(RWMutex)
    const cond = await make(Cond, mutex.rlocker())
    await mutex.rlock()
    const woken = cond.wait()
    expect(mutex.tryLock()).toBe(true)
    cond.broadcast()
    mutex.unlock()
    await woken
    expect(mutex.tryLock()).toBe(false)
    expect(mutex.tryRLock()).toBe(true)
  })
})
