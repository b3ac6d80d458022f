// A small world to be explored: what there is, what the threads do in it, and what must be true.

import type { Mutation } from './check-kernel.js'
import type { Specification } from './linearizability.js'
import type { Machine, State } from './machine.js'
import type { Outcome, Program } from './program.js'

/** A world that stands still: every thread is done, dead, asleep or waits. */
export interface End {
  readonly machine: Machine
  readonly state: State
  /** By thread, of the operations that have ended. */
  readonly outcomes: readonly (readonly Outcome[])[]
  isAsleep(thread: number): boolean
  isDead(thread: number): boolean
}

export interface World {
  readonly programs: readonly Program[]
  /** What addresses are called in a schedule that is printed. */
  readonly names?: Readonly<Record<string, number>>
  /** With it, the operations of all threads must be linearizable; `drain` adds what is found in the end. */
  readonly specification?: Specification<never>
  /** Operations that are done after everything else, on the machine that stands still. */
  drain?(machine: Machine): readonly { name: string; value?: Outcome; outcome: Outcome }[]
  /** Says what is wrong in the end. May call the kernel: the world is set back afterwards. */
  end?(end: End): string | undefined
  /** Says what is wrong at any moment. Must change nothing. */
  always?(machine: Machine): string | undefined
}

export interface Scenario {
  readonly name: string
  /** Threads that may die, at any place each, in one run. */
  readonly deaths?: number
  /** Only with MILLRACE_LONG=1. */
  readonly long?: boolean
  /** Constants that are made smaller, where the shipped ones make the world too large. */
  readonly smaller?: readonly Mutation[]
  /** Threads 0 to `threads - 1` are attached before this is called. */
  readonly threads: number
  make(machine: Machine): World
}
