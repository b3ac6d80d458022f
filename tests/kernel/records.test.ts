import { type Kernel, OK, WOULD_BLOCK } from '@millrace/kernel'
import { describe, expect, test } from 'vitest'
import { FreshMemory, INBOX, KIND, MAIN, RESCAN } from './fresh-memory.js'
import { Death, mortalKernel } from './mortal-kernel.js'

// What assembly/record.ts promises.

const SCRATCH = 15904
const MOST_NUMBERS = 2046
const OUT_OF_MEMORY = 4
const LOST = 127
const WORD = 64

class Records extends FreshMemory {
  numbersOf(thread: number): Float64Array {
    const inbox = this.threadWord(thread, INBOX)
    this.memory.reach(inbox + SCRATCH + 8 * MOST_NUMBERS)
    return this.memory.f64.subarray((inbox + SCRATCH) >> 3, ((inbox + SCRATCH) >> 3) + MOST_NUMBERS)
  }

  /** A record that `others` hold too. */
  create(...others: number[]): number {
    const record = this.kernel.recordCreate(MAIN)
    for (const other of others) {
      this.kernel.referenceSend(record)
      this.kernel.referenceArrive(other, record)
    }
    return record
  }

  read(thread: number, record: number, kernel = this.kernel): { hot: number; numbers: number[] } {
    const count = kernel.recordRead(thread, record)
    return { hot: this.answerOf(thread), numbers: [...this.numbersOf(thread).subarray(0, count)] }
  }

  /** Replaces what `thread` has read last. */
  write(thread: number, record: number, numbers: readonly number[], hot = 0, gate = 0): number {
    this.numbersOf(thread).set(numbers)
    return this.kernel.recordWrite(thread, record, numbers.length, hot, gate)
  }

  wordOf(record: number): [stamp: number, block: number, hot: number] {
    const low = this.word(record + WORD) >>> 0
    return [this.word(record + WORD + 4), (low >>> 7) << 6, low & 127]
  }
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i)

describe('a record', () => {
  test('begins with nothing, and is what was written last', () => {
    const fresh = new Records()
    const record = fresh.create()
    expect(fresh.read(MAIN, record)).toEqual({ hot: 0, numbers: [] })
    for (const numbers of [[1.5, -0, Number.POSITIVE_INFINITY], [2 ** 53], range(100)]) {
      expect(fresh.write(MAIN, record, numbers)).toBe(OK)
      expect(fresh.read(MAIN, record)).toEqual({ hot: 0, numbers })
    }
    expect(fresh.write(MAIN, record, [])).toBe(OK)
    expect(fresh.read(MAIN, record)).toEqual({ hot: 0, numbers: [] })
  })

  test('is replaced only as it was read', () => {
    const fresh = new Records()
    const other = fresh.attach()
    const record = fresh.create(other)
    for (const thread of [MAIN, other]) fresh.read(thread, record)
    expect(fresh.write(other, record, [1])).toBe(OK)
    expect(fresh.write(MAIN, record, [2])).toBe(WOULD_BLOCK)
    expect(fresh.read(MAIN, record).numbers).toEqual([1])
    expect(fresh.write(MAIN, record, [2])).toBe(OK)
    expect(fresh.read(other, record).numbers).toEqual([2])
  })

  test('is told from one with the same numbers in the same block', () => {
    const fresh = new Records()
    const other = fresh.attach()
    const record = fresh.create(other)
    fresh.read(MAIN, record)
    fresh.write(MAIN, record, [1])
    const [, block] = fresh.wordOf(record)
    fresh.read(other, record)
    for (let i = 0; i < 2; i++) {
      fresh.read(MAIN, record)
      fresh.write(MAIN, record, [1])
    }
    expect(fresh.wordOf(record)[1], 'the block has come back').toBe(block)
    expect(fresh.write(other, record, [2])).toBe(WOULD_BLOCK)
  })

  test('goes on when its stamp wraps', () => {
    const fresh = new Records()
    const record = fresh.create()
    fresh.memory.reach(record + 256)
    fresh.memory.i32[(record + WORD + 4) >> 2] = -2
    for (const n of range(5)) {
      fresh.read(MAIN, record)
      expect(fresh.write(MAIN, record, [n])).toBe(OK)
      expect(fresh.read(MAIN, record).numbers).toEqual([n])
    }
    expect(fresh.wordOf(record)[0]).toBe(3)
  })

  test('has at most 2046 numbers: one more is refused, and nothing has changed', () => {
    const fresh = new Records()
    const record = fresh.create()
    const most = range(MOST_NUMBERS)
    fresh.read(MAIN, record)
    expect(fresh.write(MAIN, record, most)).toBe(OK)
    expect(fresh.read(MAIN, record).numbers).toEqual(most)
    const before = fresh.wordOf(record)
    expect(fresh.kernel.recordWrite(MAIN, record, MOST_NUMBERS + 1, 0, 0)).toBe(OUT_OF_MEMORY)
    expect(fresh.wordOf(record)).toEqual(before)
    expect(fresh.read(MAIN, record).numbers).toEqual(most)
  })

  test('does not write behind its thread’s scratch', () => {
    const fresh = new Records()
    const inbox = fresh.threadWord(MAIN, INBOX)
    const record = fresh.create()
    fresh.read(MAIN, record)
    fresh.write(MAIN, record, range(MOST_NUMBERS))
    const next = fresh.kernel.heapAllocate(MAIN, 32_768)
    fresh.memory.reach(next + 32_768)
    fresh.memory.u8.fill(7, next, next + 32_768)
    fresh.read(MAIN, record)
    expect(inbox + SCRATCH + 8 * MOST_NUMBERS).toBeLessThanOrEqual(inbox + 32_768)
    expect(fresh.memory.u8.subarray(next, next + 32_768).every(byte => byte === 7)).toBe(true)
  })

  test('is as it was when memory is used up', () => {
    const fresh = new Records(2 ** 19)
    const record = fresh.create()
    fresh.read(MAIN, record)
    expect(fresh.write(MAIN, record, [1, 2, 3], 1)).toBe(OK)
    while (fresh.kernel.heapAllocate(MAIN, 192) !== 0);
    const before = fresh.wordOf(record)
    fresh.read(MAIN, record)
    expect(fresh.write(MAIN, record, [4], 2)).toBe(OUT_OF_MEMORY)
    expect(fresh.wordOf(record)).toEqual(before)
    expect(fresh.read(MAIN, record)).toEqual({ hot: 1, numbers: [1, 2, 3] })
    // What needs no block still goes, and gives one back.
    expect(fresh.write(MAIN, record, [], 2)).toBe(OK)
    fresh.read(MAIN, record)
    expect(fresh.write(MAIN, record, [5])).toBe(OK)
  })

  test('that there is no memory for is 0', () => {
    const fresh = new Records(2 ** 19)
    while (fresh.kernel.recordCreate(MAIN) !== 0);
    expect(fresh.kernel.recordCreate(MAIN)).toBe(0)
  })

  test('gives its block back with itself, and every block that it has had', () => {
    const fresh = new Records()
    const { kernel } = fresh
    const round = () => {
      const record = fresh.create()
      for (const n of [1, 30, 200, 2000]) {
        fresh.read(MAIN, record)
        fresh.write(MAIN, record, range(n))
      }
      kernel.referenceRelease(MAIN, record, MAIN)
      if (fresh.word(record + KIND) !== 0) throw new Error('it was not freed')
    }
    for (let i = 0; i < 10; i++) round()
    const before = kernel.heapUsed()
    for (let i = 0; i < 1000; i++) round()
    expect(kernel.heapUsed()).toBe(before)
  })
})

describe('the hot number', () => {
  test('is held by one thread, whose number it is', () => {
    const fresh = new Records()
    const other = fresh.attach()
    const record = fresh.create(other)
    expect(fresh.kernel.recordHold(other, record, 1)).toBe(OK)
    expect(fresh.read(MAIN, record).hot).toBe(other + 1)
    expect(fresh.kernel.recordHold(MAIN, record, 1)).toBe(WOULD_BLOCK)
    expect(fresh.kernel.recordHold(other, record, 1)).toBe(WOULD_BLOCK)
    expect([fresh.kernel.recordLet(record), fresh.kernel.recordLet(record)]).toEqual([OK, WOULD_BLOCK])
    expect(fresh.kernel.recordHold(MAIN, record, 1)).toBe(OK)
  })

  test('changes alone: the numbers stay, and what was read before may not be replaced', () => {
    const fresh = new Records()
    const record = fresh.create()
    fresh.read(MAIN, record)
    fresh.write(MAIN, record, [1, 2], 0, 1)
    fresh.read(MAIN, record)
    expect(fresh.kernel.recordHold(MAIN, record, 1)).toBe(OK)
    expect(fresh.write(MAIN, record, [3])).toBe(WOULD_BLOCK)
    expect(fresh.read(MAIN, record)).toEqual({ hot: 1, numbers: [1, 2] })
  })

  test('that is let pokes the thread at the gate, and is not let without more where there is none', () => {
    const fresh = new Records()
    const other = fresh.attach()
    const record = fresh.create(other)
    fresh.kernel.recordHold(MAIN, record, 1)
    fresh.read(other, record)
    fresh.write(other, record, [7], 1, other + 1)
    expect(fresh.kernel.recordLet(record)).toBe(OK)
    expect(fresh.drain(other)).toEqual([fresh.kernel.hashOf(record)])
    expect(fresh.read(MAIN, record)).toEqual({ hot: 0, numbers: [7] })
    fresh.kernel.recordHold(MAIN, record, 1)
    fresh.read(other, record)
    fresh.write(other, record, [8], 1, 0)
    expect(fresh.kernel.recordLet(record)).toBe(WOULD_BLOCK)
    expect([fresh.read(MAIN, record).hot, fresh.drain(other)]).toEqual([1, []])
  })

  test('is there for all 64 threads', () => {
    const fresh = new Records()
    const threads = range(63).map(() => fresh.attach())
    const record = fresh.create(...threads)
    for (const thread of [MAIN, ...threads]) {
      expect(fresh.kernel.recordHold(thread, record, 1)).toBe(OK)
      expect(fresh.read(MAIN, record).hot).toBe(thread + 1)
      expect(fresh.kernel.recordLet(record)).toBe(OK)
    }
  })
})

describe('a thread that has died', () => {
  test('has lost what it held, which nobody holds or lets without a look at that', () => {
    const fresh = new Records()
    const [dead, other] = [fresh.attach(), fresh.attach()]
    const record = fresh.create(dead, other)
    const free = fresh.create(dead, other)
    fresh.kernel.recordHold(dead, record, 1)
    fresh.kernel.threadReap(MAIN, dead)
    expect(fresh.read(MAIN, record).hot).toBe(LOST)
    expect(fresh.read(MAIN, free).hot).toBe(0)
    expect(fresh.kernel.recordHold(MAIN, record, 1)).toBe(WOULD_BLOCK)
    expect(fresh.kernel.recordLet(record)).toBe(WOULD_BLOCK)
    expect(fresh.drain(other)).toEqual([RESCAN])
    expect(fresh.attach()).toBe(dead)
    expect(fresh.read(MAIN, record).hot, 'whoever gets its number does not hold it').toBe(LOST)
    expect(fresh.write(MAIN, record, [], 0)).toBe(OK)
    expect(fresh.kernel.recordHold(other, record, 1)).toBe(OK)
  })

  test('does not lose what another thread holds', () => {
    const fresh = new Records()
    const [dead, other] = [fresh.attach(), fresh.attach()]
    const record = fresh.create(dead, other)
    fresh.kernel.recordHold(other, record, 1)
    fresh.kernel.threadReap(MAIN, dead)
    expect(fresh.read(MAIN, record).hot).toBe(other + 1)
  })

  test('lets go of records that it alone has known', () => {
    const fresh = new Records()
    const { kernel } = fresh
    const round = () => {
      const dead = fresh.attach()
      for (let i = 0; i < 20; i++) {
        const record = kernel.recordCreate(dead)
        fresh.read(dead, record)
        fresh.write(dead, record, range(50), dead + 1)
      }
      kernel.threadReap(MAIN, dead)
    }
    for (let i = 0; i < 10; i++) round()
    const before = kernel.heapUsed()
    for (let i = 0; i < 200; i++) round()
    expect(kernel.heapUsed()).toBe(before)
  })
})

describe('a thread that dies between any two accesses of a call', () => {
  /** Lets a fresh thread die before each access of `action` in turn, until it lives. Answers how often it died. */
  async function dieEverywhere(
    prepare: (fresh: Records, dead: number, record: number) => void,
    action: (kernel: Kernel, dead: number, record: number) => void,
    check: (fresh: Records, record: number, died: boolean) => void,
  ): Promise<number> {
    const fresh = new Records()
    const record = fresh.create()
    const mortal = await mortalKernel(fresh.memory)
    for (let step = 1; ; step++) {
      const dead = fresh.attach()
      fresh.kernel.referenceSend(record)
      fresh.kernel.referenceArrive(dead, record)
      prepare(fresh, dead, record)
      let died = false
      mortal.dieAt(step)
      try {
        action(mortal.kernel, dead, record)
      } catch (error) {
        if (!(error instanceof Death)) throw error
        died = true
      }
      mortal.dieAt(Number.POSITIVE_INFINITY)
      fresh.kernel.threadReap(MAIN, dead)
      check(fresh, record, died)
      if (!died) return step - 1
    }
  }

  test('leaves the record as it was or as it was to be, and at most a block behind', async () => {
    const [before, after] = [range(30), range(31).map(n => n + 100)]
    let blocks = 0
    const deaths = await dieEverywhere(
      (fresh, dead, record) => {
        fresh.read(MAIN, record)
        fresh.write(MAIN, record, before)
        fresh.read(dead, record)
        fresh.numbersOf(dead).set(after)
      },
      (kernel, dead, record) => {
        kernel.recordWrite(dead, record, after.length, 0, 0)
      },
      (fresh, record, died) => {
        const { hot, numbers } = fresh.read(MAIN, record)
        expect(hot).toBe(0)
        expect([before, after]).toContainEqual(numbers)
        if (!died) expect(numbers).toEqual(after)
        blocks++
        // One block for each death, of 384 bytes, and the first chunks.
        expect(fresh.kernel.heapUsed()).toBeLessThan(2 ** 20 + 384 * blocks)
      },
    )
    expect(deaths).toBeGreaterThan(after.length)
  })

  test('reads nothing that anybody would miss', async () => {
    const deaths = await dieEverywhere(
      (fresh, _, record) => {
        fresh.read(MAIN, record)
        fresh.write(MAIN, record, [1, 2, 3])
      },
      (kernel, dead, record) => {
        kernel.recordRead(dead, record)
      },
      (fresh, record) => expect(fresh.read(MAIN, record).numbers).toEqual([1, 2, 3]),
    )
    expect(deaths).toBeGreaterThan(3)
  })

  test('holds what it has not let, and that is lost then', async () => {
    const deaths = await dieEverywhere(
      (fresh, _, record) => {
        fresh.read(MAIN, record)
        fresh.write(MAIN, record, [], 0)
      },
      (kernel, dead, record) => {
        kernel.recordHold(dead, record, 1)
        kernel.recordLet(record)
      },
      (fresh, record, died) => {
        expect([0, LOST]).toContain(fresh.read(MAIN, record).hot)
        if (!died) expect(fresh.read(MAIN, record).hot).toBe(0)
      },
    )
    expect(deaths).toBe(4)
  })

  test('lets whoever is at the gate be poked, or be told to look at everything', async () => {
    let gate = 0
    await dieEverywhere(
      (fresh, dead, record) => {
        gate ||= fresh.attach()
        fresh.read(MAIN, record)
        fresh.write(MAIN, record, [1], dead + 1, gate + 1)
        fresh.drain(gate)
      },
      (kernel, _, record) => {
        kernel.recordLet(record)
      },
      (fresh, record, died) => {
        const told = fresh.drain(gate)
        expect(told).toContain(RESCAN)
        if (!died) expect(told).toContain(fresh.kernel.hashOf(record))
      },
    )
  })
})

test('what a late reader finds in a block that is something else by now is not taken for the record', async () => {
  const fresh = new Records()
  const record = fresh.create()
  const mortal = await mortalKernel(fresh.memory)
  const late = fresh.attach()
  for (let step = 1; step < 8; step++) {
    fresh.read(MAIN, record)
    fresh.write(MAIN, record, [step, step, step])
    let steps = 0
    mortal.onStep(() => {
      if (++steps !== step) return
      // In the middle of the read the record is replaced, and its block used by somebody else.
      fresh.read(MAIN, record)
      fresh.write(MAIN, record, [-step, -step])
      const block = fresh.kernel.heapAllocate(MAIN, 192)
      fresh.memory.i32.fill(-1, block >> 2, (block >> 2) + 48)
    })
    const { numbers } = fresh.read(late, record, mortal.kernel)
    mortal.onStep(() => {})
    expect([
      [step, step, step],
      [-step, -step],
    ]).toContainEqual(numbers)
  }
})
