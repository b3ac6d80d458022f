// Numbers that are read and replaced as one, and a lock made of them: assembly/record.ts.

import { nextMail } from '../event-loop.js'
import { classOf, freeBlocks, twice } from '../free-blocks.js'
import { ANSWER, INBOX, LOST, OK, OUT_OF_MEMORY, SCRATCH, threadBlock } from '../kernel-constants.js'
import type { Specification } from '../linearizability.js'
import type { Machine } from '../machine.js'
import { Again, call, type Operation, type Program, type Request, read, write } from '../program.js'
import { reaper, shareAmong } from '../reaper.js'
import type { End, Scenario } from '../scenario.js'

const WORD = 64
const LEAST_BYTES = 192
const TORN = 'torn'

type Make = (me: number, record: number) => Operation
type Calls<T> = Generator<Request, T, number>

/** Where the thread's scratch has the low half of number `i`: whole numbers here, not doubles, which the kernel need not know. */
function* numberAt(me: number, i: number): Calls<number> {
  return (yield read(threadBlock(me) + INBOX)) + SCRATCH + 8 * i
}

// A counter: two numbers that are always the same ---------------------------------------------------------------------------

function* readCounter(me: number, record: number): Calls<number | typeof TORN> {
  const count = yield call('recordRead', me, record)
  if (count === 0) return 0
  if (count !== 2) return TORN
  const both: number[] = []
  for (let i = 0; i < 2; i++) both.push(yield read(yield* numberAt(me, i)))
  return both[0] === both[1] ? both[0]! : TORN
}

/** Reads the counter. */
const look: Make = (me, record) => ({
  name: 'read',
  *run() {
    return yield* readCounter(me, record)
  },
})

/** Adds one to it, and answers what it was. */
const update: Make = (me, record) => ({
  name: 'update',
  *run() {
    const seen = yield* readCounter(me, record)
    if (seen === TORN) return TORN
    for (let i = 0; i < 2; i++) yield write(yield* numberAt(me, i), seen + 1)
    const status = yield call('recordWrite', me, record, 2, 0, 0)
    if (status === OUT_OF_MEMORY) return 'out of memory'
    return status === OK ? seen : new Again(null)
  },
})

const counter: Specification<number> = {
  initial: 0,
  apply(state, name, _value, outcome) {
    if (name === 'reap') return [state]
    if (outcome !== undefined && outcome !== state) return []
    return [name === 'update' ? state + 1 : state]
  },
}

// A lock: the hot number, and in the numbers whether the first of those who wait is to be next, and who waits -----------------

interface Queue {
  hot: number
  isNext: number
  waiting: number[]
}

function* readQueue(me: number, record: number): Calls<Queue> {
  const count = yield call('recordRead', me, record)
  const hot = yield read(threadBlock(me) + ANSWER)
  const numbers: number[] = []
  for (let i = 0; i < count; i++) numbers.push(yield read(yield* numberAt(me, i)))
  const [isNext = 0, ...waiting] = numbers
  return { hot, isNext, waiting }
}

/** Makes `change`, gives the lock to the first if it is free, and publishes that. Answers what it is now. */
function* changeQueue(me: number, record: number, change: (queue: Queue) => void): Calls<Queue> {
  for (;;) {
    const queue = yield* readQueue(me, record)
    const before = JSON.stringify(queue)
    const alive: number[] = []
    for (const waiter of queue.waiting) if (yield call('threadIsAlive', waiter - 1)) alive.push(waiter)
    queue.waiting = alive
    change(queue)
    if (queue.hot === LOST) queue.hot = 0
    const given = queue.hot === 0 ? queue.waiting.shift() : undefined
    if (given) {
      queue.hot = given
      queue.isNext = 0
    }
    if (JSON.stringify(queue) === before) return queue
    const { hot, isNext, waiting } = queue
    const numbers = isNext || waiting.length > 0 ? [isNext, ...waiting] : []
    for (const [i, number] of numbers.entries()) yield write(yield* numberAt(me, i), number)
    const status = yield call('recordWrite', me, record, numbers.length, hot, isNext ? 0 : (waiting[0] ?? 0))
    if (status !== OK) continue
    if (given && given !== me + 1) yield call('poke', given - 1, record)
    return queue
  }
}

/** Takes the lock, waiting if need be; who is woken and does not get it is to be next, as one is who has waited long. */
const lock: Make = (me, record) => ({
  name: 'lock',
  *run(memory) {
    if (memory === null) {
      if ((yield call('recordHold', me, record, 1)) === OK) return 'held'
      const { hot } = yield* changeQueue(me, record, queue => void queue.waiting.push(me + 1))
      return hot === me + 1 ? 'held' : new Again('waits')
    }
    if ((yield* nextMail(me)).length === 0) return new Again(memory)
    const { hot } = yield* changeQueue(me, record, () => {})
    if (hot === me + 1) return 'held'
    const after = yield* changeQueue(me, record, queue => {
      if (queue.waiting.includes(me + 1)) queue.isNext = 1
    })
    return after.hot === me + 1 ? 'held' : new Again(memory)
  },
})

const unlock: Make = (me, record) => ({
  name: 'unlock',
  *run() {
    if ((yield call('recordLet', record)) === OK) return 'let'
    yield* changeQueue(me, record, queue => {
      queue.hot = queue.isNext = 0
    })
    return 'let'
  },
})

// Blocks that become something else ----------------------------------------------------------------------------------------------

/** Replaces the record by nothing, and uses its block for something of its own. */
const clear: Make = (me, record) => ({
  name: 'clear',
  *run() {
    const count = yield call('recordRead', me, record)
    const hot = yield read(threadBlock(me) + ANSWER)
    if (count === 0) return 'nothing'
    const status = yield call('recordWrite', me, record, 0, hot, 0)
    if (status !== OK) return new Again(null)
    const block = yield call('heapAllocate', me, LEAST_BYTES)
    for (let at = 0; at < 16; at += 4) yield write(block + at, 0x1_0001)
    return block
  },
})

/** Leaves the lock with somebody who waits at the gate. */
function waitAtGate(machine: Machine, record: number, waiter: number): void {
  const { kernel } = machine
  kernel.recordHold!(0, record, 1)
  kernel.recordRead!(0, record)
  const scratch = machine.word(threadBlock(0) + INBOX) + SCRATCH
  for (const [i, number] of [0, waiter + 1].entries()) machine.words[(scratch + 8 * i) >> 2] = number
  kernel.recordWrite!(0, record, 2, 1, waiter + 1)
}

const letGo: Make = (_, record) => ({
  name: 'let',
  *run() {
    return yield call('recordLet', record)
  },
})

interface Options {
  readonly deaths?: number
  readonly long?: boolean
  readonly counts?: boolean
  readonly gate?: boolean
}

function recordScenario(
  name: string,
  threads: readonly (readonly Make[])[],
  options: Options = {},
): Scenario {
  const { deaths = 0, long = false, counts = false, gate = false } = options
  const all = threads.length + 1
  return {
    name: `record: ${name}${deaths ? ', with a death' : ''}`,
    threads: all,
    deaths,
    long,
    make(machine) {
      const { kernel } = machine
      const record = kernel.recordCreate!(0)
      shareAmong(machine, record, all)
      // Each thread has three blocks at hand, so that none has to look for memory, and what it frees is what it uses next.
      const blocks: number[] = []
      for (let me = 0; me < all; me++) {
        const own = [0, 1, 2].map(() => kernel.heapAllocate!(me, LEAST_BYTES))
        for (const block of own) kernel.heapFree!(me, block)
        blocks.push(...own)
      }
      if (gate) waitAtGate(machine, record, threads.length)
      const sizeClass = classOf(machine, blocks[0]!)
      const programs: Program[] = threads.map((operations, me) => ({
        operations: operations.map(make => make(me, record)),
        mortal: true,
      }))
      if (deaths) programs.push(reaper(threads.length))
      return {
        names: {
          record,
          'record.word': record + WORD,
          ...Object.fromEntries(blocks.map((block, i) => [`block ${i}`, block])),
        },
        programs,
        ...(counts && { specification: counter as Specification<never> }),
        always: machine => (counts || gate ? undefined : twoHold(machine, threads.length)),
        end: end =>
          whereAreBlocks(end, record, blocks, sizeClass, threads.length) ?? whoSleeps(end, threads.length),
      }
    },
  }
}

/** A thread has the lock between the end of its first operation and the beginning of its second. */
function twoHold(machine: Machine, threads: number): string | undefined {
  const holding = machine.threads
    .slice(0, threads)
    .flatMap(({ status, outcomes, before }, t) =>
      status !== 'dead' && outcomes.length === 1 && before < 0 ? [t] : [],
    )
  return holding.length > 1 ? `threads ${holding} have the lock` : undefined
}

function whoSleeps({ isAsleep }: End, threads: number): string | undefined {
  for (let t = 0; t < threads; t++) if (isAsleep(t)) return `thread ${t} sleeps, and nobody has the lock`
  return undefined
}

function whereAreBlocks(
  { machine, outcomes, isDead }: End,
  record: number,
  blocks: readonly number[],
  sizeClass: number,
  threads: number,
): string | undefined {
  const low = machine.word(record + WORD)
  const current = (low >>> 7) << 6
  const found = [...freeBlocks(machine, sizeClass, threads + 1), ...outcomes.flat().map(Number)]
  if (current !== 0) found.push(current)
  const all = found.filter(block => blocks.includes(block))
  const wrong = twice(all)
  if (wrong) return wrong
  const lost = blocks.length - all.length
  const deaths = Array.from({ length: threads }, (_, t) => t).filter(t => isDead(t)).length
  return lost > deaths ? `${lost} blocks are nowhere` : undefined
}

export const recordScenarios: readonly Scenario[] = [
  recordScenario('update | update, update, update', [[update], [update, update, update]], { counts: true }),
  recordScenario('read | update, update, update', [[look], [update, update, update]], { counts: true }),
  recordScenario('update | update', [[update], [update]], { counts: true, deaths: 1 }),
  recordScenario('let, with somebody at the gate | the block becomes something else', [[letGo], [clear]], {
    gate: true,
  }),
  recordScenario('lock, unlock | lock, unlock', [
    [lock, unlock],
    [lock, unlock],
  ]),
  recordScenario(
    'lock, unlock | lock, unlock',
    [
      [lock, unlock],
      [lock, unlock],
    ],
    { deaths: 1 },
  ),
  recordScenario('update, update | update', [[update, update], [update]], {
    counts: true,
    deaths: 1,
    long: true,
  }),
  recordScenario('update | update | read', [[update], [update], [look]], { counts: true, long: true }),
  recordScenario('update, update | update, read | update', [[update, update], [update, look], [update]], {
    counts: true,
    long: true,
  }),
  recordScenario(
    'lock, unlock | lock, unlock | lock, unlock',
    [
      [lock, unlock],
      [lock, unlock],
      [lock, unlock],
    ],
    { long: true },
  ),
]
