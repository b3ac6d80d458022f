import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { ParkingLot } from './parking-lot.js'

/** Lets everything happen that can happen by itself. */
const turn = async () => {
  for (let i = 0; i < 4; i++) await new Promise(resolve => setImmediate(resolve))
}

/** So many permits, each wait asking for some. */
function permits(free: number) {
  const state = { free, left: [] as number[] }
  const lot = new ParkingLot<number>(
    n => {
      if (n > state.free) return false
      state.free -= n
      return true
    },
    n => state.left.push(n),
  )
  const give = (n: number) => {
    state.free += n
    lot.wake()
  }
  return { lot, state, give }
}

describe('a parking lot', () => {
  test('lets pass at once who may, with the same promise each time', async () => {
    const { lot, state } = permits(2)
    const first = lot.wait(1)
    expect(lot.wait(1)).toBe(first)
    await first
    expect(state.free).toBe(0)
    expect(lot.length).toBe(0)
  })

  test('lets nobody pass who came after somebody that waits, even with a smaller ticket', async () => {
    const { lot, state, give } = permits(2)
    const order: string[] = []
    const large = lot.wait(3).then(() => order.push('large'))
    const small = lot.wait(1).then(() => order.push('small'))
    await turn()
    expect(order).toEqual([])
    expect(lot.length).toBe(2)
    give(2)
    await Promise.all([large, small])
    expect(order).toEqual(['large', 'small'])
    expect(state.free).toBe(0)
  })

  test('wakes in the order of arrival, as many as may pass', async () => {
    const { lot, give } = permits(0)
    const order: number[] = []
    for (let i = 0; i < 5; i++) void lot.wait(1).then(() => order.push(i))
    give(3)
    await turn()
    expect(order).toEqual([0, 1, 2])
    give(2)
    await turn()
    expect(order).toEqual([0, 1, 2, 3, 4])
  })

  test('gives a waiter what its attempt took before the waiter runs', () => {
    const { lot, state, give } = permits(0)
    void lot.wait(2)
    give(2)
    expect(state.free).toBe(0)
    expect(lot.length).toBe(0)
  })

  test('rejects a wait that is already aborted, though it could pass, with nothing taken', async () => {
    const { lot, state } = permits(5)
    const reason = { why: 'test' }
    await expect(lot.wait(1, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(state.free).toBe(5)
    expect(state.left).toEqual([])
  })

  test('rejects with a TypeError what is not a signal', async () => {
    const { lot, state } = permits(5)
    await expect(lot.wait(1, { signal: {} as AbortSignal })).rejects.toThrow(TypeError)
    expect(state.free).toBe(5)
  })

  test('lets those behind go on when the first gives up, in the same call', async () => {
    const { lot, state } = permits(2)
    const giveUp = new AbortController()
    const large = lot.wait(3, giveUp)
    const small = [lot.wait(1), lot.wait(1)]
    const third = lot.wait(1)
    giveUp.abort('enough')
    expect(state).toEqual({ free: 0, left: [3] })
    expect(lot.length).toBe(1)
    await expect(large).rejects.toBe('enough')
    await Promise.all(small)
    void third
  })

  test('does not serve who is cancelled by the same signal as the one before', async () => {
    const { lot, state } = permits(2)
    const giveUp = new AbortController()
    const outcomes = Promise.allSettled([3, 1, 1].map(n => lot.wait(n, giveUp)))
    const other = lot.wait(2)
    giveUp.abort('enough')
    expect((await outcomes).map(o => o.status)).toEqual(['rejected', 'rejected', 'rejected'])
    await other
    expect(state).toEqual({ free: 0, left: [3, 1, 1] })
  })

  test('serves or cancels, not both: whichever came first in the same tick', async () => {
    const { lot, state, give } = permits(0)
    const late = new AbortController()
    const served = lot.wait(1, late)
    give(1)
    late.abort('too late')
    await served
    expect(state).toEqual({ free: 0, left: [] })

    const early = new AbortController()
    const canceled = lot.wait(1, early)
    early.abort('in time')
    give(1)
    await expect(canceled).rejects.toBe('in time')
    expect(state).toEqual({ free: 1, left: [1] })
  })

  test('has one listener on a signal however many wait, and none afterwards', async () => {
    const { lot, give } = permits(0)
    const { signal } = new AbortController()
    const waits = Array.from({ length: 100 }, () => lot.wait(1, { signal }))
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    give(100)
    await Promise.all(waits)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  test('releases 100 000 waiters on one signal without overflowing the stack', async () => {
    const { lot, state } = permits(0)
    const giveUp = new AbortController()
    const outcomes = Promise.allSettled(Array.from({ length: 100_000 }, () => lot.wait(1, giveUp)))
    state.free = 1
    giveUp.abort('enough')
    expect(lot.length).toBe(0)
    expect(state.free).toBe(1)
    expect((await outcomes).every(o => o.status === 'rejected')).toBe(true)
  })

  test('lets the event loop have its turns while two hand something to and fro', async () => {
    const { lot, give } = permits(1)
    let running = true
    setImmediate(() => {
      running = false
    })
    let rounds = 0
    const player = async () => {
      while (running && rounds < 1e7) {
        await lot.wait(1)
        rounds++
        await undefined
        give(1)
      }
    }
    await Promise.all([player(), player()])
    expect(rounds).toBeLessThan(10_000)
  })
})
