import {
  arriveReference,
  type Crossing,
  crossReference,
  currentThread,
  keepReference,
  MAIN_THREAD,
  registerKind,
  SHARE,
  type Shareable,
  threadIfStarted,
} from '@millrace/kernel'
import { block, type SyncOptions, throwIfCanceled } from './block.js'
import { done } from './budget.js'
import { type Cancellation, cancellationOf, type WaitOptions } from './cancellation.js'
import { keepBoth, keptReject, keptResolve } from './kept-resolve.js'
import {
  PASS,
  type Rules,
  type ShapedRules,
  type Standing,
  type State,
  shapedRules,
  WAIT,
} from './monitor-rules.js'
import { Line, MonitorWaiter } from './monitor-waiter.js'
import { SharedMonitor } from './shared-monitor.js'
import type { Reject, Resolve } from './wait-queue.js'

/** Whoever comes: with a ticket, or with what makes one and may change the state. */
type Arrival = number | ((state: State) => number)

/**
 * A few numbers that one at a time changes, and goroutines that wait in line until the numbers let them pass: what locks, semaphores,
 * barriers and the like are made of. Born local; shared, with those who wait, when what it is part of crosses to another thread.
 *
 * What may pass, and what that takes, are its rules (monitor-rules.ts).
 *
 *   P1  the first in line may pass  =>  it is about to be let, by whoever made it so
 *   P2  nobody passes while somebody waits in the same line: first come, first served, also where a later ticket asks for less.
 *       Between threads the lines take turns, and a gated monitor may be taken by someone who does not wait, for a while (1 ms)
 *   P3  what passing took belongs to the waiter at once, before it runs again; a cancellation comes too late then
 *   P4  whoever gives up has taken nothing, and those behind are looked at in the same call
 *
 * After Hoare, "Monitors: an operating system structuring concept" (1974), with tickets in place of code: whoever changes the state
 * lets others pass in their name, so nobody enters twice.
 */
export class Monitor implements Shareable, Standing {
  readonly rules: Rules
  /** For rules: the thread of whoever makes an attempt while it is local. */
  readonly thread = threadIfStarted()?.id ?? MAIN_THREAD
  /** What the monitor is part of, as this thread knows it. */
  face: object | undefined
  readonly #lines: Line[]
  #state: number[]
  #shared: SharedMonitor | undefined
  #settling = false
  #again = false

  /** @param state Its first numbers, if they are not 0. */
  constructor(rules: ShapedRules, ...state: number[]) {
    this.rules = rules
    this.#state = rules.zeros.slice()
    for (let i = 0; i < state.length; i++) this.#state[i] = state[i]
    this.#lines = [new Line()]
    while (this.#lines.length < rules.lines) this.#lines.push(new Line())
  }

  /** Where it is in shared memory, the same on all threads; undefined while it is local. */
  get address(): number | undefined {
    return this.#shared?.address
  }

  /** Whether anybody waits in a line, on any thread. */
  waits(line: number): boolean {
    return this.#shared ? this.#shared.anybodyWaits(line) : this.#lines[line].first !== undefined
  }

  /** How many goroutines of this thread wait in a line. */
  waitingHere(line: number): number {
    return this.#lines[line].length
  }

  /** Looks at the state. Costs some 20 ns once it is shared. */
  read<R>(look: (state: State) => R): R {
    return this.#shared ? this.#shared.read(look) : look(this.#state)
  }

  /**
   * Changes the state, and lets pass who may. If `change` throws, which it must do before it changes anything, nothing has happened.
   *
   * @param gives How much of what is held (`Rules.held`) is given back by it. Less than 0: how much more this thread holds.
   */
  change<R>(change: (state: State, gives: number) => R, gives = 0): R {
    if (this.#shared) return this.#shared.change(change, gives)
    const result = change(this.#state, gives)
    if (this.#isAnybodyHere()) this.#settle()
    else this.rules.settled?.(this.#state)
    return result
  }

  #isAnybodyHere(): boolean {
    for (let line = 0; line < this.#lines.length; line++)
      if (this.#lines[line].first !== undefined) return true
    return false
  }

  /** As `change`, of a gated monitor: `release` gives it back. Costs one compare-and-swap if it is shared and nobody is to be next. */
  release(release: (state: State) => void): void {
    if (!this.#shared) this.change(release)
    else if (!this.#shared.release()) this.#shared.change(release, 0)
  }

  /** Passes if nobody waits and `ticket` may; answers whether it did. @throws the rules' failure */
  try(line: number, ticket: number): boolean {
    return this.#passes(line, ticket)
  }

  #passes(line: number, ticket: number): boolean {
    return this.#isPass(this.#attempt(line, ticket))
  }

  #isPass(outcome: number): boolean {
    if (outcome > PASS) throw this.rules.failure!(outcome)
    return outcome === PASS
  }

  #attempt(line: number, ticket: number): number {
    if (this.#shared) return this.#shared.attempt(line, ticket)
    if (this.#lines[line].first !== undefined) return WAIT
    return this.rules.attempt(this.#state, line, ticket, this)
  }

  /**
   * Passes, or joins the end of a line and waits to be let. Cancelled, it rejects with the signal's reason and has taken nothing.
   * Rejects with a failure of the rules.
   *
   * Passing without waiting costs one attempt and no new promise.
   *
   * @param joined Called if it stands in line, at once: nobody who looks later misses it. If that throws the waiter leaves, and the
   *   promise rejects with what was thrown, unless somebody has let it pass in between.
   */
  wait(line: number, arrival: Arrival, options?: WaitOptions, joined?: () => void): Promise<void> {
    let cancellation: Cancellation | undefined
    try {
      if (options) {
        cancellation = cancellationOf(options)
        if (cancellation?.canceled) return Promise.reject(cancellation.reason)
      }
      if (typeof arrival !== 'function' && this.#passes(line, arrival)) return done()
    } catch (error) {
      return Promise.reject(error)
    }
    return this.#waitInLine(line, arrival, cancellation, joined)
  }

  #waitInLine(
    line: number,
    arrival: Arrival,
    cancellation: Cancellation | undefined,
    joined: (() => void) | undefined,
  ): Promise<void> {
    const promise = new Promise<unknown>(keepBoth)
    const reject = keptReject
    let waiter: MonitorWaiter | undefined
    try {
      waiter = this.#park(line, arrival, cancellation, keptResolve as Resolve<unknown>, reject)
      joined?.()
    } catch (error) {
      if (waiter) waiter.cancel(error)
      else reject(error)
    }
    return promise as Promise<void>
  }

  /**
   * As `wait` in a line where nobody's ticket is other than 0, and blocks the thread. Others of this thread who wait there come after
   * it: until it is over they could not use what they got.
   *
   * @throws {DeadlockError} Only goroutines of this thread could end the wait: it is not shared, or they hold something of it.
   * @throws {MainThreadBlockedError}
   */
  waitSync(what: string, line: number, options?: SyncOptions): void {
    throwIfCanceled(options)
    if (this.#isPass(this.#shared ? this.#shared.attemptBeforeBlocking(line) : this.#attempt(line, 0))) return
    block<unknown>(
      what,
      () => !this.#shared || this.#shared.isHeldHere(),
      options,
      (resolve, reject, context) => this.#park(line, 0, context, resolve, reject, true),
    )
  }

  #park(
    line: number,
    arrival: Arrival,
    cancellation: Cancellation | undefined,
    resolve: Resolve<unknown>,
    reject: Reject,
    blocks = false,
  ): MonitorWaiter {
    const waiter = new MonitorWaiter(this, line, cancellation, resolve, reject)
    if (this.#shared) this.#shared.park(waiter, this.#lines[line], arrival, blocks)
    else {
      if (typeof arrival === 'function') this.#dismiss(line)
      waiter.value = typeof arrival === 'function' ? arrival(this.#state) : arrival
      this.#lines[line].push(waiter)
      this.#settle()
    }
    if (cancellation) waiter.cancelWith(cancellation)
    return waiter
  }

  /** A waiter of this thread gives up, if nobody has let it pass. */
  giveUp(waiter: MonitorWaiter, reason: unknown): void {
    if (this.#shared) return this.#shared.giveUp(waiter, reason)
    if (!waiter.queue) return
    this.#lines[waiter.line].unlink(waiter)
    this.rules.left?.(this.#state, waiter.line, waiter.value as number)
    waiter.gaveUp(reason)
    this.#settle()
  }

  /** Lets those pass who may, from the first of each line on, up to one who may not. */
  #settle(): void {
    // Whoever gives up during the loop below asks for another: the lines are looked at again.
    this.#again = true
    if (this.#settling) return
    this.#settling = true
    while (this.#again) {
      this.#again = false
      for (let line = 0; line < this.#lines.length; line++) this.#admit(line)
    }
    this.rules.settled?.(this.#state)
    this.#settling = false
  }

  /** Ends the waits of those at the head of a line whose cancellation is still on its way to them: from one to the next, or a clock. */
  #dismiss(line: number): void {
    const queue = this.#lines[line]
    for (let waiter = queue.first; waiter?.cancellation?.canceled; waiter = queue.first)
      waiter.cancel(waiter.cancellation.reason)
  }

  #admit(line: number): void {
    const queue = this.#lines[line]
    for (;;) {
      this.#dismiss(line) // they could not use what they got
      const waiter = queue.first
      if (!waiter) return
      const outcome = this.rules.attempt(this.#state, line, waiter.value as number, this)
      if (outcome === WAIT) return
      queue.unlink(waiter)
      waiter.passed(outcome)
    }
  }

  /** This thread is about to leave, and what its goroutines hold is not lost: they have ended, and others will give it back. */
  bequeath(): void {
    this.#shared?.bequeath()
  }

  [SHARE](): Crossing {
    const thread = currentThread()
    if (!this.#shared) {
      this.#shared = SharedMonitor.fromLocal(thread, this, this.#state, this.#lines)
      keepReference(this.#shared.address, this)
    }
    return crossReference(thread, this.rules.name, this.#shared.address, this.#shared.address)
  }

  static arrived(rules: ShapedRules, address: number): Monitor {
    const thread = currentThread()
    return arriveReference(thread, address, () => {
      const monitor = new Monitor(rules)
      monitor.#shared = new SharedMonitor(thread, address, monitor, monitor.#lines)
      return monitor
    })
  }
}

/** Lets monitors of these rules arrive from other threads. Answers the rules. */
export function monitorRules(rules: Rules): ShapedRules {
  const shaped = shapedRules(rules)
  registerKind(rules.name, (address: number) => Monitor.arrived(shaped, address))
  return shaped
}
