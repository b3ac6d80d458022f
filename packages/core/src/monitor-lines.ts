import { COUNT, GRANTED, type MonitorLedger, OUTCOME, TICKET } from './monitor-ledger.js'
import type { Rules } from './monitor-rules.js'
import type { Line, MonitorWaiter } from './monitor-waiter.js'

/**
 * Those of this thread who wait for a shared monitor, while a change of it is made: who comes first, whom it lets pass, who leaves with
 * it. The lines themselves become what the change has made of them once it is published, by `letPass` and `letGo`; a change that
 * somebody else's has overtaken is begun again with `begin`, and has moved nobody.
 */
export class MonitorLines {
  readonly #lines: readonly Line[]
  readonly #rules: Rules
  readonly #ledger: MonitorLedger
  readonly #life: number
  /** Of each line: the first who has not been let pass by the change. */
  readonly #firsts: (MonitorWaiter | undefined)[] = []
  /** Whom it lets pass: line, how many, outcome, and so on; up to #passesEnd. */
  readonly #passes: number[] = []
  #passesEnd = 0
  /** Who gives up with it, and whom it has taken out. */
  #leaving: readonly MonitorWaiter[] = NOBODY
  readonly #left = new Set<MonitorWaiter>()
  /** Who is just coming: in its line, but not in the record yet. */
  joining: MonitorWaiter | undefined

  constructor(lines: readonly Line[], rules: Rules, ledger: MonitorLedger, life: number) {
    this.#lines = lines
    this.#rules = rules
    this.#ledger = ledger
    this.#life = life
  }

  get isAnybodyHere(): boolean {
    return this.#lines.some(line => line.first !== undefined)
  }

  isAnybodyIn(line: number): boolean {
    return this.#lines[line].first !== undefined
  }

  /** Whether anybody who is first has come before that. */
  hasWaitedSince(time: number): boolean {
    return this.#lines.some(({ first }) => first && first.since < time)
  }

  /** Nobody has been let pass, or has left, yet. */
  begin(): void {
    if (this.#left.size > 0) this.#left.clear()
    this.#passesEnd = 0
  }

  findFirsts(): void {
    for (let i = 0; i < this.#lines.length; i++) this.#firsts[i] = this.#lines[i].first
  }

  /** So many more wait in a line, behind whom its entry is for. */
  join(line: number, count: number): void {
    this.#ledger.join(line, this.#firsts[line]!.value as number, count, this.#rules.counted?.(line) === true)
    this.#ledger.isChanged = true
  }

  // Who is let pass --------------------------------------------------------------------------------------------------------

  /** Takes what was granted to this thread; who is next joins the end. Answers whether there was anything. */
  takeGrants(): boolean {
    const ledger = this.#ledger
    const { numbers } = ledger
    let any = false
    for (let line = 0; line < this.#lines.length; line++) {
      const entry = ledger.entryOf(this.#life, line)
      if (entry < 0 || numbers[entry + GRANTED] === 0) continue
      any = ledger.isChanged = true
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
        ledger.moveToEnd(entry)
      } else ledger.dropEntry(entry)
    }
    return any
  }

  /** The change is published: whom it let pass goes on. Answers whether there was anybody. */
  letPass(): boolean {
    for (let pass = 0; pass < this.#passesEnd; pass += 3) {
      const line = this.#lines[this.#passes[pass]]
      for (let count = this.#passes[pass + 1]; count > 0; count--) {
        const waiter = line.first!
        line.unlink(waiter)
        waiter.passed(this.#passes[pass + 2])
      }
    }
    return this.#passesEnd > 0
  }

  // Who leaves -------------------------------------------------------------------------------------------------------------

  /**
   * `quitter`, and those whose cancellation is still on its way to them, at the head of a line or behind the quitter: they could not use
   * what they got.
   */
  findLeaving(quitter: MonitorWaiter | undefined): void {
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
    while (waiter && waiter !== this.joining && (waiter === quitter || waiter.cancellation?.canceled)) {
      // To ask a context may be what tells its waiters: then they have left already, and anything may have happened here.
      const isHere: boolean = waiter.queue !== undefined
      if (isHere) found.add(waiter)
      waiter = isHere ? line.after(waiter) : line.first
    }
    this.#leaving = found.size === 0 ? NOBODY : [...found].filter(waiter => waiter.queue)
  }

  /** Takes out who gives up, but those who have been let pass. */
  leaveAll(): void {
    if (this.#leaving.length === 0) return
    const passed = new Set<MonitorWaiter>()
    for (let line = 0; line < this.#lines.length; line++) {
      const first = this.#firsts[line]
      const all = this.#lines[line]
      for (let waiter = all.first; waiter !== first; waiter = all.after(waiter!)) passed.add(waiter!)
    }
    for (const waiter of this.#leaving) if (!passed.has(waiter)) this.#leave(waiter)
  }

  #leave(waiter: MonitorWaiter): void {
    const ledger = this.#ledger
    const { numbers } = ledger
    const { line } = waiter
    const first = this.#firsts[line]
    this.#left.add(waiter)
    const next = this.#after(waiter)
    const isCounted = this.#rules.counted?.(line)
    const entry = ledger.entryOf(this.#life, line)
    if (first === waiter) this.#firsts[line] = next
    if (isCounted || first === waiter) {
      ledger.isChanged = true
      if (isCounted || !next) numbers[entry + COUNT]--
      if (this.#firsts[line]) numbers[entry + TICKET] = this.#firsts[line].value as number
      if (numbers[entry + COUNT] === 0) ledger.dropEntry(entry)
    }
    if (this.#rules.left) {
      ledger.isChanged = true
      this.#rules.left(numbers, line, waiter.value as number)
    }
  }

  /** Who stands behind `waiter` once the change is made. */
  #after(waiter: MonitorWaiter): MonitorWaiter | undefined {
    const line = this.#lines[waiter.line]
    let next = line.after(waiter)
    while (next && this.#left.size > 0 && this.#left.has(next)) next = line.after(next)
    return next
  }

  /** The change is published: who gave up with it has left. */
  letGo(quitter: MonitorWaiter | undefined, reason: unknown): void {
    if (this.#left.size === 0) return
    for (const waiter of this.#left) {
      this.#lines[waiter.line].unlink(waiter)
      waiter.gaveUp(waiter === quitter ? reason : waiter.cancellation!.reason)
    }
  }
}

const NOBODY: readonly MonitorWaiter[] = []
