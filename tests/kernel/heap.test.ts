import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { randomFrom } from '../laws/expect.js'
import { FreshMemory, MAIN } from './fresh-memory.js'
import type { HeapTask } from './heap-thread.js'

const seed = Number(process.env.MILLRACE_SEED ?? 20260101)
const sizes = [
  0,
  1,
  15,
  16,
  17,
  32,
  33,
  48,
  49,
  64,
  100,
  191,
  192,
  193,
  256,
  1000,
  4096,
  10_000,
  32_768,
  32_769,
  70_000,
  2 ** 20,
]

/** A block per size and class of alignment, with room of its own. */
const overlapping = (blocks: [block: number, bytes: number][]): unknown[] => {
  const sorted = blocks.toSorted(([a], [b]) => a - b)
  return sorted.filter(([block, bytes], i) => i + 1 < sorted.length && block + bytes > sorted[i + 1]![0])
}

describe('the heap', () => {
  test('gives blocks that are aligned to 16, and to 64 from 192 bytes on', () => {
    const { kernel } = new FreshMemory()
    for (const bytes of sizes) {
      for (let i = 0; i < 20; i++) {
        const block = kernel.heapAllocate(MAIN, bytes) >>> 0
        expect(block, `${bytes} bytes`).toBeGreaterThan(0)
        expect(block % (bytes >= 192 ? 64 : 16), `${bytes} bytes at ${block}`).toBe(0)
      }
    }
  })

  test('gives blocks of every size from 0 to 5000 that do not overlap', () => {
    const { kernel } = new FreshMemory(2 ** 28)
    const blocks: [number, number][] = []
    for (let bytes = 0; bytes <= 5000; bytes++) {
      for (let i = 0; i < 3; i++) blocks.push([kernel.heapAllocate(MAIN, bytes), Math.max(bytes, 1)])
    }
    expect(overlapping(blocks)).toEqual([])
  })

  test('uses freed blocks again, whoever frees them', () => {
    const { kernel, attach } = bound(new FreshMemory())
    const other = attach()
    let used = 0
    for (let round = 0; round < 50; round++) {
      const blocks = sizes.flatMap(bytes =>
        Array.from({ length: 40 }, () => kernel.heapAllocate(MAIN, bytes)),
      )
      expect(blocks).not.toContain(0)
      expect(new Set(blocks).size).toBe(blocks.length)
      for (const [i, block] of blocks.entries()) kernel.heapFree(i % 2 ? MAIN : other, block)
      if (round === 1) used = kernel.heapUsed()
    }
    // What lies in the other thread's magazines is not lost, only not here: a chunk per class at most.
    expect(kernel.heapUsed() - used).toBeLessThanOrEqual(sizes.length * 65_536)
  })

  test('answers 0 when the memory is used up, and has as much again when it is given back', () => {
    for (const bytes of [16, 24, 300, 5000, 40_000]) {
      const { kernel } = new FreshMemory(2 ** 21)
      const takeAll = () => {
        const blocks: number[] = []
        for (
          let block = kernel.heapAllocate(MAIN, bytes);
          block !== 0;
          block = kernel.heapAllocate(MAIN, bytes)
        )
          blocks.push(block)
        return blocks
      }
      const blocks = takeAll()
      expect(blocks.length * bytes, `${bytes} bytes`).toBeGreaterThan(2 ** 20)
      expect(kernel.heapUsed()).toBeLessThanOrEqual(2 ** 21)
      expect(kernel.heapAllocate(MAIN, bytes)).toBe(0)
      for (const block of blocks) kernel.heapFree(MAIN, block)
      expect(takeAll().length).toBe(blocks.length)
    }
  })

  test('gives a larger block than needed when nothing else is left, also of the large ones', () => {
    for (const bytes of [1000, 100_000, 300_000]) {
      const { kernel } = new FreshMemory(2 ** 23)
      const larger: number[] = []
      for (
        let block = kernel.heapAllocate(MAIN, 4 * bytes);
        block !== 0;
        block = kernel.heapAllocate(MAIN, 4 * bytes)
      )
        larger.push(block)
      while (kernel.heapAllocate(MAIN, bytes) !== 0) {}
      kernel.heapFree(MAIN, larger[0]!)
      const block = kernel.heapAllocate(MAIN, bytes)
      expect(block, `${bytes} bytes`).toBe(larger[0])
      expect(kernel.heapAllocate(MAIN, bytes)).toBe(0)
      kernel.heapFree(MAIN, block)
      expect(kernel.heapAllocate(MAIN, 4 * bytes), 'it is of its own size again').toBe(block)
    }
  })

  test('uses large blocks again, whatever the order of their sizes', () => {
    const { kernel } = new FreshMemory(2 ** 30)
    const random = randomFrom(seed)
    const held: number[] = []
    let used = 0
    for (let i = 0; i < 20_000; i++) {
      const block = kernel.heapAllocate(MAIN, 32_769 + random(2 ** 20))
      expect(block).not.toBe(0)
      held.push(block)
      while (held.length > 8) kernel.heapFree(MAIN, held.splice(random(held.length), 1)[0]!)
      if (i === 10_000) used = kernel.heapUsed()
    }
    // Eight at a time, each of one of eleven sizes.
    expect(used).toBeLessThan(11 * 8 * 1.5 * 2 ** 20)
    expect(kernel.heapUsed() - used).toBeLessThanOrEqual(2 * 2 ** 20)
  })

  test('refuses what is larger than any memory', () => {
    const { kernel } = new FreshMemory()
    for (const bytes of [2 ** 27, 2 ** 30, 2 ** 30 + 1, 2 ** 31, 2 ** 32 - 1]) {
      expect(kernel.heapAllocate(MAIN, bytes), `${bytes} bytes`).toBe(0)
    }
    expect(kernel.heapAllocate(MAIN, 100)).not.toBe(0)
  })

  test('grows the memory as it is used, up to the maximum', () => {
    const { kernel, memory } = new FreshMemory(2 ** 24)
    expect(memory.memory.buffer.byteLength).toBeLessThan(2 ** 20)
    let taken = 0
    while (kernel.heapAllocate(MAIN, 60_000)) taken += 60_000
    expect(taken).toBeGreaterThan(0.8 * 2 ** 24)
    expect(memory.memory.buffer.byteLength).toBe(2 ** 24)
  })

  test('gives a dead thread’s magazines to the others', () => {
    const { kernel, attach } = bound(new FreshMemory())
    const dead = attach()
    const blocks = sizes.flatMap(bytes =>
      Array.from({ length: 50 }, () => [kernel.heapAllocate(dead, bytes), bytes] as const),
    )
    for (const [block] of blocks) kernel.heapFree(dead, block)
    kernel.threadReap(MAIN, dead)
    const used = kernel.heapUsed()
    for (const [, bytes] of blocks) expect(kernel.heapAllocate(MAIN, bytes)).not.toBe(0)
    expect(kernel.heapUsed()).toBe(used)
  })

  test('does not grow when threads come, allocate, free and die, over and over', () => {
    const { kernel, attach } = bound(new FreshMemory())
    const random = randomFrom(seed)
    const held: number[] = []
    let used = 0
    for (let life = 0; life < 2000; life++) {
      const id = attach()
      for (let i = 0; i < 40; i++) {
        const block = kernel.heapAllocate(id, 1 + random(3000))
        expect(block).not.toBe(0)
        if (random(4) === 0) held.push(block)
        else kernel.heapFree(id, block)
      }
      while (held.length > 100) kernel.heapFree(MAIN, held.pop()!)
      kernel.threadReap(MAIN, id)
      if (life === 200) used = kernel.heapUsed()
    }
    expect(kernel.heapUsed() - used).toBeLessThanOrEqual(8 * 65_536)
  })

  test(`keeps blocks apart while four threads allocate, pass on and free at random (seed ${seed})`, {
    timeout: 60_000,
  }, async () => {
    const fresh = new FreshMemory(2 ** 28)
    const { kernel, memory } = fresh
    const ring = kernel.ringCreate(MAIN, 64, 2 ** 32 - 128)
    const result = new SharedArrayBuffer(8)
    const threads = Array.from({ length: 4 }, (_, i) => {
      const me = kernel.threadReserve()
      const task: HeapTask = { memory: memory.memory, me, ring, seed: seed + i, steps: 60_000, result }
      return new Worker(new URL('../dist/kernel/heap-thread.js', import.meta.url), { workerData: task })
    })
    const ends = threads.map(
      thread =>
        new Promise<void>((resolve, reject) => thread.on('exit', () => resolve()).on('error', reject)),
    )
    await Promise.all(ends)
    const outcome = new Int32Array(result)
    expect(outcome[0], 'a block that somebody else has written to').toBe(0)
    expect(outcome[1], 'threads that came to their end').toBe(4)
  })
})

/** A fresh memory whose methods need no `this`. */
function bound(fresh: FreshMemory) {
  return { kernel: fresh.kernel, attach: () => fresh.attach() }
}
