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
import { arrived, local, onOneThread, program, shared } from './worlds.js'

const ofEveryChannel: Law[] = [...chanLaws, ...selectLaws, ...cancellationLaws, ...fairnessLaws, ...modelLaws]
const ofTheProgram: Law[] = [...goLaws, ...parallelLaws, ...rendezvousLaws, ...blockingLaws]

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

const everything = [
  [local, ofEveryChannel.filter(speaksOf(local))],
  [shared, ofEveryChannel.filter(speaksOf(shared))],
  [arrived, ofEveryChannel.filter(speaksOf(arrived))],
  [program, ofTheProgram],
] as const

/** Every law in every world that it is to be tried in, by the name of the run. */
export const runs = {
  usual: {
    suites: everything,
    prepare() {
      runtime.gomaxprocs(4) // real threads, whatever the machine has
    },
  },
  'one thread': {
    suites: everything.map(([world, laws]) => [onOneThread(world), laws] as const),
    prepare() {
      Reflect.deleteProperty(globalThis, 'SharedArrayBuffer')
    },
  },
  'small memory': smallMemory(0),
  'small memory, filled by another thread': smallMemory(1),
  'small memory, filled with numbers': smallMemory(2),
  'small memory, filled to the last block': smallMemory(3),
} satisfies Record<string, Run>

export type RunName = keyof typeof runs
