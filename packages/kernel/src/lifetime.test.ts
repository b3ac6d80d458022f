import { beforeEach, expect, test, vi } from 'vitest'
import { HOLDING } from './kernel.js'
import { Lifetime } from './lifetime.js'
import type { Thread } from './thread.js'

// The host as a test drives it: its loop runs dry, and its timers go off, when the test says so.
const { loop } = vi.hoisted(() => ({ loop: { runDry: () => {}, timers: [] as (() => void)[] } }))

vi.mock('./host/current.js', () => ({
  host: {
    onIdle(listener: () => void) {
      loop.runDry = listener
      return true
    },
    keepAlive(fn: () => void) {
      loop.timers.push(fn)
      return { clear: () => loop.timers.splice(loop.timers.indexOf(fn), 1) }
    },
  },
}))

/** A thread of the pool, and whatever it tells the others. */
function poolThread(): { lifetime: Lifetime; said: string[] } {
  const said: string[] = []
  const i32 = new Int32Array(new SharedArrayBuffer(HOLDING + 4))
  i32[HOLDING >> 2] = 1
  const kernel = {
    activitySet: (_id: number, idle: number) => said.push(idle ? 'idle' : 'active'),
    poke: (id: number) => said.push(`wakes thread ${id}`),
  }
  return { lifetime: new Lifetime({ id: 1, kernel, memory: { i32 } } as unknown as Thread), said }
}

beforeEach(() => {
  loop.timers = []
})

const fireTimer = (): void => loop.timers.shift()?.()

test('a thread that has nothing to do says so, and wakes the main thread if that waits for it', () => {
  const { said } = poolThread()
  loop.runDry()
  expect(said).toEqual(['idle', 'wakes thread 0'])
  expect(loop.timers).toHaveLength(1)
})

test('a thread that naps between two pieces of work tells nobody', () => {
  const { lifetime, said } = poolThread()
  lifetime.active()
  lifetime.afterWork()
  loop.runDry()
  for (let naps = 0; naps < 3; naps++) {
    expect(loop.timers).toHaveLength(1) // so the loop does not run dry
    lifetime.active()
    lifetime.afterWork()
    fireTimer()
  }
  expect(said).toEqual([])
})

test('after a while without work it does', () => {
  const { lifetime, said } = poolThread()
  lifetime.active()
  loop.runDry()
  fireTimer()
  expect(loop.timers).toHaveLength(0)
  loop.runDry()
  expect(said).toEqual(['idle', 'wakes thread 0'])
})

test('work ends the rest at once', () => {
  const { lifetime, said } = poolThread()
  loop.runDry()
  lifetime.active()
  lifetime.afterWork()
  expect(said).toEqual(['idle', 'wakes thread 0', 'active'])
  expect(loop.timers).toHaveLength(0)
})
