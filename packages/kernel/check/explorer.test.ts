import { describe, expect, test } from 'vitest'
import { shippedKernel } from './check-kernel.js'
import { explore, ScheduleError } from './explorer.js'
import { Again, callOperation, type Operation, read, write } from './program.js'
import type { Scenario } from './scenario.js'
import { cancellationScenarios } from './scenarios/cancellation.js'
import { heapScenarios } from './scenarios/heap.js'
import { parkingScenarios } from './scenarios/parking.js'
import { ringScenarios } from './scenarios/ring.js'
import { StateTable } from './state-table.js'

// The explorer itself: does it go through everything, and say so when something is wrong?

const kernel = shippedKernel()

const scenario = (operations: (block: number) => readonly Operation[]): Scenario => ({
  name: 'a block that threads share',
  threads: 2,
  make(machine) {
    const block = machine.kernel.heapAllocate!(0, 64)
    return { programs: operations(block).map(operation => ({ operations: [operation] })) }
  },
})

/** Adds one in two accesses, as no one should. */
const increment = (block: number): Operation => ({
  name: 'increment',
  *run() {
    const seen = yield read(block)
    yield write(block, seen + 1)
    return seen
  },
})

describe('schedules', () => {
  test('of two threads with two accesses each to one word: six', () => {
    const { schedules, ends } = explore(
      kernel,
      scenario(block => [increment(block), increment(block)]),
      { reduced: false },
    )
    expect(schedules).toBe(6)
    expect(ends.size).toBe(3)
  })

  test('of threads that do not meet: one is enough', () => {
    const { schedules } = explore(
      kernel,
      scenario(block => [increment(block), increment(block + 32)]),
    )
    expect(schedules).toBe(1)
  })

  test('that never end are an error', () => {
    const spin = (block: number): Operation => ({
      name: 'spin',
      *run() {
        return (yield read(block)) ? 0 : new Again(null)
      },
    })
    const set: (block: number) => Operation = block => ({
      name: 'set',
      *run() {
        return yield write(block, 1)
      },
    })
    expect(() =>
      explore(
        kernel,
        scenario(block => [spin(block), set(block)]),
      ),
    ).toThrow(ScheduleError)
  })

  test('that are wrong are printed step by step', () => {
    const lost: Scenario = {
      ...scenario(() => []),
      make(machine) {
        const block = machine.kernel.heapAllocate!(0, 64)
        return {
          names: { counter: block },
          programs: [block, block].map(at => ({ operations: [increment(at)] })),
          end: ({ machine }) => (machine.word(block) === 2 ? undefined : 'an increment is lost'),
        }
      },
    }
    expect(() => explore(kernel, lost)).toThrow(/an increment is lost\nthread \d: loads counter \(now 0\)\n/)
  })
})

// Every access is a stop, every thread goes first, everywhere: the same ends must come out.
describe('the reductions miss no end', () => {
  test.for([
    ringScenarios[0]!,
    ringScenarios[1]!,
    ringScenarios[3]!,
    ringScenarios[5]!,
    parkingScenarios[0]!,
    heapScenarios[1]!,
    heapScenarios[4]!,
    cancellationScenarios[0]!,
  ])('$name', { timeout: 60_000 }, scenario => {
    const all = explore(kernel, scenario, { reduced: false })
    const reduced = explore(kernel, scenario)
    expect(reduced.states).toBeLessThan(all.states)
    expect([...reduced.ends].sort()).toEqual([...all.ends].sort())
  })
})

test('an operation that calls what the kernel does not have is refused', () => {
  expect(() =>
    explore(
      kernel,
      scenario(() => [callOperation('no', 'noSuchCall')]),
    ),
  ).toThrow(/no noSuchCall/)
})

test('a table of states keeps a number for each, however many there are', () => {
  const table = new StateTable()
  const keys = Array.from(
    { length: 100_000 },
    (_, i) => (Math.imul(i, 0x9e3779b1) >>> 0) * 0x20_0000 + (i & 3),
  )
  for (const key of keys) table.set(key, -1)
  for (const [i, key] of keys.entries()) table.set(key, i + 1)
  expect(table.size).toBe(keys.length)
  expect(keys.every((key, i) => table.get(key) === i + 1)).toBe(true)
  expect(table.get(1)).toBeUndefined()
  table.clear()
  expect([table.size, table.get(keys[1]!)]).toEqual([0, undefined])
})
