// Blocks of memory that go from thread to thread: depots, magazines, chunks. In the end every block is somewhere, once.

import { classOf, freeBlocks, twice } from '../free-blocks.js'
import { call, type Operation, type Program } from '../program.js'
import { reaper } from '../reaper.js'
import type { End, Scenario } from '../scenario.js'

/** Takes and gives back blocks of `bytes`, as `actions` say: + takes one, - gives back the oldest. The answer is what it still has. */
const churn = (me: number, bytes: number, actions: string, blocks: readonly number[] = []): Operation => ({
  name: 'churn',
  *run() {
    const held = [...blocks]
    for (const action of actions) {
      if (action === '+') held.push(yield call('heapAllocate', me, bytes))
      else yield call('heapFree', me, held.shift()!)
    }
    return held
  },
})

interface Options {
  /** How many blocks there are, all free and in the depot, to begin with. */
  readonly free?: number
  /** How many blocks each thread has, to begin with. */
  readonly held?: number
  readonly deaths?: number
}

function heapScenario(
  name: string,
  bytes: number,
  threads: readonly string[],
  options: Options = {},
): Scenario {
  const { free = 0, held = 0, deaths = 0 } = options
  return {
    name: `blocks of ${bytes} bytes: ${name}${deaths ? ', with a death' : ''}`,
    threads: threads.length + 1,
    deaths,
    make(machine) {
      const { kernel } = machine
      const me = threads.length
      const take = (count: number) => Array.from({ length: count }, () => kernel.heapAllocate!(me, bytes))
      const owned = threads.map(() => take(held))
      const spare = take(free)
      for (const block of spare) kernel.heapFree!(me, block)
      const everyBlock = [...owned.flat(), ...spare]
      const programs: Program[] = threads.map((actions, thread) => ({
        operations: [churn(thread, bytes, actions, owned[thread])],
        mortal: true,
      }))
      if (deaths) programs.push(reaper(me))
      return {
        names: Object.fromEntries(everyBlock.map((block, i) => [`block ${i}`, block])),
        programs,
        end({ machine, outcomes, isDead }: End) {
          const ended = threads.flatMap((_, thread) => (outcomes[thread]![0] ?? []) as number[])
          if (ended.includes(0)) return 'there was memory, and a thread got none'
          const sizeClass = classOf(machine, [...everyBlock, ...ended][0]!)
          const all = [...ended, ...freeBlocks(machine, sizeClass, threads.length + 1)]
          const wrong = twice(all)
          if (wrong) return wrong
          // A dead thread takes what it had in its hand with it.
          const lost = everyBlock.filter(block => !all.includes(block)).length
          const allowed = threads.reduce((sum, _, thread) => (isDead(thread) ? sum + held + 1 : sum), 0)
          return lost > allowed ? `${lost} blocks are nowhere` : undefined
        },
      }
    },
  }
}

export const heapScenarios: readonly Scenario[] = [
  // Above 32 KiB every block goes by the depot: with the first block popped, given back and another beneath it, the classic ABA.
  heapScenario('+ | ++-', 70_000, ['+', '++-'], { free: 3 }),
  heapScenario('+- | ++-', 70_000, ['+-', '++-'], { free: 3 }),
  heapScenario('+- | +- | +-', 70_000, ['+-', '+-', '+-'], { free: 2 }),
  // One block is a chain here, so magazines trade at every other step.
  heapScenario('--+ | --+', 4096, ['--+', '--+'], { held: 2, free: 2 }),
  heapScenario('+ | + | --', 4096, ['+', '+', '--'], { held: 2 }),
  heapScenario('+ | + on fresh memory', 4096, ['+', '+']),
  heapScenario('--+ | --+', 4096, ['--+', '--+'], { held: 2, free: 2, deaths: 1 }),
]
