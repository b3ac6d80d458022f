// Where the heap's free blocks are, on a machine that stands still: assembly/heap.ts.

import { CHUNK_CLASSES, DEPOTS, MAGAZINES, threadBlock } from './kernel-constants.js'
import type { Machine } from './machine.js'

const SMALL_CLASSES = 22
const LARGE_CLASSES = 54
const NEXT = 0
const NEXT_CHAIN = 4
const TOO_MANY = 1000

/** Which size class a block is of: its chunk knows. */
export function classOf(machine: Machine, block: number): number {
  const at = CHUNK_CLASSES + (block >>> 16)
  return ((machine.word(at & ~3) >>> (8 * (at & 3))) & 0xff) - 1
}

/** The free blocks of a class in the magazines of the first `threads` threads and in the depot; a block that is there twice, twice. */
export function freeBlocks(machine: Machine, sizeClass: number, threads: number): number[] {
  const blocks: number[] = []
  const chain = (first: number): void => {
    for (let block = first; block !== 0 && blocks.length < TOO_MANY; block = machine.word(block + NEXT))
      blocks.push(block)
  }
  if (sizeClass < SMALL_CLASSES || sizeClass >= LARGE_CLASSES) {
    const place = sizeClass < SMALL_CLASSES ? sizeClass : sizeClass - LARGE_CLASSES + SMALL_CLASSES
    for (let thread = 0; thread < threads; thread++)
      chain(machine.word(threadBlock(thread) + MAGAZINES + 16 * place))
    for (
      let first = machine.word(DEPOTS + 64 * sizeClass);
      first !== 0 && blocks.length < TOO_MANY;
      first = machine.word(first + NEXT_CHAIN)
    )
      chain(first)
  } else {
    for (
      let first = machine.word(DEPOTS + 64 * sizeClass);
      first !== 0 && blocks.length < TOO_MANY;
      first = machine.word(first + NEXT_CHAIN)
    )
      blocks.push(first)
  }
  return blocks
}

/** Says which block there is twice. */
export function twice(blocks: readonly number[]): string | undefined {
  const found = blocks.find((block, i) => blocks.indexOf(block) !== i)
  return found === undefined ? undefined : `block ${found} is there twice: ${blocks.slice(0, 12)}`
}
