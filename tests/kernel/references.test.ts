import { describe, expect, test } from 'vitest'
import { FreshMemory, KIND, MAIN, REFS } from './fresh-memory.js'

// What a block says of its references (assembly/cells.ts), and who sees to them when nobody takes the block.

const REFERRING = 3
const HEADER = 12

/** A block whose value refers to `objects`, as value.ts makes it. */
function referring({ kernel, memory }: FreshMemory, ...objects: number[]): number {
  const block = kernel.heapAllocate(MAIN, HEADER + 4 * objects.length)
  memory.reach(block + HEADER + 4 * objects.length)
  memory.i32.set([REFERRING, 0, objects.length, ...objects], block >> 2)
  for (const object of objects) kernel.referenceSend(object)
  return block
}

function ringWith(fresh: FreshMemory, ...objects: number[]): number {
  const ring = fresh.kernel.ringCreate(MAIN, 2, 0)
  fresh.kernel.ringSend(MAIN, ring, referring(fresh, ...objects))
  return ring
}

describe('a value that nobody takes', () => {
  test('lets go of what it refers to when it is dropped', () => {
    const fresh = new FreshMemory()
    const { kernel } = fresh
    const [a, b] = [kernel.ringCreate(MAIN, 1, 0), kernel.atomicCreate(MAIN)]
    const word = referring(fresh, a, b, a)
    expect([fresh.word(a + REFS), fresh.word(b + REFS)]).toEqual([3, 2])
    kernel.wordDrop(MAIN, word)
    expect([fresh.word(a + REFS), fresh.word(b + REFS)]).toEqual([1, 1])
    for (const object of [a, b]) kernel.referenceRelease(MAIN, object, MAIN)
    expect([fresh.word(a + KIND), fresh.word(b + KIND)]).toEqual([0, 0])
  })

  test('lets go of them with the channel that it lies in, but not of what somebody else holds', () => {
    const fresh = new FreshMemory()
    const { kernel } = fresh
    const other = fresh.attach()
    const held = kernel.ringCreate(MAIN, 1, 0)
    kernel.referenceSend(held)
    kernel.referenceArrive(other, held)
    const inner = ringWith(fresh, held)
    const outer = ringWith(fresh, inner, held)
    for (const ring of [held, inner]) kernel.referenceRelease(MAIN, ring, MAIN)
    expect(fresh.word(inner + KIND)).not.toBe(0)
    kernel.referenceRelease(MAIN, outer, MAIN)
    expect([outer, inner].map(ring => fresh.word(ring + KIND))).toEqual([0, 0])
    expect(fresh.word(held + REFS)).toBe(1)
    kernel.referenceRelease(other, held, other)
    expect(fresh.word(held + KIND)).toBe(0)
  })

  test('is freed however deep channels lie in channels, and again and again in the same memory', () => {
    const fresh = new FreshMemory()
    const { kernel } = fresh
    let used = 0
    for (let round = 0; round < 3; round++) {
      let ring = kernel.ringCreate(MAIN, 1, 0)
      for (let depth = 0; depth < 50_000; depth++) {
        const outer = ringWith(fresh, ring)
        kernel.referenceRelease(MAIN, ring, MAIN)
        ring = outer
      }
      kernel.referenceRelease(MAIN, ring, MAIN)
      expect(fresh.word(ring + KIND)).toBe(0)
      if (round === 0) used = kernel.heapUsed()
    }
    expect(kernel.heapUsed()).toBe(used)
  })

  test('lets go of what it refers to when its thread dies with the channel', () => {
    const fresh = new FreshMemory()
    const { kernel } = fresh
    const dead = fresh.attach()
    const inner = kernel.ringCreate(MAIN, 1, 0)
    const outer = kernel.ringCreate(dead, 2, 0)
    kernel.ringSend(dead, outer, referring(fresh, inner))
    kernel.referenceRelease(MAIN, inner, MAIN)
    kernel.threadReap(MAIN, dead)
    expect([outer, inner].map(ring => fresh.word(ring + KIND))).toEqual([0, 0])
  })

  test('is no block in a channel of numbers, whatever its bits', () => {
    const fresh = new FreshMemory()
    const { kernel } = fresh
    const block = kernel.heapAllocate(MAIN, 16)
    const ring = kernel.ringCreate(MAIN, 2, 0, 1)
    kernel.ringSend(MAIN, ring, block)
    kernel.ringSend(MAIN, ring, 4096)
    kernel.referenceRelease(MAIN, ring, MAIN)
    // Had the number been taken for its offset, the block would be handed out again.
    const others = Array.from({ length: 100 }, () => kernel.heapAllocate(MAIN, 16))
    expect(others).not.toContain(block)
  })

  test('is one whole cell in a channel of cells, whatever its contents', () => {
    const fresh = new FreshMemory()
    const { kernel, memory } = fresh
    const object = kernel.ringCreate(MAIN, 1, 0)
    const cell = kernel.heapAllocate(MAIN, 16)
    memory.reach(cell + 16)
    memory.i32.set([REFERRING, 0, 1, object], cell >> 2)
    const ring = kernel.ringCreate(MAIN, 2, 0, 2)
    kernel.ringSend(MAIN, ring, cell)
    kernel.referenceRelease(MAIN, ring, MAIN)
    expect(fresh.word(object + REFS)).toBe(1)
    expect(Array.from({ length: 100 }, () => kernel.heapAllocate(MAIN, 16))).toContain(cell)
  })
})
