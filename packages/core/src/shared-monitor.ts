import { MAIN_THREAD, OK, type Parked, RECORD_NUMBERS, type Thread, WOULD_BLOCK } from '@millrace/kernel'
import type { Monitor } from './monitor.js'
import { forgetTheDead } from './monitor-deaths.js'
import { COUNT, ENTRY, GRANTED, HELD, MonitorLedger, OUTCOME, TICKET, threadOf } from './monitor-ledger.js'
import { MonitorLines } from './monitor-lines.js'
import { LOST, PASS, type Rules, type Standing, type State, WAIT } from './monitor-rules.js'
import type { Line, MonitorWaiter } from './monitor-waiter.js'

/**
 * How often a thread that is about to block looks at a gated monitor that is held: for some 5 us together, as Go's mutex does. Whoever
 * awaits it looks once, as the event loop has other things to do.
 */
const LOOKS = 5

/** How long someone waits for a gated monitor before nobody may overtake him any more. Go's starvation mode. */
const IMPATIENT_MS = 1

/**
 * A monitor's part on one thread, once several know it: those of this thread who wait stand in plain lines here, behind at most one
 * entry for each line in the record.
 *
 *   M1  somebody of this thread waits in a line  =>  the thread has an entry there, and this is parked in the thread
 *   M2  an entry is granted something            =>  its thread takes it with this change; or is poked, and takes it with its next; or
 *                                                    has died
 *   M3  nobody whose entry is first may pass     <=  no change is being made: each lets pass who may, before it is published
 *
 * A change is made in the thread's scratch, and published by one swap; if somebody else was first it is made again.
 */
export class SharedMonitor implements Parked, Standing {
  readonly address: number
  /** For rules: the thread of whoever an attempt is made for. */
  thread: number
  readonly #thread: Thread
  readonly #life: number
  /** The monitor that it is of: kept, so that the memory is not let go while somebody waits. */
  readonly owner: Monitor
  readonly #rules: Rules
  readonly #numbers: Float64Array
  /** Who waits and who holds, in those numbers. */
  readonly #ledger: MonitorLedger
  /** Who of this thread waits. */
  readonly #lines: MonitorLines
  #isParked = false
  /** Goroutines of this thread block it to wait here, once or again. */
  #blocks = false
  #isLooking = false
  /** Threads that others were let pass on, up to #grantedEnd. */
  readonly #granted: number[] = []
  #grantedEnd = 0

  constructor(thread: Thread, address: number, owner: Monitor, lines: readonly Line[]) {
    this.#thread = thread
    this.#life = thread.life()
    this.thread = thread.id
    this.address = address
    this.owner = owner
    this.#rules = owner.rules
    this.#numbers = thread.scratch
    this.#ledger = new MonitorLedger(this.#numbers, owner.rules.size, this.#life)
    this.#lines = new MonitorLines(lines, owner.rules, this.#ledger, this.#life)
    thread.memory.reach(address + 256)
  }

  /** Moves a local monitor to a new record. @throws {OutOfSharedMemoryError} Then it is as it was. */
  static fromLocal(thread: Thread, owner: Monitor, state: State, lines: readonly Line[]): SharedMonitor {
    const address = thread.kernel.recordCreate(thread.id)
    if (address === 0) throw thread.outOfMemory(256)
    const monitor = new SharedMonitor(thread, address, owner, lines)
    try {
      monitor.#change(numbers => {
        for (let i = 0; i < owner.rules.size; i++) numbers[i] = state[i]
        const held = owner.rules.heldInAll?.(state) ?? 0
        monitor.#ledger.hold(monitor.#life, held)
        monitor.#lines.findFirsts()
        for (const { first, length } of lines) if (first) monitor.#lines.join(first.line, length)
      })
    } catch (error) {
      thread.kernel.referenceRelease(thread.id, address, thread.id)
      throw error
    }
    monitor.#parkOrNot()
    return monitor
  }

  // What one does with it -----------------------------------------------------------------------------------------------

  read<R>(look: (state: State) => R): R {
    this.#read()
    forgetTheDead(this.#thread, this.#life, this.#rules, this.#ledger)
    return look(this.#numbers)
  }

  anybodyWaits(line: number): boolean {
    this.#read()
    forgetTheDead(this.#thread, this.#life, this.#rules, this.#ledger)
    return this.waits(line)
  }

  change<R>(change: (state: State, gives: number) => R, gives: number): R {
    return this.#change(numbers => {
      const result = change(numbers, gives)
      if (gives > 0) this.#ledger.giveBack(gives)
      else this.#ledger.hold(this.#life, -gives)
      return result
    })
  }

  /** Gives a gated monitor back if that is all there is to do; answers whether it did. */
  release(): boolean {
    return this.#thread.kernel.recordLet(this.address) === OK
  }

  /** An attempt of somebody who does not wait in line. */
  attempt(line: number, ticket: number): number {
    return this.#takes(1) ? PASS : this.#attempt(line, ticket)
  }

  /**
   * The same of somebody who blocks the thread next if it is in vain. It does not take what has been granted to others of this thread
   * who wait in that line: that is his when he waits before them.
   */
  attemptBeforeBlocking(line: number): number {
    this.#blocks = true
    if (this.#takes(LOOKS)) return PASS
    return this.#lines.isAnybodyIn(line) ? WAIT : this.#attempt(line, 0)
  }

  /** Whether goroutines of this thread hold something of it; not if they have just been granted it, and whoever looks can take it. */
  isHeldHere(): boolean {
    this.#read()
    if (this.#ledger.hasGrantsOf(this.#life)) return false
    return this.#rules.gated
      ? this.#numbers[0] === 1 + this.#thread.id
      : this.#ledger.holderOf(this.#life) >= 0
  }

  /** Takes a gated monitor that is free while it is looked at so many times. */
  #takes(looks: number): boolean {
    const { kernel, id } = this.#thread
    return this.#rules.gated === true && kernel.recordHold(id, this.address, looks) === OK
  }

  #attempt(line: number, ticket: number): number {
    return this.#change(numbers => {
      this.thread = this.#thread.id
      // Not past those who wait; but of a gated monitor whose holder has died anybody may be told.
      if (this.waits(line) && !(this.#rules.gated && numbers[0] === LOST)) return WAIT
      const outcome = this.#rules.attempt(numbers, line, ticket, this)
      if (outcome !== WAIT) this.#ledger.isChanged = true
      if (outcome === PASS) this.#ledger.hold(this.#life, this.#rules.held?.(line, ticket) ?? 0)
      return outcome
    }, false)
  }

  /** Somebody joins the end of a line; or if he `blocks` the thread, its beginning, as far as those of this thread stand there. */
  park(
    waiter: MonitorWaiter,
    line: Line,
    arrival: number | ((state: State) => number),
    blocks: boolean,
  ): void {
    waiter.since = performance.now()
    if (blocks) line.unshift(waiter)
    else line.push(waiter)
    if (typeof arrival === 'number') {
      waiter.value = arrival
      if (line.length > 1 && !this.#rules.counted?.(waiter.line)) return // beside others: the entry is theirs
    }
    this.#lines.joining = waiter
    try {
      this.#change(numbers => {
        if (typeof arrival !== 'number') waiter.value = arrival(numbers)
        this.#lines.join(waiter.line, 1)
      })
    } catch (error) {
      line.unlink(waiter)
      throw error
    } finally {
      this.#lines.joining = undefined
    }
    this.#parkOrNot()
  }

  giveUp(waiter: MonitorWaiter, reason: unknown): void {
    if (!waiter.queue) return
    this.#change(() => {}, false, waiter, reason)
    this.#parkOrNot()
  }

  /** Whatever this thread holds is the main thread's from now on. */
  bequeath(): void {
    const { id } = this.#thread
    this.#change(numbers => {
      if (this.#rules.gated && numbers[0] === 1 + id) {
        numbers[0] = 1 + MAIN_THREAD
        this.#ledger.isChanged = true
      }
      const holder = this.#ledger.holderOf(this.#life)
      if (holder < 0) return
      const held = numbers[holder + HELD]
      this.#ledger.dropHolder(holder)
      this.#ledger.hold(this.#thread.life(MAIN_THREAD), held)
      this.#ledger.isChanged = true
    }, false)
  }

  /** Something has been granted to this thread, or a thread has died, or a gated monitor is free. */
  look(): void {
    this.#isLooking = true
    try {
      this.#change(() => {}, false)
    } finally {
      this.#isLooking = false
    }
    this.#parkOrNot()
    if (!this.#rules.gated || !this.#isParked) return
    const now = performance.now()
    if (this.#lines.hasWaitedSince(now - IMPATIENT_MS)) {
      this.#change(numbers => {
        numbers[1] = 1
      })
    }
  }

  /**
   * Whether what a change grants to this thread is left to the next look, for which it pokes itself. Who makes the change goes on first, and
   * if he blocks the thread next, it is better his: others of the thread stand still with him, and would keep it.
   */
  get #defers(): boolean {
    return this.#blocks && !this.#isLooking
  }

  #parkOrNot(): void {
    const isParked = this.#lines.isAnybodyHere
    if (isParked === this.#isParked) return
    this.#isParked = isParked
    if (isParked) this.#thread.park(this)
    else this.#thread.unpark(this)
  }

  // A change --------------------------------------------------------------------------------------------------------------

  #read(): void {
    const { kernel, id } = this.#thread
    const numbers = this.#numbers
    const count = kernel.recordRead(id, this.address)
    if (count === 0) this.#ledger.clear()
    if (this.#rules.gated) numbers[0] = this.#thread.answer
  }

  /** Makes a change, lets pass who may, and publishes that. `quitter` gives up before it, unless it has been let pass already. */
  #change<R>(
    change: (numbers: Float64Array) => R,
    changes = true,
    quitter?: MonitorWaiter,
    reason?: unknown,
  ): R {
    const ledger = this.#ledger
    const lines = this.#lines
    lines.findLeaving(quitter)
    for (;;) {
      this.#read()
      ledger.isChanged = changes
      lines.begin()
      this.#grantedEnd = 0
      // Most changes are made where nobody else has anything: those need no look round.
      const isAlone = this.#isAlone()
      if (!isAlone) this.#lookRound()
      else if (lines.joining) lines.findFirsts()
      const result = change(this.#numbers)
      if (ledger.hasEntries) {
        if (isAlone) lines.findFirsts()
        this.#admitAll()
      }
      this.#rules.settled?.(this.#numbers)
      if (ledger.isChanged && !this.#publish()) continue
      lines.letGo(quitter, reason)
      if (lines.letPass()) this.#parkOrNot()
      return result
    }
  }

  /** What others have done meanwhile is taken note of: deaths, grants. Then whoever gives up here leaves. */
  #lookRound(): void {
    this.#lines.findFirsts()
    forgetTheDead(this.#thread, this.#life, this.#rules, this.#ledger)
    while (this.#lines.takeGrants());
    this.#lines.leaveAll()
  }

  /** Lets pass who may. Those of this thread who come next in a line go before the next line, as they do in a local monitor. */
  #admitAll(): void {
    for (let line = 0; line < this.#rules.lines; line++) {
      do this.#admit(line)
      while (!this.#defers && this.#lines.takeGrants())
    }
  }

  /** Answers false if somebody else's change came first. @throws {OutOfSharedMemoryError} Then nothing has changed. */
  #publish(): boolean {
    const { kernel, id } = this.#thread
    const { gated, name } = this.#rules
    const hot = gated ? this.#numbers[0] : 0
    const count = this.#ledger.count(gated ? 1 : 0)
    if (count > RECORD_NUMBERS) {
      throw new RangeError(
        `${name}: ${count} numbers to be shared, and a monitor has at most ${RECORD_NUMBERS}: have fewer lines or a smaller state`,
      )
    }
    const status = kernel.recordWrite(id, this.address, count, hot, gated ? this.#gate() : 0)
    if (status === WOULD_BLOCK) return false
    if (status !== OK) throw this.#thread.outOfMemory(8 * count)
    for (let i = 0; i < this.#grantedEnd; i++) kernel.poke(this.#granted[i], this.address)
    return true
  }

  /** Whether nobody waits, and nobody on other threads holds anything. */
  #isAlone(): boolean {
    if (this.#ledger.hasEntries) return false
    if (!this.#rules.gated) return this.#ledger.isMine
    const holder = this.#numbers[0]
    return holder === 0 || holder === this.#thread.id + 1
  }

  /** Whom the kernel pokes when this gated monitor is given back: the first who waits, unless he is to have it at once. */
  #gate(): number {
    const numbers = this.#numbers
    if (numbers[1] !== 0) return 0
    for (let entry = this.#ledger.entries; entry < this.#ledger.holders; entry += ENTRY) {
      if (numbers[entry + COUNT] > 0) return 1 + threadOf(numbers[entry])
    }
    return 0
  }

  /** Lets pass whom it may in a line, whichever threads they are of: those who wait for one after the other, in turns. */
  #admit(line: number): void {
    const numbers = this.#numbers
    for (let entry = this.#ledger.firstOf(line); entry >= 0; entry = this.#ledger.firstOf(line)) {
      const life = numbers[entry]
      const ticket = numbers[entry + TICKET]
      this.thread = threadOf(life)
      const outcome = this.#rules.attempt(numbers, line, ticket, this)
      if (outcome === WAIT) return
      this.#ledger.isChanged = true
      if (numbers[entry + GRANTED] > 0 && numbers[entry + OUTCOME] !== outcome)
        entry = this.#ledger.split(entry)
      numbers[entry + OUTCOME] = outcome
      numbers[entry + GRANTED]++
      numbers[entry + COUNT]--
      if (numbers[entry + COUNT] > 0) this.#ledger.moveToEnd(entry)
      if (outcome === PASS) this.#ledger.hold(life, this.#rules.held?.(line, ticket) ?? 0)
      if (life !== this.#life || this.#defers) this.#granted[this.#grantedEnd++] = threadOf(life)
    }
  }

  waits(line: number): boolean {
    return this.#ledger.firstOf(line) >= 0
  }
}
