import { MAIN_THREAD, OK, type Parked, RECORD_NUMBERS, type Thread, WOULD_BLOCK } from '@millrace/kernel'
import type { Monitor } from './monitor.js'
import {
  COUNT,
  ENTRY,
  GRANTED,
  HELD,
  HOLDER,
  LINE,
  MonitorLedger,
  OUTCOME,
  TICKET,
  threadOf,
} from './monitor-ledger.js'
import { LOST, PASS, type Rules, type Standing, type State, WAIT } from './monitor-rules.js'
import type { Line, MonitorWaiter } from './monitor-waiter.js'

/** How often somebody looks at a gated monitor that is held before he waits: together less than a microsecond. As Go's mutex does. */
const LOOKS = 100

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
  /** Who waits and who holds, in those numbers. */
  readonly #ledger: MonitorLedger
  #isParked = false
  /** The scratch is not what was read. */
  #changed = false
  /** Of each line here: the first who has not been let pass by the change that is being made. */
  readonly #firsts: (MonitorWaiter | undefined)[] = []
  /** Whom it lets pass here: line, how many, outcome, and so on; up to #passesEnd. */
  readonly #passes: number[] = []
  #passesEnd = 0
  /** Threads that others were let pass on, up to #grantedEnd. */
  readonly #granted: number[] = []
  #grantedEnd = 0
  /** Who of this thread gives up with the change that is being made, and whom it has taken out: they stand in their lines until then. */
  #leaving: readonly MonitorWaiter[] = NOBODY
  readonly #left = new Set<MonitorWaiter>()
  /** Who is just coming: in its line, but not in the record yet. */
  #joining: MonitorWaiter | undefined

  constructor(thread: Thread, address: number, owner: Monitor, lines: readonly Line[]) {
    this.#thread = thread
    this.#life = thread.life()
    this.thread = thread.id
    this.address = address
    this.owner = owner
    this.#rules = owner.rules
    this.#lines = lines
    this.#numbers = thread.scratch
    this.#ledger = new MonitorLedger(this.#numbers, owner.rules.size, this.#life)
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

  /** An attempt of somebody who does not wait in line, but perhaps would. */
  attempt(line: number, ticket: number, wouldWait: boolean): number {
    const { kernel, id } = this.#thread
    if (this.#rules.gated && kernel.recordHold(id, this.address, wouldWait ? LOOKS : 1) === OK) return PASS
    return this.#change(numbers => {
      this.thread = id
      // Not past those who wait; but of a gated monitor whose holder has died anybody may be told.
      if (this.waits(line) && !(this.#rules.gated && numbers[0] === LOST)) return WAIT
      const outcome = this.#rules.attempt(numbers, line, ticket, this)
      if (outcome !== WAIT) this.#changed = true
      if (outcome === PASS) this.#ledger.hold(this.#life, this.#rules.held?.(line, ticket) ?? 0)
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
    this.#joining = waiter
    try {
      this.#change(numbers => {
        if (typeof arrival !== 'number') waiter.value = arrival(numbers)
        this.#join(waiter.line, this.#firsts[waiter.line]!.value as number, 1)
      })
    } catch (error) {
      line.unlink(waiter)
      throw error
    } finally {
      this.#joining = undefined
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
        this.#changed = true
      }
      for (let holder = this.#ledger.holders; holder < this.#ledger.end; holder += HOLDER) {
        if (numbers[holder] !== this.#life) continue
        const held = numbers[holder + HELD]
        this.#ledger.dropHolder(holder)
        this.#ledger.hold(this.#thread.life(MAIN_THREAD), held)
        this.#changed = true
        return
      }
    }, false)
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
    const { kernel, id } = this.#thread
    const numbers = this.#numbers
    this.#findLeaving(quitter)
    for (;;) {
      this.#read()
      this.#changed = changes
      if (this.#left.size > 0) this.#left.clear()
      this.#passesEnd = this.#grantedEnd = 0
      // Most changes are made where nobody else has anything: those need no look round.
      const isAlone = this.#isAlone()
      if (!isAlone) {
        this.#findFirsts()
        this.#forgetTheDead()
        while (this.#takeGrants());
        if (this.#leaving.length > 0) this.#leaveAll()
      } else if (this.#joining) this.#findFirsts()
      const result = change(numbers)
      if (this.#ledger.hasEntries) {
        if (isAlone) this.#findFirsts()
        for (let line = 0; line < this.#lines.length; line++) {
          // Those of this thread who come next in a line go before the next line, as they do in a local monitor.
          do this.#admit(line)
          while (this.#takeGrants())
        }
      }
      this.#rules.settled?.(numbers)
      if (!this.#changed) {
        if (this.#left.size > 0) this.#letGo(quitter, reason)
        return result
      }
      const hot = this.#rules.gated ? numbers[0] : 0
      const count = this.#ledger.count(this.#rules.gated ? 1 : 0)
      if (count > RECORD_NUMBERS) {
        throw new RangeError(
          `${this.#rules.name}: ${count} numbers to be shared, and a monitor has at most ${RECORD_NUMBERS}: have fewer lines or a smaller state`,
        )
      }
      const status = kernel.recordWrite(id, this.address, count, hot, this.#gate())
      if (status === WOULD_BLOCK) continue
      if (status !== OK) throw this.#thread.outOfMemory(8 * count)
      for (let i = 0; i < this.#grantedEnd; i++) kernel.poke(this.#granted[i], this.address)
      if (this.#left.size > 0) this.#letGo(quitter, reason)
      this.#letPass()
      return result
    }
  }

  /** Whether nobody waits, and nobody on other threads holds anything. */
  #isAlone(): boolean {
    if (this.#ledger.hasEntries) return false
    if (!this.#rules.gated) return this.#ledger.isMine
    const holder = this.#numbers[0]
    return holder === 0 || holder === this.#thread.id + 1
  }

  #findFirsts(): void {
    for (let i = 0; i < this.#lines.length; i++) this.#firsts[i] = this.#lines[i].first
  }

  /** Whom the kernel pokes when a gated monitor is given back: the first who waits, unless he is to have it at once. */
  #gate(): number {
    const numbers = this.#numbers
    if (!this.#rules.gated || numbers[1] !== 0) return 0
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
      this.#changed = true
      if (numbers[entry + GRANTED] > 0 && numbers[entry + OUTCOME] !== outcome)
        entry = this.#ledger.split(entry)
      numbers[entry + OUTCOME] = outcome
      numbers[entry + GRANTED]++
      numbers[entry + COUNT]--
      if (numbers[entry + COUNT] > 0) this.#ledger.moveToEnd(entry)
      if (outcome === PASS) this.#ledger.hold(life, this.#rules.held?.(line, ticket) ?? 0)
      if (life !== this.#life) this.#granted[this.#grantedEnd++] = threadOf(life)
    }
  }

  /** Takes what was granted to this thread; who is next joins the end. Answers whether there was anything. */
  #takeGrants(): boolean {
    const numbers = this.#numbers
    let any = false
    for (let line = 0; line < this.#lines.length; line++) {
      const entry = this.#ledger.entryOf(this.#life, line)
      if (entry < 0 || numbers[entry + GRANTED] === 0) continue
      any = this.#changed = true
      const granted = numbers[entry + GRANTED]
      this.#passes[this.#passesEnd++] = line
      this.#passes[this.#passesEnd++] = granted
      this.#passes[this.#passesEnd++] = numbers[entry + OUTCOME]
      for (let i = 0; i < granted; i++) this.#firsts[line] = this.#after(this.#firsts[line]!)
      numbers[entry + GRANTED] = 0
      if (numbers[entry + COUNT] > 0) continue
      const next = this.#firsts[line]
      if (next && !this.#rules.counted?.(line)) {
        numbers[entry + TICKET] = next.value as number
        numbers[entry + COUNT] = 1
        this.#ledger.moveToEnd(entry)
      } else this.#ledger.dropEntry(entry)
    }
    return any
  }

  /**
   * `quitter`, and those whose cancellation is still on its way to them, at the head of a line or behind the quitter: they could not use
   * what they got.
   */
  #findLeaving(quitter: MonitorWaiter | undefined): void {
    this.#leaving = NOBODY
    for (let i = 0; i < this.#lines.length; i++) {
      const { first } = this.#lines[i]
      if (first !== undefined && (first === quitter || first.cancellation)) this.#gather(first, quitter)
    }
    if (quitter?.queue && !this.#leaving.includes(quitter)) this.#gather(quitter, quitter)
  }

  #gather(from: MonitorWaiter, quitter: MonitorWaiter | undefined): void {
    const line = this.#lines[from.line]
    const found = new Set(this.#leaving)
    let waiter: MonitorWaiter | undefined = from
    while (waiter && waiter !== this.#joining && (waiter === quitter || waiter.cancellation?.canceled)) {
      // To ask a context may be what tells its waiters: then they have left already, and anything may have happened here.
      const isHere: boolean = waiter.queue !== undefined
      if (isHere) found.add(waiter)
      waiter = isHere ? waiter.next : line.first
    }
    this.#leaving = found.size === 0 ? NOBODY : [...found].filter(waiter => waiter.queue)
  }

  /** Who stands behind `waiter` once the change is made. */
  #after({ next }: MonitorWaiter): MonitorWaiter | undefined {
    while (next && this.#left.size > 0 && this.#left.has(next)) next = next.next
    return next
  }

  /** Takes out who gives up, but those who have been let pass. */
  #leaveAll(): void {
    const passed = new Set<MonitorWaiter>()
    for (let line = 0; line < this.#lines.length; line++) {
      const first = this.#firsts[line]
      for (let waiter = this.#lines[line].first; waiter !== first; waiter = waiter!.next) passed.add(waiter!)
    }
    for (const waiter of this.#leaving) if (!passed.has(waiter)) this.#leave(waiter)
  }

  #leave(waiter: MonitorWaiter): void {
    const numbers = this.#numbers
    const { line } = waiter
    const first = this.#firsts[line]
    this.#left.add(waiter)
    const next = this.#after(waiter)
    const isCounted = this.#rules.counted?.(line)
    const entry = this.#ledger.entryOf(this.#life, line)
    if (first === waiter) this.#firsts[line] = next
    if (isCounted || first === waiter) {
      this.#changed = true
      if (isCounted || !next) numbers[entry + COUNT]--
      if (this.#firsts[line]) numbers[entry + TICKET] = this.#firsts[line].value as number
      if (numbers[entry + COUNT] === 0) this.#ledger.dropEntry(entry)
    }
    if (this.#rules.left) {
      this.#changed = true
      this.#rules.left(numbers, line, waiter.value as number)
    }
  }

  /** The change is published: who gave up with it has left. */
  #letGo(quitter: MonitorWaiter | undefined, reason: unknown): void {
    for (const waiter of this.#left) {
      this.#lines[waiter.line].unlink(waiter)
      waiter.gaveUp(waiter === quitter ? reason : waiter.cancellation!.reason)
    }
  }

  /** The change is published: whom it let pass here goes on. */
  #letPass(): void {
    for (let pass = 0; pass < this.#passesEnd; pass += 3) {
      const line = this.#lines[this.#passes[pass]]
      for (let count = this.#passes[pass + 1]; count > 0; count--) {
        const waiter = line.first!
        line.unlink(waiter)
        waiter.passed(this.#passes[pass + 2])
      }
    }
    if (this.#passesEnd > 0) this.#parkOrNot()
  }

  /** Takes out whose threads have died, and gives back what they held. */
  #forgetTheDead(): void {
    const { kernel, id } = this.#thread
    const numbers = this.#numbers
    const { gated } = this.#rules
    if (gated && numbers[0] !== 0 && numbers[0] !== LOST && numbers[0] !== id + 1) {
      if (!kernel.threadIsAlive(numbers[0] - 1)) numbers[0] = LOST
    }
    for (let entry = this.#ledger.holders - ENTRY; entry >= this.#ledger.entries; entry -= ENTRY) {
      if (this.#isAlive(numbers[entry])) continue
      this.#changed = true
      // It was let pass and never knew: so it changed nothing. (Told that somebody else was lost, it held nothing.)
      const granted = numbers[entry + GRANTED]
      if (granted > 0 && numbers[entry + OUTCOME] === PASS) {
        if (gated && numbers[0] === LOST) numbers[0] = 0
        this.#rules.passLost?.(numbers, numbers[entry + LINE], granted)
        this.#giveBackGrants(entry)
      }
      if (numbers[entry + COUNT] > 0)
        this.#rules.waiterLost?.(numbers, numbers[entry + LINE], numbers[entry + TICKET])
      this.#ledger.dropEntry(entry)
    }
    for (let holder = this.#ledger.end - HOLDER; holder >= this.#ledger.holders; holder -= HOLDER) {
      if (this.#isAlive(numbers[holder])) continue
      this.#changed = true
      this.#rules.ownerLost?.(numbers, numbers[holder + HELD], true)
      this.#ledger.dropHolder(holder)
    }
  }

  /** What those took who were let pass and never knew. */
  #giveBackGrants(entry: number): void {
    const numbers = this.#numbers
    const held = this.#rules.held?.(numbers[entry + LINE], numbers[entry + TICKET]) ?? 0
    if (held === 0) return
    const amount = held * numbers[entry + GRANTED]
    this.#ledger.hold(numbers[entry], -amount)
    this.#rules.ownerLost?.(numbers, amount, false)
  }

  #isAlive(life: number): boolean {
    return life === this.#life || this.#thread.kernel.lifeIsAlive(life) !== 0
  }

  /** So many more of this thread wait in a line. */
  #join(line: number, ticket: number, count: number): void {
    this.#changed = true
    this.#ledger.join(line, ticket, count, this.#rules.counted?.(line) === true)
  }

  waits(line: number): boolean {
    return this.#ledger.firstOf(line) >= 0
  }
}

const NOBODY: readonly MonitorWaiter[] = []
