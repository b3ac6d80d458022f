import { workerData } from 'node:worker_threads'
import { instantiateKernel } from '@millrace/kernel'
import { randomFrom } from '../laws/expect.js'

// A thread that allocates and frees at random, and passes blocks on to others, who free them. Each block is filled with its
// own address, so that an overlap shows.

export interface HeapTask {
  memory: WebAssembly.Memory
  me: number
  ring: number
  seed: number
  steps: number
  /** 0 = fine; else the offset of a block that somebody else has written to. Then how many threads are done. */
  result: SharedArrayBuffer
}

const { memory, me, ring, seed, steps, result } = workerData as HeapTask
const kernel = instantiateKernel(memory)
const random = randomFrom(seed)
const held: number[] = []
const answer = (36864 + me * 2048 + 16) >> 2
const outcome = new Int32Array(result)

if (!kernel.threadAttach(me, kernel.threadLife(me))) throw new Error('no memory for another thread')

const words = () => new Int32Array(memory.buffer as unknown as SharedArrayBuffer)
let view = words()

function reach(end: number): Int32Array {
  if (end > view.length) view = words()
  return view
}

/** Its length in words is its first word; the rest is its own address. */
function fill(block: number, bytes: number): void {
  const length = bytes >> 2
  const first = block >> 2
  reach(first + length)[first] = length
  view.fill(block, first + 1, first + length)
}

function check(block: number): void {
  const first = block >> 2
  const length = reach(first + 1)[first]!
  reach(first + length)
  for (let i = first + 1; i < first + length; i++) {
    if (view[i] !== block) Atomics.compareExchange(outcome, 0, 0, block)
  }
}

for (let step = 0; step < steps && Atomics.load(outcome, 0) === 0; step++) {
  const kind = random(10)
  if (kind < 5 || held.length === 0) {
    const bytes = random(20) === 0 ? 4 + random(100_000) : 4 + random(1 << (2 + random(10)))
    const block = kernel.heapAllocate(me, bytes)
    if (block === 0) throw new Error('the memory is used up')
    fill(block, bytes)
    held.push(block)
  } else {
    const i = random(held.length)
    const block = held[i]!
    held[i] = held[held.length - 1]!
    held.pop()
    check(block)
    if (kind < 7) kernel.heapFree(me, block)
    else if (kernel.ringSend(me, ring, block) !== 0) kernel.heapFree(me, block)
    else if (kernel.ringReceive(me, ring) === 0) {
      const other = view[answer]!
      check(other)
      kernel.heapFree(me, other)
    }
  }
}
for (const block of held) {
  check(block)
  kernel.heapFree(me, block)
}
Atomics.add(outcome, 1, 1)
