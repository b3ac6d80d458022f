import { CLOSED, OK, OK_SELF, RECEIVE, SEND, WOULD_BLOCK } from '@millrace/kernel'
import { describe, expect, test } from 'vitest'
import { CLAIMED, FreshMemory, MAIN } from './fresh-memory.js'

type Case = readonly [channel: number, direction: typeof RECEIVE | typeof SEND, value?: number]

/** Fresh memory with threads that park operations by hand. */
class Scene extends FreshMemory {
  /** Posts an operation of a thread and opens it, without looking. */
  post(thread: number, ...cases: Case[]): number {
    const token = this.kernel.tokenCreate(thread, cases.length)
    if (token === 0) throw new Error('no memory for a token')
    for (const [i, [channel, direction, value = 0]] of cases.entries()) {
      this.kernel.tokenCase(token, i, channel, direction, value)
    }
    if (!this.kernel.tokenPost(thread, token)) throw new Error('no memory for a board')
    this.kernel.tokenOpen(token)
    return token
  }

  receive(thread: number, channel: number): number | string {
    const status = this.kernel.rendezvousReceive(thread, channel)
    return status === OK || status === OK_SELF
      ? this.answerOf(thread)
      : status === CLOSED
        ? 'closed'
        : 'nobody'
  }

  /** Which case of a token was committed, and with what. */
  taken(thread: number, token: number): { index: number; value: number } | undefined {
    const index = this.kernel.tokenTaken(thread, token)
    return index < 0 ? undefined : { index, value: this.answerOf(thread) }
  }
}

const inline = (value: number): number => (value << 1) | 1

describe('claim', () => {
  test('takes the oldest operation of a thread, once, and pokes its owner at the token', () => {
    const scene = new Scene()
    const { kernel } = scene
    const other = scene.attach()
    const channel = kernel.rendezvousCreate(MAIN)
    const tokens = [1, 2, 3].map(i => scene.post(other, [channel, SEND, inline(i)]))
    for (const [i, token] of tokens.entries()) {
      expect(scene.receive(MAIN, channel)).toBe(inline(i + 1))
      expect(scene.drain(other)).toEqual([kernel.hashOf(token)])
      expect(scene.taken(other, token)).toEqual({ index: 0, value: 0 })
    }
    expect(scene.receive(MAIN, channel)).toBe('nobody')
  })

  test('hands a value to a receiver, and names it when it is of the same thread', () => {
    const scene = new Scene()
    const { kernel } = scene
    const channel = kernel.rendezvousCreate(MAIN)
    const token = scene.post(MAIN, [channel, RECEIVE])
    expect(kernel.rendezvousSend(MAIN, channel, inline(7))).toBe(OK_SELF)
    expect(scene.threadWord(MAIN, CLAIMED)).toBe(token)
    expect(scene.drain(MAIN)).toEqual([])
    expect(scene.taken(MAIN, token)).toEqual({ index: 0, value: inline(7) })
  })

  test('passes over what is held, freed, or waits in the other direction', () => {
    const scene = new Scene()
    const { kernel } = scene
    const other = scene.attach()
    const channel = kernel.rendezvousCreate(MAIN)
    const [held, freed] = [scene.post(other, [channel, SEND, 1]), scene.post(other, [channel, SEND, 3])]
    scene.post(other, [channel, RECEIVE])
    expect(kernel.tokenHold(held)).toBe(1)
    expect(kernel.tokenHold(freed)).toBe(1)
    kernel.tokenFree(other, freed)
    expect(scene.receive(MAIN, channel)).toBe('nobody')
    kernel.tokenOpen(held)
    expect(scene.receive(MAIN, channel)).toBe(1)
  })

  test('commits a select once, whichever of its channels is quicker', () => {
    const scene = new Scene()
    const { kernel } = scene
    const other = scene.attach()
    const channels = [0, 1, 2].map(() => kernel.rendezvousCreate(MAIN)) as [number, number, number]
    const token = scene.post(other, [channels[0], SEND, 1], [channels[1], RECEIVE], [channels[2], SEND, 5])
    expect(kernel.rendezvousSend(MAIN, channels[1], inline(9))).toBe(OK)
    expect(scene.receive(MAIN, channels[0])).toBe('nobody')
    expect(scene.receive(MAIN, channels[2])).toBe('nobody')
    expect(kernel.tokenHold(token)).toBe(0)
    expect(scene.taken(other, token)).toEqual({ index: 1, value: inline(9) })
  })
})

describe('look', () => {
  test('sends the junior of two to claim, whichever was opened last', () => {
    const scene = new Scene()
    const { kernel } = scene
    const junior = scene.attach()
    const channel = kernel.rendezvousCreate(MAIN)
    const sending = scene.post(junior, [channel, SEND, inline(1)])
    const receiving = scene.post(MAIN, [channel, RECEIVE])
    expect(kernel.rendezvousLook(MAIN, receiving, 0), 'the senior gives way to nobody').toBe(0)
    expect(scene.drain(junior), 'it tells the junior to look').toEqual([kernel.hashOf(channel)])
    expect(kernel.rendezvousLook(junior, sending, 0)).toBe(1)
  })

  test('does not find the operation itself, though it has a case on either side', () => {
    const scene = new Scene()
    const { kernel } = scene
    const channel = kernel.rendezvousCreate(MAIN)
    const token = scene.post(MAIN, [channel, SEND, 1], [channel, RECEIVE])
    expect([kernel.rendezvousLook(MAIN, token, 0), kernel.rendezvousLook(MAIN, token, 1)]).toEqual([0, 0])
    scene.post(MAIN, [channel, RECEIVE])
    expect([kernel.rendezvousLook(MAIN, token, 0), kernel.rendezvousLook(MAIN, token, 1)]).toEqual([1, 0])
  })
})

test('close is said once, refuses everybody from then on, and pokes who is there', () => {
  const scene = new Scene()
  const { kernel } = scene
  const other = scene.attach()
  const channel = kernel.rendezvousCreate(MAIN)
  const token = scene.post(other, [channel, SEND, 1])
  expect([kernel.rendezvousClose(MAIN, channel), kernel.rendezvousClose(MAIN, channel)]).toEqual([OK, CLOSED])
  expect(scene.drain(other)).toEqual([kernel.hashOf(channel)])
  expect(kernel.rendezvousLook(other, token, 0)).toBe(1)
  expect(kernel.rendezvousSend(MAIN, channel, 1)).toBe(CLOSED)
  expect(scene.receive(MAIN, channel)).toBe('closed')
  expect(kernel.rendezvousReady(channel, SEND)).toBe(1)
})

describe('boards', () => {
  test('keep the order of those who stay, however many come and go between them', () => {
    const scene = new Scene()
    const { kernel } = scene
    const other = scene.attach()
    const channel = kernel.rendezvousCreate(MAIN)
    const staying: number[] = []
    for (let i = 0; i < 5000; i++) {
      const token = scene.post(other, [channel, SEND, inline(i)])
      if (i % 50 === 0) staying.push(i)
      else {
        expect(kernel.tokenHold(token)).toBe(1)
        kernel.tokenFree(other, token)
      }
    }
    expect(staying.map(() => scene.receive(MAIN, channel))).toEqual(staying.map(inline))
    expect(scene.receive(MAIN, channel)).toBe('nobody')
  })

  test('do not grow while operations come and go in front of one that stays', () => {
    const scene = new Scene()
    const { kernel } = scene
    const [channel, work] = [kernel.rendezvousCreate(MAIN), kernel.rendezvousCreate(MAIN)]
    scene.post(MAIN, [channel, RECEIVE])
    const used = () => kernel.heapUsed()
    let before = 0
    for (let i = 0; i < 300_000; i++) {
      const token = scene.kernel.tokenCreate(MAIN, 2)
      kernel.tokenCase(token, 0, channel, RECEIVE, 0)
      kernel.tokenCase(token, 1, work, RECEIVE, 0)
      kernel.tokenPost(MAIN, token)
      kernel.tokenOpen(token)
      kernel.tokenHold(token)
      kernel.tokenFree(MAIN, token)
      if (i === 1000) before = used()
    }
    expect(used()).toBe(before)
  })

  test('hold a hundred thousand operations, and give them out in order', () => {
    const scene = new Scene()
    const channel = scene.kernel.rendezvousCreate(MAIN)
    for (let i = 0; i < 100_000; i++) scene.post(MAIN, [channel, SEND, inline(i)])
    for (let i = 0; i < 100_000; i++) if (scene.receive(MAIN, channel) !== inline(i)) expect(i).toBe(-1)
    expect(scene.receive(MAIN, channel)).toBe('nobody')
  })
})

describe('tokens', () => {
  test.for([1, 4, 5, 124, 125, 2044, 2045, 65_536])('have room for %i cases', cases => {
    const scene = new Scene()
    const { kernel } = scene
    const channel = kernel.rendezvousCreate(MAIN)
    const last = kernel.rendezvousCreate(MAIN)
    for (let round = 0; round < 3; round++) {
      const all: Case[] = Array.from({ length: cases - 1 }, () => [channel, RECEIVE])
      const token = scene.post(MAIN, ...all, [last, SEND, inline(1)])
      expect(scene.receive(MAIN, last)).toBe(inline(1))
      expect(scene.taken(MAIN, token)).toEqual({ index: cases - 1, value: 0 })
      kernel.tokenFree(MAIN, token)
    }
    expect(kernel.rendezvousSend(MAIN, channel, 1)).toBe(WOULD_BLOCK)
  })

  test('with more cases than there is memory for are refused', () => {
    expect(new Scene(2 ** 19).kernel.tokenCreate(MAIN, 65_536)).toBe(0)
    expect(new Scene().kernel.tokenCreate(MAIN, 2 ** 20)).toBe(0)
  })
})

describe('a thread that dies', () => {
  test('takes its operations along: nobody meets them any more, and their values are freed', () => {
    const scene = new Scene()
    const { kernel } = scene
    const channel = kernel.rendezvousCreate(MAIN)
    const round = () => {
      const other = scene.attach()
      for (let i = 0; i < 100; i++)
        scene.post(other, [channel, SEND, kernel.floatCreate(other, i)], [channel, RECEIVE])
      expect(kernel.rendezvousSend(MAIN, channel, kernel.floatCreate(MAIN, 0.5)), 'handed to the dead').toBe(
        OK,
      )
      kernel.threadReap(MAIN, other)
      expect(kernel.rendezvousReady(channel, SEND)).toBe(0)
      expect(scene.receive(MAIN, channel)).toBe('nobody')
    }
    for (let i = 0; i < 20; i++) round()
    const before = kernel.heapUsed()
    for (let i = 0; i < 500; i++) round()
    expect(kernel.heapUsed()).toBe(before)
  })

  test('leaves a board that its successor goes on with', () => {
    const scene = new Scene()
    const { kernel } = scene
    const channel = kernel.rendezvousCreate(MAIN)
    const first = scene.attach()
    for (let i = 0; i < 20; i++) scene.post(first, [channel, SEND, 1])
    kernel.threadReap(MAIN, first)
    const second = scene.attach()
    expect(second).toBe(first)
    scene.post(second, [channel, SEND, inline(2)])
    expect(scene.receive(MAIN, channel)).toBe(inline(2))
  })
})

test('channels give their boards back: a hundred thousand leave the heap as it was', () => {
  const scene = new Scene()
  const { kernel } = scene
  const round = () => {
    const channel = kernel.rendezvousCreate(MAIN)
    const token = scene.post(MAIN, [channel, SEND, inline(1)])
    if (scene.receive(MAIN, channel) !== inline(1)) throw new Error('the value did not come')
    kernel.tokenFree(MAIN, token)
    kernel.referenceRelease(MAIN, channel, MAIN)
  }
  for (let i = 0; i < 100; i++) round()
  const before = kernel.heapUsed()
  for (let i = 0; i < 100_000; i++) round()
  expect(kernel.heapUsed()).toBe(before)
})
