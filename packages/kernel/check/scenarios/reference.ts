// Who still needs a shared object: it is freed once, when nobody does, and not before.

import { classOf, freeBlocks, twice } from '../free-blocks.js'
import { HOLDERS, KIND, REFS, threadBlock } from '../kernel-constants.js'
import type { Machine } from '../machine.js'
import { awaitProgress, call, type Operation, type Program, read, write } from '../program.js'
import { reaper } from '../reaper.js'
import type { Scenario } from '../scenario.js'

const TABLE = 72
const PAGE = 65_536

type Make = (me: number, object: number) => Operation

const send: Make = (_, object) => ({
  name: 'send',
  *run() {
    return yield call('referenceSend', object)
  },
})
const release: Make = (me, object) => ({
  name: 'release',
  *run() {
    return yield call('referenceRelease', me, object, me)
  },
})
/** Takes reference number `number` of those that thread 0 sends. */
const arrive =
  (number: number): Make =>
  (me, object) => ({
    name: 'arrive',
    *run() {
      yield awaitProgress(0, number)
      return yield call('referenceArrive', me, object)
    },
  })
const drop =
  (number: number): Make =>
  (me, object) => ({
    name: 'drop',
    *run() {
      yield awaitProgress(0, number)
      return yield call('referenceDrop', me, object)
    },
  })
/** Makes another object, which may get the same memory. */
const make: Make = me => ({
  name: 'make',
  *run() {
    return yield call('cancellationCreate', me)
  },
})

function referenceScenario(
  name: string,
  threads: readonly (readonly Make[])[],
  {
    deaths = 0,
    kind = 'cancellationCreate',
    long = false,
  }: { deaths?: number; kind?: string; long?: boolean } = {},
): Scenario {
  return {
    name: `references: ${name}${deaths ? ', with a death' : ''}`,
    threads: threads.length + (deaths ? 1 : 0),
    deaths,
    long,
    make(machine) {
      const object = machine.kernel[kind]!(0)
      const programs: Program[] = threads.map((operations, me) => ({
        operations: operations.map(make => make(me, object)),
        mortal: true,
      }))
      if (deaths) programs.push(reaper(threads.length))
      const sizeClass = classOf(machine, object)
      const holds = (machine: Machine, thread: number): boolean => {
        const { status, outcomes, before } = machine.threads[thread]!
        if (status === 'dead') return false
        const operations = programs[thread]!.operations
        const last = operations.findLastIndex(
          ({ name }, i) => i < outcomes.length && (name === 'arrive' || name === 'release'),
        )
        const has = last < 0 ? thread === 0 : operations[last]!.name === 'arrive'
        return has && !(before >= 0 && operations[outcomes.length]?.name === 'release')
      }
      return {
        names: {
          object,
          'object.refs': object + REFS,
          'object.kind': object + KIND,
          'object.holders': object + HOLDERS,
        },
        programs,
        always(machine) {
          const holder = threads.findIndex((_, thread) => holds(machine, thread))
          if (holder >= 0 && machine.word(object + KIND) === 0) return `freed while thread ${holder} holds it`
          return undefined
        },
        end({ machine, isDead, outcomes }) {
          const free = freeBlocks(machine, sizeClass, programs.length)
          // What a dead thread had made is the reaper's to free.
          const made = outcomes
            .filter((_, t) => !isDead(t))
            .flat()
            .map(Number)
            .filter(outcome => outcome > PAGE)
          const wrong = twice([...free, ...made])
          if (wrong) return wrong
          const someoneHolds = threads.some((_, thread) => holds(machine, thread))
          const isFree = free.includes(object) || made.includes(object)
          // A death may leave it behind, but then there was one.
          if (!someoneHolds && !isFree && !threads.some((_, t) => isDead(t)))
            return 'nobody holds it, and it is not free'
          return undefined
        },
      }
    },
  }
}

/**
 * Somebody lets go of a channel, for whose table something else is kept then, while a thread is reaped that does not hold it: a
 * reaper that took that for the table would write over what it points to.
 */
const reapBesideFree: Scenario = {
  name: 'references: an unbuffered channel is freed while a thread is reaped that does not hold it',
  threads: 3,
  deaths: 1,
  make(machine) {
    const { kernel } = machine
    const channel = kernel.rendezvousCreate!(0)
    const table = machine.word(channel + TABLE)
    const victim = kernel.heapAllocate!(0, 64)
    for (let i = 0; i < 4; i++) machine.words[(victim >> 2) + i] = 5 + i
    const reuse: Operation = {
      name: 'reuse',
      *run() {
        yield call('referenceRelease', 0, channel, 0)
        const block = yield call('heapAllocate', 0, 512)
        yield write(block + 4, victim) // where the table had the receivers' board of thread 1
        return block
      },
    }
    return {
      names: { channel, table, victim },
      programs: [
        { operations: [reuse] },
        {
          operations: [
            {
              name: 'nothing',
              *run() {
                return yield read(threadBlock(1))
              },
            },
          ],
          mortal: true,
        },
        reaper(2),
      ],
      end({ outcomes, machine }) {
        if (outcomes[0]![0] !== table) return 'the memory was not used again: this shows nothing'
        for (let i = 0; i < 4; i++)
          if (machine.word(victim + 4 * i) !== 5 + i) return 'somebody wrote to a block of another'
        return undefined
      },
    }
  },
}

export const referenceScenarios: readonly Scenario[] = [
  referenceScenario('send, release | arrive, release', [
    [send, release],
    [arrive(1), release],
  ]),
  referenceScenario('send, send, release | arrive, release | drop', [
    [send, send, release],
    [arrive(1), release],
    [drop(2)],
  ]),
  referenceScenario('send, send, release | arrive, arrive, release', [
    [send, send, release],
    [arrive(1), arrive(2), release],
  ]),
  referenceScenario('send, release, make | arrive, release, make', [
    [send, release, make],
    [arrive(1), release, make],
  ]),
  referenceScenario(
    'send, release | arrive, release',
    [
      [send, release],
      [arrive(1), release],
    ],
    { deaths: 1 },
  ),
  referenceScenario(
    'an unbuffered channel: send, release, make | arrive, release',
    [
      [send, release, make],
      [arrive(1), release],
    ],
    {
      kind: 'rendezvousCreate',
      deaths: 1,
      long: true,
    },
  ),
  reapBesideFree,
]
