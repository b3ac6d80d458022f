// Pool threads load the compiled packages, so the test has to as well.
import { describe, expect, test } from 'vitest'
import { Barrier, BrokenBarrierError } from '../dist/index.js'
import { worlds } from '../fixtures/worlds.mjs'

/** Lets everything happen that can happen by itself. */
const turn = async () => {
  for (let i = 0; i < 4; i++) await new Promise(resolve => setImmediate(resolve))
}

describe.each(worlds)('Barrier, $name', ({ make }) => {
  test('lets all go on when the last has come, and tells each how many came before', async () => {
    const barrier = await make(Barrier, 3)
    let passed = 0
    const early = [barrier.wait(), barrier.wait()].map(wait => wait.finally(() => passed++))
    await turn()
    expect(passed).toBe(0)
    expect(barrier.waiting).toBe(2)
    const last = barrier.wait()
    expect(barrier.waiting).toBe(0)
    expect(await Promise.all([...early, last])).toEqual([0, 1, 2])
  })

  test('begins anew after each round', async () => {
    const barrier = await make(Barrier, 2)
    const log: string[] = []
    const party = async (name: string) => {
      for (let round = 0; round < 3; round++) {
        await barrier.wait()
        log.push(`${round}${name}`)
      }
    }
    await Promise.all([party('a'), party('b')])
    expect(log.map(entry => entry[0])).toEqual(['0', '0', '1', '1', '2', '2'])
  })

  test('of one party never waits', async () => {
    const barrier = await make(Barrier, 1)
    expect(await barrier.wait()).toBe(0)
    expect(await barrier.wait()).toBe(0)
  })

  test('breaks for all others when one gives up', async () => {
    const barrier = await make(Barrier, 3)
    const controller = new AbortController()
    const other = barrier.wait()
    const quitter = barrier.wait(controller)
    controller.abort('enough')
    expect(barrier).toMatchObject({ broken: true, waiting: 0 })
    await expect(quitter).rejects.toBe('enough')
    await expect(other).rejects.toThrow(BrokenBarrierError)
    await expect(barrier.wait()).rejects.toThrow(expect.objectContaining({ code: 'ERR_BARRIER_BROKEN' }))
    expect(barrier.waiting).toBe(0)
  })

  test('all who give up by one signal reject with its reason', async () => {
    const barrier = await make(Barrier, 3)
    const controller = new AbortController()
    const waits = Promise.allSettled([barrier.wait(controller), barrier.wait(controller)])
    controller.abort('enough')
    expect((await waits).map(o => (o as PromiseRejectedResult).reason)).toEqual(['enough', 'enough'])
  })

  test('is not broken by an abort that comes when all have come', async () => {
    const barrier = await make(Barrier, 2)
    const controller = new AbortController()
    const first = barrier.wait(controller)
    const last = barrier.wait()
    controller.abort('too late')
    expect(await Promise.all([first, last])).toEqual([0, 1])
    expect(barrier.broken).toBe(false)
  })

  test('the last to come finds the barrier broken, if an abort listener lets it come in the same tick', async () => {
    const barrier = await make(Barrier, 2)
    const controller = new AbortController()
    let last: Promise<number> | undefined
    controller.signal.addEventListener('abort', () => {
      last = barrier.wait()
    })
    const first = barrier.wait(controller)
    controller.abort('enough')
    await expect(first).rejects.toBe('enough')
    await expect(last).rejects.toThrow(BrokenBarrierError)
    expect(barrier.broken).toBe(true)
  })

  test('reset breaks the round for those who wait, and makes a broken barrier whole', async () => {
    const barrier = await make(Barrier, 2)
    const waiting = barrier.wait()
    barrier.reset()
    await expect(waiting).rejects.toThrow(BrokenBarrierError)
    expect(barrier.broken).toBe(false)

    const controller = new AbortController()
    const quitter = barrier.wait(controller)
    controller.abort('enough')
    await expect(quitter).rejects.toBe('enough')
    barrier.reset()
    expect(barrier.broken).toBe(false)
    expect(await Promise.all([barrier.wait(), barrier.wait()])).toEqual([0, 1])
  })

  test('refuses a number of parties that is none', () => {
    for (const parties of [0, -1, 1.5, Number.NaN]) expect(() => new Barrier(parties)).toThrow(RangeError)
  })
})
