// Goes through every state that a scenario can reach, by every choice of which thread goes on and which dies.
//
// Depth first; a state that was seen before is not gone through again, so a schedule that leads to a known state ends
// there. `schedules` is how many whole schedules that covers. Two reductions, both exact: between stops a thread touches only
// words that are its own (shared-words.ts), and a death is tried only where it differs from a later one, that is before writes.
//
// A state that leads back to itself is an error too: on that way no operation ever ends, so the code would not be lock-free.

import { type Happened, isLinearizable } from './linearizability.js'
import { FOUND_BITS, Machine, operationBit, type State } from './machine.js'
import { persistentSet } from './persistent-set.js'
import type { End, Scenario, World } from './scenario.js'
import { describeStep, type Step, stepOf } from './schedule.js'
import { StateTable } from './state-table.js'

export interface Report {
  /** Distinct states, and steps from one to another. */
  readonly states: number
  readonly steps: number
  /** Schedules from the beginning to an end. A double: it may be far above 2^53. */
  readonly schedules: number
  /** Words of memory that several threads access. */
  readonly sharedWords: number
  /** Steps of the longest schedule. */
  readonly longest: number
  /** What the operations answered and how the threads ended, in all ways that there are. */
  readonly ends: ReadonlySet<string>
  /** How often it began anew, having learnt what threads share. */
  readonly passes: number
  readonly ms: number
}

/** What is wrong, and the schedule that leads to it. */
export class ScheduleError extends Error {
  readonly fact: string
  readonly schedule: readonly string[]

  constructor(scenario: string, fact: string, schedule: readonly string[]) {
    super(`${scenario}: ${fact}\n${schedule.join('\n')}`)
    this.name = 'ScheduleError'
    this.fact = fact
    this.schedule = schedule
  }
}

const ON_THE_WAY = -1
const DIES = 8 // added to a thread's number in a choice
const LONGEST = 3000 // steps; the call stack has room for so many
const STROLLS = 100 // without learning anything
const STROLL_STEPS = 1000

/** Goes through all of `scenario`. @throws {ScheduleError} Something is wrong. `reduced` false: without the reductions, to check them. */
export function explore(module: WebAssembly.Module, scenario: Scenario, { reduced = true } = {}): Report {
  return new Exploration(module, scenario, reduced).run()
}

class Exploration {
  readonly #machine: Machine
  readonly #scenario: Scenario
  readonly #world: World
  /** By state: how many schedules lead on from it. */
  readonly #schedules = new StateTable()
  readonly #path: Step[] = []
  readonly #judged = new Map<string, boolean>()
  readonly #ends = new Set<string>()
  readonly #reduced: boolean
  #steps = 0
  /** There was more to stop at than was known: this pass has found it out, and ends. */
  #isOver = false
  #longest = 0

  constructor(module: WebAssembly.Module, scenario: Scenario, reduced: boolean) {
    const machine = new Machine(module)
    const { kernel } = machine
    kernel.kernelInit!()
    for (let thread = 0; thread < scenario.threads; thread++) {
      if (kernel.threadReserve!() !== thread) throw new Error('the memory is not fresh')
      kernel.threadAttach!(thread, kernel.threadLife!(thread))
    }
    this.#machine = machine
    this.#scenario = scenario
    this.#reduced = reduced
    machine.stopsAlways = !reduced
    this.#world = scenario.make(machine)
    machine.deathsAllowed = scenario.deaths ?? 0
    machine.isTimed = this.#world.specification !== undefined
    machine.load(this.#world.programs)
  }

  run(): Report {
    const start = performance.now()
    if (this.#reduced) this.#stroll()
    let schedules: number
    let passes = 0
    do {
      this.#machine.learnt = this.#isOver = false
      passes++
      this.#schedules.clear()
      this.#path.length = 0
      this.#steps = this.#longest = 0
      schedules = this.#visit(this.#machine.begin(), this.#machine.key())
    } while (this.#reduced && this.#machine.learnt)
    return {
      states: this.#schedules.size,
      steps: this.#steps,
      schedules,
      sharedWords: this.#machine.shared.count,
      longest: this.#longest,
      passes,
      ends: this.#ends,
      ms: performance.now() - start,
    }
  }

  /** Learns by chance most of what threads share, so that hardly a pass has to end for it. */
  #stroll(): void {
    const machine = this.#machine
    let random = 1
    const stroll = (): void => {
      machine.begin()
      for (let steps = 0; steps < STROLL_STEPS; steps++) {
        const choices = this.#choices(machine.threads.keys())
        if (choices.length === 0) break
        random = Math.imul(random, 1_664_525) + 1_013_904_223
        const choice = choices[(random >>> 16) % choices.length]!
        // Seldom, or hardly a thread would come far.
        if (choice >= DIES && ((random >>> 8) & 15) !== 0) continue
        if (choice >= DIES) machine.kill(choice - DIES)
        else machine.run(choice)
      }
    }
    for (let unlearnt = 0; unlearnt < STROLLS; unlearnt++) {
      machine.learnt = false
      try {
        stroll()
      } catch {
        return // the exploration will come to the same place, and say how
      }
      if (machine.learnt) unlearnt = 0
    }
  }

  /** Goes through what can follow `state`, which the machine is in. Answers how many schedules that are. */
  #visit(state: State, key: number): number {
    const machine = this.#machine
    const choices = this.#choices()
    this.#longest = Math.max(this.#longest, this.#path.length)
    if (this.#path.length > LONGEST) this.#fail(`no end after ${LONGEST} steps`)
    const wrong = this.#world.always?.(machine)
    if (wrong) this.#fail(wrong)
    if (choices.length === 0) {
      this.#judge(state)
      this.#isOver = this.#reduced && machine.learnt
      this.#schedules.set(key, 1)
      return 1
    }
    this.#schedules.set(key, ON_THE_WAY)
    let schedules = 0
    let isHere = true
    for (const choice of choices) {
      if (!isHere) machine.restore(state)
      isHere = false
      this.#take(choice)
      const next = machine.key()
      const known = this.#schedules.get(next)
      if (known === ON_THE_WAY)
        this.#fail('nothing has come of the steps since the same state before: this may go on for ever')
      schedules += known ?? this.#visit(machine.state(), next)
      this.#path.pop()
      if (this.#isOver) return 0
    }
    this.#schedules.set(key, schedules)
    return schedules
  }

  /** Threads that go on, and, with DIES added, threads that die: enough of those that may. */
  #choices(among?: Iterable<number>): number[] {
    const machine = this.#machine
    const { threads } = machine
    const mayDie = machine.deathsAllowed > threads.filter(({ status }) => status === 'dead').length
    const choices: number[] = []
    for (const thread of among ?? (this.#reduced ? persistentSet(machine, mayDie) : threads.keys())) {
      if (machine.canRun(thread)) choices.push(thread)
      if (mayDie && machine.canDie(thread)) choices.push(thread + DIES)
    }
    return choices
  }

  #take(choice: number): void {
    const machine = this.#machine
    const thread = choice % DIES
    this.#steps++
    this.#path.push(stepOf(machine, thread, choice >= DIES))
    try {
      if (choice >= DIES) machine.kill(thread)
      else machine.run(thread)
    } catch (error) {
      this.#fail(String(error))
    }
  }

  #judge(state: State): void {
    const { programs, specification, drain, end } = this.#world
    this.#ends.add(JSON.stringify([this.#outcomes(state), state.threads.map(({ status }) => status)]))
    const machine = this.#machine
    const found = drain?.call(this.#world, machine) ?? []
    if (specification) {
      const history: Happened[] = []
      state.threads.forEach(({ outcomes, before, status, operation }, t) => {
        programs[t]!.operations.forEach(({ name, value }, i) => {
          const bit = operationBit(t, i)
          const ended = outcomes[i]
          if (ended) history.push({ name, value, outcome: ended.outcome, bit, before: ended.before })
          else if (i === operation && status === 'dead' && before >= 0)
            history.push({ name, value, outcome: undefined, bit, before })
        })
      })
      if (!this.#fits(history, found)) {
        const outcomes = JSON.stringify(this.#outcomes(state))
        this.#fail(`no order explains the outcomes ${outcomes}, and ${JSON.stringify(found)} in the end`)
      }
    }
    if (found.length > 0) machine.restore(state)
    const wrong = end?.call(this.#world, {
      machine,
      state,
      outcomes: this.#outcomes(state),
      isAsleep: thread => state.threads[thread]!.status === 'asleep',
      isDead: thread => state.threads[thread]!.status === 'dead',
    })
    if (wrong) this.#fail(wrong)
    machine.restore(state)
  }

  #fits(
    history: readonly Happened[],
    found: readonly { name: string; value?: unknown; outcome: unknown }[],
  ): boolean {
    const key = JSON.stringify([history, found])
    const known = this.#judged.get(key)
    if (known !== undefined) return known
    let before = history.reduce((bits, { bit }) => bits | bit, 0)
    // What is found comes after everything else, and one after the other.
    const whole = history.slice()
    found.forEach(({ name, value, outcome }, i) => {
      const bit = 1 << (FOUND_BITS + i)
      whole.push({ name, value: value as never, outcome: outcome as never, bit, before })
      before |= bit
    })
    const answer = isLinearizable(this.#world.specification!, whole)
    this.#judged.set(key, answer)
    return answer
  }

  #outcomes(state: State): End['outcomes'] {
    return state.threads.map(({ outcomes }) => outcomes.map(({ outcome }) => outcome))
  }

  #fail(fact: string): never {
    const schedule = this.#path.map(step => describeStep(step, this.#world.names))
    throw new ScheduleError(this.#scenario.name, fact, schedule)
  }
}
