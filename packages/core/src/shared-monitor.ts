import { OK, type Parked, RECORD_NUMBERS, type Thread, WOULD_BLOCK } from '@millrace/kernel'
import type { Monitor } from './monitor.js'
import { LOST, PASS, type Rules, type Standing, type State, WAIT } from './monitor-rules.js'
import type { Line, MonitorWaiter } from './monitor-waiter.js'

// The numbers of a monitor that several threads know, in its record (the kernel's record.ts), behind those of its state:
//
//   entries, holders              how many there are of the following
//   entry:  life, line, ticket,   that somebody of a thread waits in a line: the first one's ticket, how many may be let without
//           count, granted,       another look, how many have been let and do not know yet, and how that ended. In the order in
//           outcome               which they came, threads taking turns
//   holder: life, held            how much a thread's goroutines hold, where the rules say
//
// A thread is named by its life, so that one that has died is known for ever.

const HOLDER = 2
const HELD = 1

const ENTRY = 6
const LINE = 1
const TICKET = 2
const COUNT = 3
const GRANTED = 4
const OUTCOME = 5

/** How long someone waits for a gated monitor before nobody may overtake him any more. Go's starvation mode. */
const IMPATIENT_MS = 1

/**
 * A monitor's part on one thread, once several know it: those of this thread who wait stand in plain lines here, behind at most one
 * entry for each line in the record.
 *
 *   M1  somebody of this thread waits in a line  =>  the thread has an entry there, and this is parked in the thread
 *   M2  an entry is granted something            =>  it is poked, and takes it with its next change; or it has died
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
  readonly #lines: readonly Line[]
  readonly #numbers: Float64Array
  /** Where the numbers of entries and of holders are. */
  readonly #base: number
  #isParked = false
  /** The scratch is not what was read. */
  #changed = false
  /** Of each line here: the first who has not been let pass by the change that is being made. */
  readonly #firsts: (MonitorWaiter | undefined)[] = []
  /** Whom it lets pass here: line, how many, outcome. */
  readonly #passes: [line: number, count: number, outcome: number][] = []
  /** Threads that others were let pass on. */
  readonly #granted: number[] = []
  /** Who is giving up, and whether the change that is being made has it gone: it stands in its line until that is published. */
  #leaving: MonitorWaiter | undefined
  #hasLeft = false

  constructor(thread: Thread, address: number, owner: Monitor, lines: readonly Line[]) {
    this.#thread = thread
    this.#life = thread.life
    this.thread = thread.id
    this.address = address
    this.owner = owner
    this.#rules = owner.rules
    this.#lines = lines
    this.#base = owner.rules.size
    this.#numbers = thread.scratch
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
        monitor.#hold(monitor.#life, held)
        for (const { first, length } of lines)
          if (first) monitor.#join(first.line, first.value as number, length)
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
    this.#forgetTheDead()
    return look(this.#numbers)
  }

  anybodyWaits(line: number): boolean {
    this.#read()
    this.#forgetTheDead()
    return this.waits(line)
  }

  change<R>(change: (state: State) => R, gives: number): R {
    return this.#change(numbers => {
      const result = change(numbers)
      if (gives > 0) this.#giveBack(gives)
      return result
    })
  }

  /** Gives a gated monitor back if that is all there is to do; answers whether it did. */
  release(): boolean {
    return this.#thread.kernel.recordLet(this.address) === OK
  }

  /** An attempt of somebody who does not wait. */
  attempt(line: number, ticket: number): number {
    const { kernel, id } = this.#thread
    if (this.#rules.gated && kernel.recordHold(id, this.address) === OK) return PASS
    return this.#change(numbers => {
      this.thread = id
      // Not past those who wait; but of a gated monitor whose holder has died anybody may be told.
      if (this.waits(line) && !(this.#rules.gated && numbers[0] === LOST)) return WAIT
      const outcome = this.#rules.attempt(numbers, line, ticket, this)
      if (outcome !== WAIT) this.#changed = true
      if (outcome === PASS) this.#hold(this.#life, this.#rules.held?.(line, ticket) ?? 0)
      return outcome
    }, false)
  }

  park(waiter: MonitorWaiter, arrival: number | ((state: State) => number)): void {
    const line = this.#lines[waiter.line]
    waiter.since = performance.now()
    line.push(waiter)
    if (typeof arrival === 'number') {
      waiter.value = arrival
      if (line.length > 1 && !this.#rules.counted?.(waiter.line)) return // behind others: the entry is theirs
    }
    try {
      this.#change(numbers => {
        if (typeof arrival !== 'number') waiter.value = arrival(numbers)
        this.#join(waiter.line, this.#firsts[waiter.line]!.value as number, 1)
      })
    } catch (error) {
      line.unlink(waiter)
      throw error
    }
    this.#parkOrNot()
  }

  giveUp(waiter: MonitorWaiter, reason: unknown): void {
    if (!waiter.queue) return
    this.#leaving = waiter
    try {
      this.#change(() => this.#leave(waiter), false)
      if (!this.#hasLeft) return // it was let pass just before
    } finally {
      this.#leaving = undefined
    }
    if (waiter.queue) this.#lines[waiter.line].unlink(waiter)
    waiter.gaveUp(reason)
    this.#parkOrNot()
  }

  /** Something has been granted to this thread, or a thread has died, or a gated monitor is free. */
  look(): void {
    this.#change(() => {}, false)
    this.#parkOrNot()
    if (!this.#rules.gated || !this.#isParked) return
    const now = performance.now()
    if (this.#lines.some(({ first }) => first && now - first.since > IMPATIENT_MS)) {
      this.#change(numbers => {
        numbers[1] = 1
      })
    }
  }

  #parkOrNot(): void {
    const isParked = this.#lines.some(line => line.first !== undefined)
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
    if (count === 0) numbers.fill(0, 0, this.#base + 2)
    if (this.#rules.gated) numbers[0] = this.#thread.answer
  }

  /** Makes a change, lets pass who may, and publishes that. */
  #change<R>(change: (numbers: Float64Array) => R, changes = true): R {
    const { kernel, id } = this.#thread
    const numbers = this.#numbers
    for (;;) {
      this.#read()
      this.#changed = changes
      this.#hasLeft = false
      this.#passes.length = this.#granted.length = 0
      for (let i = 0; i < this.#lines.length; i++) this.#firsts[i] = this.#lines[i].first
      this.#forgetTheDead()
      this.#takeGrants()
      const result = change(numbers)
      do for (let line = 0; line < this.#lines.length; line++) this.#admit(line)
      while (this.#takeGrants())
      this.#rules.settled?.(numbers)
      if (!this.#changed) return result
      const hot = this.#rules.gated ? numbers[0] : 0
      const count = this.#count()
      if (count > RECORD_NUMBERS) {
        throw new RangeError(
          `${this.#rules.name}: ${count} numbers to be shared, and a monitor has at most ${RECORD_NUMBERS}: have fewer lines or a smaller state`,
        )
      }
      const status = kernel.recordWrite(id, this.address, count, hot, this.#gate())
      if (status === WOULD_BLOCK) continue
      if (status !== OK) throw this.#thread.outOfMemory(8 * count)
      for (const thread of this.#granted) kernel.poke(thread, this.address)
      this.#letPass()
      return result
    }
  }

  /** Numbers that have to be kept: none if all but what a gated monitor keeps elsewhere are 0. */
  #count(): number {
    const numbers = this.#numbers
    if (this.#end > this.#entries) return this.#end
    for (let i = this.#rules.gated ? 1 : 0; i < this.#base; i++) if (numbers[i] !== 0) return this.#end
    return 0
  }

  /** Whom the kernel pokes when a gated monitor is given back: the first who waits, unless he is to have it at once. */
  #gate(): number {
    const numbers = this.#numbers
    if (!this.#rules.gated || numbers[1] !== 0) return 0
    for (let entry = this.#entries; entry < this.#holders; entry += ENTRY) {
      if (numbers[entry + COUNT] > 0) return 1 + threadOf(numbers[entry])
    }
    return 0
  }

  /** Lets pass whom it may in a line, whichever threads they are of: those who wait for one after the other, in turns. */
  #admit(line: number): void {
    const numbers = this.#numbers
    for (let entry = this.#firstOf(line); entry >= 0; entry = this.#firstOf(line)) {
      const life = numbers[entry]
      const ticket = numbers[entry + TICKET]
      this.thread = threadOf(life)
      const outcome = this.#rules.attempt(numbers, line, ticket, this)
      if (outcome === WAIT) return
      this.#changed = true
      numbers[entry + OUTCOME] = outcome
      numbers[entry + GRANTED]++
      numbers[entry + COUNT]--
      if (numbers[entry + COUNT] > 0) this.#moveToEnd(entry)
      if (outcome === PASS) this.#hold(life, this.#rules.held?.(line, ticket) ?? 0)
      if (life !== this.#life) this.#granted.push(threadOf(life))
    }
  }

  /** Takes what was granted to this thread; who is next joins the end. Answers whether there was anything. */
  #takeGrants(): boolean {
    const numbers = this.#numbers
    let any = false
    for (let line = 0; line < this.#lines.length; line++) {
      const entry = this.#entryOf(this.#life, line)
      if (entry < 0 || numbers[entry + GRANTED] === 0) continue
      any = this.#changed = true
      const granted = numbers[entry + GRANTED]
      this.#passes.push([line, granted, numbers[entry + OUTCOME]])
      for (let i = 0; i < granted; i++) this.#firsts[line] = this.#after(this.#firsts[line]!)
      numbers[entry + GRANTED] = 0
      if (numbers[entry + COUNT] > 0) continue
      const next = this.#firsts[line]
      if (next && !this.#rules.counted?.(line)) {
        numbers[entry + TICKET] = next.value as number
        numbers[entry + COUNT] = 1
        this.#moveToEnd(entry)
      } else this.#drop(entry, ENTRY)
    }
    return any
  }

  /** Who stands behind `waiter` once the change is made. */
  #after({ next }: MonitorWaiter): MonitorWaiter | undefined {
    return next !== undefined && this.#hasLeft && next === this.#leaving ? next.next : next
  }

  /** Takes out who gives up, unless it has been let pass. */
  #leave(waiter: MonitorWaiter): void {
    const numbers = this.#numbers
    const { line, next } = waiter
    const first = this.#firsts[line]
    for (let passed = this.#lines[line].first; passed !== first; passed = passed!.next)
      if (passed === waiter) return
    this.#hasLeft = true
    const isCounted = this.#rules.counted?.(line)
    const entry = this.#entryOf(this.#life, line)
    if (first === waiter) this.#firsts[line] = next
    if (isCounted || first === waiter) {
      this.#changed = true
      if (isCounted || !next) numbers[entry + COUNT]--
      if (next) numbers[entry + TICKET] = this.#firsts[line]!.value as number
      if (numbers[entry + COUNT] === 0) this.#drop(entry, ENTRY)
    }
    if (this.#rules.left) {
      this.#changed = true
      this.#rules.left(numbers, line, waiter.value as number)
    }
  }

  /** The change is published: whom it let pass here goes on. */
  #letPass(): void {
    if (this.#hasLeft) this.#lines[this.#leaving!.line].unlink(this.#leaving!)
    for (const [line, count, outcome] of this.#passes) {
      for (let i = 0; i < count; i++) {
        const waiter = this.#lines[line].first!
        this.#lines[line].unlink(waiter)
        waiter.passed(outcome)
      }
    }
    if (this.#passes.length > 0) this.#parkOrNot()
  }

  /** Takes out whose threads have died, and gives back what they held. */
  #forgetTheDead(): void {
    const { kernel, id } = this.#thread
    const numbers = this.#numbers
    const { gated } = this.#rules
    if (gated && numbers[0] !== 0 && numbers[0] !== LOST && numbers[0] !== id + 1) {
      if (!kernel.threadIsAlive(numbers[0] - 1)) numbers[0] = LOST
    }
    for (let entry = this.#holders - ENTRY; entry >= this.#entries; entry -= ENTRY) {
      if (this.#isAlive(numbers[entry])) continue
      this.#changed = true
      // It was let pass and never knew: so it changed nothing. (Told that somebody else was lost, it held nothing.)
      const wasLet = numbers[entry + GRANTED] > 0 && numbers[entry + OUTCOME] === PASS
      if (gated && wasLet && numbers[0] === LOST) numbers[0] = 0
      if (numbers[entry + COUNT] > 0)
        this.#rules.waiterLost?.(numbers, numbers[entry + LINE], numbers[entry + TICKET])
      this.#drop(entry, ENTRY)
    }
    for (let holder = this.#end - HOLDER; holder >= this.#holders; holder -= HOLDER) {
      if (this.#isAlive(numbers[holder])) continue
      this.#changed = true
      this.#rules.ownerLost?.(numbers, numbers[holder + HELD])
      this.#drop(holder, HOLDER)
    }
  }

  #isAlive(life: number): boolean {
    return life === this.#life || this.#thread.kernel.lifeIsAlive(life) !== 0
  }

  // Entries and holders -----------------------------------------------------------------------------------------------------

  get #entries(): number {
    return this.#base + 2
  }

  get #holders(): number {
    return this.#entries + this.#numbers[this.#base] * ENTRY
  }

  get #end(): number {
    return this.#holders + this.#numbers[this.#base + 1] * HOLDER
  }

  waits(line: number): boolean {
    return this.#firstOf(line) >= 0
  }

  /** The first entry in a line that somebody waits behind; -1 if nobody does. */
  #firstOf(line: number): number {
    const numbers = this.#numbers
    for (let entry = this.#entries; entry < this.#holders; entry += ENTRY) {
      if (numbers[entry + LINE] === line && numbers[entry + COUNT] > 0) return entry
    }
    return -1
  }

  #entryOf(life: number, line: number): number {
    const numbers = this.#numbers
    for (let entry = this.#entries; entry < this.#holders; entry += ENTRY) {
      if (numbers[entry] === life && numbers[entry + LINE] === line) return entry
    }
    return -1
  }

  /** So many more of this thread wait in a line. */
  #join(line: number, ticket: number, count: number): void {
    const numbers = this.#numbers
    this.#changed = true
    const isCounted = this.#rules.counted?.(line)
    let entry = this.#entryOf(this.#life, line)
    if (entry < 0) {
      entry = this.#holders
      numbers.copyWithin(entry + ENTRY, entry, this.#end)
      numbers.fill(0, entry, entry + ENTRY)
      numbers[this.#base]++
      numbers[entry] = this.#life
      numbers[entry + LINE] = line
    }
    numbers[entry + TICKET] = ticket
    numbers[entry + COUNT] = isCounted ? numbers[entry + COUNT] + count : 1
  }

  /** The entry's thread has had its turn. */
  #moveToEnd(entry: number): void {
    const numbers = this.#numbers
    const last = this.#holders - ENTRY
    if (entry === last) return
    const moved = numbers.slice(entry, entry + ENTRY)
    numbers.copyWithin(entry, entry + ENTRY, last + ENTRY)
    numbers.set(moved, last)
  }

  #drop(at: number, size: typeof ENTRY | typeof HOLDER): void {
    const numbers = this.#numbers
    numbers.copyWithin(at, at + size, this.#end)
    numbers[size === ENTRY ? this.#base : this.#base + 1]--
  }

  #hold(life: number, amount: number): void {
    if (amount === 0) return
    const numbers = this.#numbers
    let holder = this.#holders
    while (holder < this.#end && numbers[holder] !== life) holder += HOLDER
    if (holder === this.#end) {
      numbers[this.#base + 1]++
      numbers[holder] = life
      numbers[holder + HELD] = 0
    }
    numbers[holder + HELD] += amount
  }

  /** Somebody here gives back `amount`: what was taken here, or else on other threads. */
  #giveBack(amount: number): void {
    const numbers = this.#numbers
    let left = amount
    for (const mine of [true, false]) {
      for (let holder = this.#end - HOLDER; holder >= this.#holders && left > 0; holder -= HOLDER) {
        if ((numbers[holder] === this.#life) !== mine) continue
        const given = Math.min(left, numbers[holder + HELD])
        left -= given
        numbers[holder + HELD] -= given
        if (numbers[holder + HELD] === 0) this.#drop(holder, HOLDER)
      }
    }
  }
}

const threadOf = (life: number): number => life & 0x3f
