// Pool threads load the compiled packages, so the test has to as well.
import { describe, expect, test } from 'vitest'
import { SyncMisuseError, WaitGroup } from '../dist/index.js'
import { die, worlds } from '../fixtures/worlds.mjs'

/** Lets everything happen that can happen by itself. */
const turn = async () => {
  for (let i = 0; i < 4; i++) await new Promise(resolve => setImmediate(resolve))
}

describe.each(worlds)('WaitGroup, $name', ({ make }) => {
  test('does not wait when there is nothing to do', async () => {
    const group = await make(WaitGroup)
    const wait = group.wait()
    expect(group.wait()).toBe(wait)
    await wait
  })

  test('releases all who wait when the count gets to 0', async () => {
    const group = await make(WaitGroup)
    group.add(3)
    let released = 0
    const waits = [0, 1, 2, 3].map(() => group.wait().then(() => released++))
    group.done()
    group.add(-1)
    await turn()
    expect(released).toBe(0)
    expect(group.count).toBe(1)
    group.done()
    await Promise.all(waits)
    expect(released).toBe(4)
  })

  test('says so when the count would be negative, and leaves it as it was', async () => {
    const group = await make(WaitGroup)
    expect(() => group.done()).toThrow(new SyncMisuseError('sync: negative WaitGroup counter (-1)'))
    expect(() => group.done()).toThrow(expect.objectContaining({ code: 'ERR_SYNC_MISUSE' }))
    group.add(2)
    expect(() => group.add(-5)).toThrow('sync: negative WaitGroup counter (-3)')
    expect(group.count).toBe(2)
  })

  test('refuses a delta that is no whole number', async () => {
    const group = await make(WaitGroup)
    for (const delta of [0.5, Number.NaN, Number.POSITIVE_INFINITY, '1' as unknown as number]) {
      expect(() => group.add(delta)).toThrow(RangeError)
    }
    expect(group.count).toBe(0)
  })

  test('can be used again at once: who waited for the earlier count is released', async () => {
    const group = await make(WaitGroup)
    group.add(1)
    const first = group.wait()
    group.done()
    group.add(1) // before the waiter runs; in Go a misuse
    await first
    expect(group.count).toBe(1)
    let released = false
    const second = group.wait().then(() => {
      released = true
    })
    await turn()
    expect(released).toBe(false)
    group.done()
    await second
  })

  test('go counts a goroutine as long as it runs, and hands on the arguments', async () => {
    const group = await make(WaitGroup)
    const sums: number[] = []
    const add = async (a: number, b: number) => {
      await turn()
      sums.push(a + b)
    }
    group.go(add, 1, 2)
    group.go(add, 3, 4)
    expect(group.count).toBe(2)
    expect(sums).toEqual([])
    await group.wait()
    expect(sums).toEqual([3, 7])
    expect(group.count).toBe(0)
  })

  test('an error in go is an unhandled rejection, and the count goes down', async () => {
    const error = new Error('a panic')
    const group = await make(WaitGroup)
    const panics = await panicsOf(async () => {
      group.go(async () => {
        throw error
      })
      group.go(() => {})
      await group.wait()
    })
    expect(panics).toEqual([error])
    expect(group.count).toBe(0)
  })

  test('so is the loss of the thread that ran a parallel function', async () => {
    const group = await make(WaitGroup)
    const panics = await panicsOf(async () => {
      group.go(die)
      expect(group.count).toBe(1)
      await group.wait()
    })
    expect(panics).toEqual([expect.objectContaining({ code: 'ERR_THREAD_LOST' })])
    expect(group.count).toBe(0)
  })
})

/** The unhandled rejections that come of it. */
async function panicsOf(run: () => Promise<void>): Promise<unknown[]> {
  const panics: unknown[] = []
  const others = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', error => panics.push(error))
  try {
    await run()
    await turn()
    return panics
  } finally {
    process.removeAllListeners('unhandledRejection')
    for (const listener of others) process.on('unhandledRejection', listener)
  }
}
