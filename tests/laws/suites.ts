import { runtime } from '@millrace/core'
import { blockingLaws } from './blocking.laws.js'
import { cancellationLaws } from './cancellation.laws.js'
import { chanLaws } from './chan.laws.js'
import { fairnessLaws } from './fairness.laws.js'
import { goLaws } from './go.laws.js'
import type { Law, World } from './law.js'
import { memoryLaws, prepareSmallMemory } from './memory.laws.js'
import { modelLaws } from './model.laws.js'
import { parallelLaws } from './parallel.laws.js'
import { rendezvousLaws } from './rendezvous.laws.js'
import { selectLaws } from './select.laws.js'
import { sharedArrayLaws } from './shared-array.laws.js'
import { typedLaws } from './typed.laws.js'
import { arrived, local, program, shared } from './worlds.js'

const ofEveryChannel: Law[] = [...chanLaws, ...selectLaws, ...cancellationLaws, ...fairnessLaws, ...modelLaws]
const ofTheProgram: Law[] = [
  ...goLaws,
  ...parallelLaws,
  ...rendezvousLaws,
  ...blockingLaws,
  ...typedLaws,
  ...sharedArrayLaws,
]

/** Laws that share a process, and how it is prepared for them. */
export interface Run {
  readonly suites: readonly (readonly [World, readonly Law[]])[]
  /** Call before the first law. */
  prepare(): void
}

const smallMemory = (i: number): Run => ({ suites: [[program, memoryLaws[i]!]], prepare: prepareSmallMemory })

/** Values pass by reference or by copy: a law about the one says nothing of a world where they pass by the other. */
const speaksOf = (world: World) => (law: Law) =>
  !law.needs?.some(need => (need === 'by reference' || need === 'by copy') && world.lacks[need] !== undefined)

/** Every law in every world that it is to be tried in, by the name of the run. */
export const runs = {
  usual: {
    suites: [
      [local, ofEveryChannel.filter(speaksOf(local))],
      [shared, ofEveryChannel.filter(speaksOf(shared))],
      [arrived, ofEveryChannel.filter(speaksOf(arrived))],
      [program, ofTheProgram],
    ],
    prepare() {
      runtime.gomaxprocs(4) // real threads, whatever the machine has
    },
  },
  'small memory': smallMemory(0),
  'small memory, filled by another thread': smallMemory(1),
  'small memory, filled with numbers': smallMemory(2),
  'small memory, filled to the last block': smallMemory(3),
} satisfies Record<string, Run>

export type RunName = keyof typeof runs
