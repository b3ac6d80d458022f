import { Worker } from 'node:worker_threads'
import { CLOSED, OK, RECEIVE, SEND, WOULD_BLOCK } from '@millrace/kernel'
import { describe, expect, test } from 'vitest'
import { randomFrom } from '../laws/expect.js'
import { KillBoard, SEQUENCES } from '../stress/kill-board.js'
import type { ThreadTask } from '../stress/kill-ring-thread.js'
import { FreshMemory, MAIN } from './fresh-memory.js'

const seed = Number(process.env.MILLRACE_SEED ?? 20260102)
const capacities = Array.from({ length: 70 }, (_, i) => i + 1)
// Positions that wrap soon: the turn of a slot has 31 bits, and 32-bit arithmetic 32.
const starts = [0, 2 ** 31 - 8, 2 ** 31 - 512, 2 ** 32 - 8, 2 ** 32 - 512]

class Ring {
  readonly fresh: FreshMemory
  readonly address: number

  constructor(fresh: FreshMemory, capacity: number, start = 0) {
    this.fresh = fresh
    this.address = fresh.kernel.ringCreate(MAIN, capacity, start)
    expect(this.address).not.toBe(0)
  }

  send(value: number, me = MAIN): number {
    return this.fresh.kernel.ringSend(me, this.address, value)
  }

  /** The value, as a signed word; or why there is none. */
  receive(me = MAIN): number | 'empty' | 'closed' {
    const status = this.fresh.kernel.ringReceive(me, this.address)
    if (status === WOULD_BLOCK) return 'empty'
    return status === CLOSED ? 'closed' : this.fresh.answerOf(me)
  }

  close(): number {
    return this.fresh.kernel.ringClose(MAIN, this.address)
  }

  get state() {
    const { kernel } = this.fresh
    return {
      length: kernel.ringLength(this.address),
      canSend: kernel.ringCanSend(this.address) !== 0,
      canReceive: kernel.ringCanReceive(this.address) !== 0,
      closed: kernel.ringClosed(this.address) !== 0,
    }
  }
}

describe('the ring', () => {
  test('a look before parking finds values, room and the close, and ends where none come', () => {
    const fresh = new FreshMemory()
    const { kernel } = fresh
    for (const capacity of [1, 63, 64, 1024]) {
      for (const slips of [false, true]) {
        const ring = new Ring(fresh, capacity, 2 ** 32 - 8)
        const comes = (direction: 0 | 1) => kernel.ringAwait(MAIN, ring.address, direction, 64, slips) !== 0
        expect([comes(RECEIVE), comes(SEND)]).toEqual([false, true])
        ring.send(7)
        expect([comes(RECEIVE), comes(SEND)]).toEqual([true, capacity > 1])
        for (let i = 1; i < capacity; i++) ring.send(7)
        expect([comes(RECEIVE), comes(SEND)]).toEqual([true, false])
        expect(ring.state.length).toBe(capacity)
        ring.receive()
        expect(comes(SEND)).toBe(true)
        ring.close()
        while (ring.receive() === 7);
        expect([comes(RECEIVE), comes(SEND)]).toEqual([true, true])
      }
    }
  })

  test('holds exactly its capacity, first in first out, for every capacity to 70 and every start', () => {
    const fresh = new FreshMemory()
    for (const capacity of capacities) {
      for (const start of starts) {
        const ring = new Ring(fresh, capacity, start)
        expect(fresh.kernel.ringCapacity(ring.address)).toBe(capacity)
        let next = 0
        let expected = 0
        for (let lap = 0; lap < 6; lap++) {
          for (let i = 0; i < capacity; i++) expect(ring.send(next++)).toBe(OK)
          expect(ring.send(-1)).toBe(WOULD_BLOCK)
          expect(ring.state).toEqual({ length: capacity, canSend: false, canReceive: true, closed: false })
          for (let i = 0; i < capacity; i++) expect(ring.receive()).toBe(expected++)
          expect(ring.receive()).toBe('empty')
          expect(ring.state).toEqual({ length: 0, canSend: true, canReceive: false, closed: false })
        }
        fresh.kernel.referenceRelease(MAIN, ring.address, MAIN)
      }
    }
  })

  test(`answers as a list does, through random operations over the wrap-around (seed ${seed})`, () => {
    const fresh = new FreshMemory()
    const random = randomFrom(seed)
    for (const capacity of [1, 2, 3, 4, 7, 8, 9, 31, 64, 70]) {
      for (const start of starts) {
        const ring = new Ring(fresh, capacity, start)
        const model: number[] = []
        let closed = false
        for (let step = 0; step < 1500; step++) {
          const kind = random(100)
          if (step > 1200 && kind === 0) {
            expect(ring.close()).toBe(closed ? CLOSED : OK)
            closed = true
          } else if (kind < 52) {
            const value = random(2 ** 32) | 0
            const answer = closed ? CLOSED : model.length < capacity ? OK : WOULD_BLOCK
            expect(ring.send(value)).toBe(answer)
            if (answer === OK) model.push(value)
          } else expect(ring.receive()).toBe(model.shift() ?? (closed ? 'closed' : 'empty'))
          expect(ring.state).toEqual({
            length: model.length,
            canSend: closed || model.length < capacity,
            canReceive: closed || model.length > 0,
            closed,
          })
        }
      }
    }
  })

  test('takes every word as a value', () => {
    const ring = new Ring(new FreshMemory(), 1)
    for (const value of [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 0x12345678]) {
      expect(ring.send(value)).toBe(OK)
      expect(ring.receive()).toBe(value)
    }
  })

  test('closed, refuses values, gives what is left, and stays closed; also when it is full', () => {
    const fresh = new FreshMemory()
    for (const capacity of capacities) {
      for (const filled of [0, 1, capacity - 1, capacity]) {
        const ring = new Ring(fresh, capacity, 2 ** 32 - 2 * capacity)
        for (let i = 0; i < filled; i++) ring.send(i)
        expect(ring.close()).toBe(OK)
        expect(ring.close()).toBe(CLOSED)
        expect(ring.send(9)).toBe(CLOSED)
        for (let i = 0; i < filled; i++) expect(ring.receive()).toBe(i)
        expect(ring.receive()).toBe('closed')
        expect(ring.receive()).toBe('closed')
        expect(ring.send(9)).toBe(CLOSED)
        expect(ring.state).toEqual({ length: 0, canSend: true, canReceive: true, closed: true })
        fresh.kernel.referenceRelease(MAIN, ring.address, MAIN)
      }
    }
  })

  test('that does not fit is not made, and leaves nothing behind', () => {
    const { kernel } = new FreshMemory(2 ** 20)
    const used = kernel.heapUsed()
    for (let i = 0; i < 10_000; i++) expect(kernel.ringCreate(MAIN, 2 ** 20, 0)).toBe(0)
    expect(kernel.heapUsed() - used).toBeLessThanOrEqual(65_536)
    expect(kernel.ringCreate(MAIN, 4, 0)).not.toBe(0)
  })

  test('wakes one parked thread for each value, in turn, and all when it is closed', () => {
    const fresh = new FreshMemory()
    const { kernel } = fresh
    const threads = [fresh.attach(), fresh.attach(), fresh.attach()]
    const ring = new Ring(fresh, 8)
    const woken = () => threads.filter(id => kernel.mailboxDirty(id) !== 0)
    const drainAll = () => threads.map(id => fresh.drain(id))
    for (const id of threads) expect(kernel.ringPark(id, ring.address, RECEIVE)).toBe(0)
    const order: number[][] = []
    for (let i = 0; i < 3; i++) {
      ring.send(i)
      order.push(woken())
    }
    expect(order.map(each => each.length)).toEqual([1, 2, 3])
    const hash = kernel.hashOf(ring.address)
    expect(drainAll()).toEqual([[hash], [hash], [hash]])
    ring.send(3)
    expect(woken(), 'nobody has a ticket').toEqual([])
    for (let i = 0; i < 4; i++) ring.receive()
    for (const id of threads) kernel.ringPark(id, ring.address, RECEIVE)
    ring.close()
    expect(woken()).toEqual(threads)
  })

  test('wakes parked senders when a value is taken', () => {
    const fresh = new FreshMemory()
    const { kernel } = fresh
    const other = fresh.attach()
    const ring = new Ring(fresh, 1)
    ring.send(1)
    expect(kernel.ringPark(other, ring.address, SEND)).toBe(0)
    expect(kernel.mailboxDirty(other)).toBe(0)
    ring.receive()
    expect(fresh.drain(other)).toEqual([kernel.hashOf(ring.address)])
  })

  test('tells a thread that parks that it need not, and one that wakes itself that it must look', () => {
    const fresh = new FreshMemory()
    const { kernel } = fresh
    const ring = new Ring(fresh, 2)
    ring.send(1)
    expect(kernel.ringPark(MAIN, ring.address, RECEIVE)).toBe(1)
    expect(kernel.ringPark(MAIN, ring.address, SEND)).toBe(1)
    expect(ring.send(2), 'a ticket of one’s own').toBe(1)
    expect(kernel.mailboxDirty(MAIN)).toBe(0)
  })

  test('lets a thread that leaves pass the baton on', () => {
    const fresh = new FreshMemory()
    const { kernel } = fresh
    const [a, b] = [fresh.attach(), fresh.attach()]
    const ring = new Ring(fresh, 4)
    kernel.ringPark(a, ring.address, RECEIVE)
    ring.send(1) // the baton is on its way to a
    kernel.ringPark(b, ring.address, RECEIVE)
    expect(kernel.mailboxDirty(b)).toBe(0)
    kernel.ringUnpark(a, ring.address, RECEIVE)
    expect(fresh.drain(b), 'b is woken instead').toEqual([kernel.hashOf(ring.address)])
    // A ticket that nobody has claimed is just taken back.
    ring.receive()
    kernel.ringPark(a, ring.address, RECEIVE)
    kernel.ringUnpark(a, ring.address, RECEIVE)
    fresh.drain(a)
    ring.send(2)
    expect(kernel.mailboxDirty(a)).toBe(0)
  })

  for (const [capacity, start] of [
    [1, 2 ** 31 - 8],
    [2, 2 ** 32 - 8],
    [3, 2 ** 32 - 4096],
    [64, 2 ** 31 - 4096],
    [1000, 2 ** 32 - 8192],
  ] as const) {
    test(`with capacity ${capacity} loses, doubles and reorders nothing between four threads, from position ${start}`, {
      timeout: 60_000,
    }, async () => {
      const fresh = new FreshMemory()
      const ring = new Ring(fresh, capacity, start)
      const board = new KillBoard(4)
      const startThread = (life: number) => {
        const me = fresh.kernel.threadReserve()
        const task: ThreadTask = {
          memory: fresh.memory.memory,
          board: board.buffer,
          lives: 4,
          me,
          life,
          ring: ring.address,
          sends: life < 2,
        }
        const worker = new Worker(new URL('../dist/stress/kill-ring-thread.js', import.meta.url), {
          workerData: task,
        })
        return new Promise<void>((resolve, reject) => worker.on('exit', () => resolve()).on('error', reject))
      }
      const ends = [0, 1, 2, 3].map(startThread)
      await Promise.all(ends.slice(0, 2))
      ring.close()
      await Promise.all(ends)
      expect(board.wrong).toEqual([0, 0])
      expect(board.received).toBe(2 * SEQUENCES)
      expect(board.countLost(2)).toBe(0)
      expect(ring.state.length).toBe(0)
    })
  }
})
