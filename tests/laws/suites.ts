import { runtime } from '@millrace/core'
import { barrierLaws } from './barrier.laws.js'
import { blockingLaws } from './blocking.laws.js'
import { breakerLaws } from './breaker.laws.js'
import { cancellationLaws } from './cancellation.laws.js'
import { chanLaws } from './chan.laws.js'
import { channelsBetweenThreadsLaws } from './channels-between-threads.laws.js'
import { closeLaws } from './close.laws.js'
import { condLaws } from './cond.laws.js'
import { crossingChannelLaws } from './crossing-channels.laws.js'
import { crossingValueLaws } from './crossing-values.laws.js'
import { errgroupLaws } from './errgroup.laws.js'
import { fairnessLaws } from './fairness.laws.js'
import { getterCrossingLaws } from './getters-crossing.laws.js'
import { getterSendingLaws } from './getters-sending.laws.js'
import { goLaws } from './go.laws.js'
import { largeLaws } from './large.laws.js'
import type { Law, Need, World } from './law.js'
import { limiterLaws } from './limiter.laws.js'
import { lockLaws } from './lock.laws.js'
import { lockSyncLaws } from './lock-sync.laws.js'
import { memoryLaws, prepareSmallMemory } from './memory.laws.js'
import { modelLaws } from './model.laws.js'
import { onceLaws } from './once.laws.js'
import { askForOneThread, oneThreadLaws } from './one-thread.laws.js'
import { parallelLaws } from './parallel.laws.js'
import { parkedLaws } from './parked.laws.js'
import { pubSubLaws } from './pub-sub.laws.js'
import { rangeLaws } from './range.laws.js'
import { rendezvousLaws } from './rendezvous.laws.js'
import { rwMutexLaws } from './rw-mutex.laws.js'
import { selectLaws } from './select.laws.js'
import { selectChoiceLaws } from './select-choice.laws.js'
import { selectParkedLaws } from './select-parked.laws.js'
import { sharedArrayLaws } from './shared-array.laws.js'
import { singleFlightLaws } from './single-flight.laws.js'
import { stageLaws } from './stage.laws.js'
import { threadLaws } from './threads.laws.js'
import { timerLaws } from './timers.laws.js'
import { typedLaws } from './typed.laws.js'
import { waitGroupLaws } from './wait-group.laws.js'
import { workerPoolLaws } from './worker-pool.laws.js'
import { arrived, local, onOneThread, program, shared, typedLocal, typedShared } from './worlds.js'

const ofNumbers: Law[] = [
  ...chanLaws,
  ...parkedLaws,
  ...closeLaws,
  ...rangeLaws,
  ...selectLaws,
  ...selectChoiceLaws,
  ...selectParkedLaws,
  ...modelLaws,
]
const ofEveryChannel: Law[] = [...ofNumbers, ...cancellationLaws, ...fairnessLaws]
const ofSync: Law[] = [
  ...lockLaws,
  ...lockSyncLaws,
  ...rwMutexLaws,
  ...waitGroupLaws,
  ...onceLaws,
  ...condLaws,
  ...barrierLaws,
  ...singleFlightLaws,
]
const ofTheProgram: Law[] = [
  ...goLaws,
  ...parallelLaws,
  ...crossingValueLaws,
  ...crossingChannelLaws,
  ...getterCrossingLaws,
  ...getterSendingLaws,
  ...channelsBetweenThreadsLaws,
  ...threadLaws,
  ...timerLaws,
  ...rendezvousLaws,
  ...blockingLaws,
  ...typedLaws,
  ...sharedArrayLaws,
  ...largeLaws,
  ...errgroupLaws,
  ...limiterLaws,
  ...breakerLaws,
  ...stageLaws,
  ...workerPoolLaws,
  ...pubSubLaws,
]

/** Laws that share a process, and how it is prepared for them. */
export interface Run {
  readonly suites: readonly (readonly [World, readonly Law[]])[]
  /** Call before the first law. */
  prepare(): void
}

const smallMemory = (i: number): Run => ({ suites: [[program, memoryLaws[i]!]], prepare: prepareSmallMemory })

/** A law about values that pass by reference, by copy, or are no numbers, says nothing of a world where they are otherwise. */
const speaksOf = (world: World) => (law: Law) =>
  !law.needs?.some(need => OF_VALUES.includes(need) && world.lacks[need] !== undefined)
const OF_VALUES: Need[] = ['by reference', 'by copy', 'any value']

const everything = [
  [local, [...ofEveryChannel.filter(speaksOf(local)), ...ofSync]],
  [shared, [...ofEveryChannel.filter(speaksOf(shared)), ...ofSync]],
  [arrived, [...ofEveryChannel.filter(speaksOf(arrived)), ...ofSync]],
  [typedLocal, ofNumbers.filter(speaksOf(typedLocal))],
  [typedShared, ofNumbers.filter(speaksOf(typedShared))],
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
  'one thread, asked for': {
    suites: [[onOneThread(program), oneThreadLaws]],
    prepare: askForOneThread,
  },
  'small memory': smallMemory(0),
  'small memory, filled by another thread': smallMemory(1),
  'small memory, filled with numbers': smallMemory(2),
  'small memory, filled to the last block': smallMemory(3),
  'small memory, filled with those who wait': smallMemory(4),
} satisfies Record<string, Run>

export type RunName = keyof typeof runs
