import { describe, expect, test } from 'vitest'
import { collect } from '../fixtures/collect.mjs'
import { ValueQueue } from './value-queue.js'

describe('ValueQueue', () => {
  // Around the sizes of chunks, and many of them.
  for (const most of [1, 2, 4, 5, 11, 12, 13, 63, 64, 128, 1000]) {
    test(`gives values in the order in which they came (${most} at most)`, () => {
      const queue = new ValueQueue()
      const model: number[] = []
      let next = 0
      // Runs of different lengths, so that it is full and empty at different places of a chunk.
      for (let turn = 0; turn < 200; turn++) {
        for (let left = (turn * 7) % (most + 1); left > 0 && model.length < most; left--) {
          model.push(next)
          queue.add(next++)
        }
        expect([...queue]).toEqual(model)
        const taken: unknown[] = []
        for (let left = (turn * 5) % (most + 1); left > 0 && queue.length > 0; left--)
          taken.push(queue.take())
        expect(taken).toEqual(model.splice(0, taken.length))
        expect(queue.length).toBe(model.length)
      }
    })
  }

  test('keeps nothing of what has been taken', async () => {
    const queue = new ValueQueue()
    const refs: WeakRef<object>[] = []
    const fill = (): void => {
      for (let i = 0; i < 150; i++) {
        const value = {}
        refs.push(new WeakRef(value))
        queue.add(value)
      }
      for (let i = 0; i < 140; i++) queue.take()
    }
    fill()
    await new Promise(resolve => setTimeout(resolve, 1))
    collect()
    expect(refs.filter(ref => ref.deref() !== undefined)).toHaveLength(10)
    expect(queue.length).toBe(10)
  })
})
