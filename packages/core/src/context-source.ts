import { Alarm } from './alarm.js'
import { CancelContext } from './cancel-context.js'
import { type Cancellation, cancellationOf } from './cancellation.js'
import { Channel } from './chan.js'
import { clock } from './clock.js'
import type { Context } from './context.js'
import { BACKGROUND, nameOf, OwnContext, SCOPE } from './context-tree.js'
import { DoneMedium } from './done-medium.js'
import { CANCELED, DEADLINE_EXCEEDED, Ending, type State } from './ending.js'
import { Canceled } from './errors.js'
import { NEVER } from './receive-only.js'

// Contexts that something outside the tree ends: a clock, an AbortSignal, a context of somebody else's. (Another thread:
// shared-context.ts.) Each looks at it when asked, and asks it to call back only while somebody wants to be told.

export class DeadlineContext extends CancelContext {
  /** By the clock; Infinity: never. */
  readonly due: number
  /** By the wall clock, for those who ask; undefined: what the parent says. */
  readonly date: number | undefined
  /** The cause, should it pass. */
  readonly tooLate: unknown
  #alarm: Alarm | undefined
  #holds = false

  constructor(
    parent: Context,
    up: CancelContext | undefined,
    due: number,
    date: number | undefined,
    tooLate: unknown,
  ) {
    super(parent, up, true)
    this.due = due
    this.date = date
    this.tooLate = tooLate
    this.markTimed()
  }

  protected override firing(): Ending | undefined {
    return clock.now() >= this.due ? new Ending(DEADLINE_EXCEEDED, this.due, this.tooLate) : undefined
  }

  protected override follow(): void {
    if (this.due === Infinity) return
    this.#alarm ??= new Alarm(() => this.ending(), this.#holds)
    this.#alarm.set(this.due)
  }

  protected override unfollow(): void {
    this.#alarm?.clear()
  }

  protected override hold(holds: boolean): void {
    this.#holds = holds
    this.#alarm?.hold(holds)
  }

  override deadline(): Date | undefined {
    return this.date === undefined ? super.deadline() : new Date(this.date)
  }

  override toString(): string {
    const date = this.deadline()
    if (!date) return super.toString()
    return `${nameOf(this.parent)}.WithDeadline(${date.toISOString()} [${(date.getTime() - clock.wall()) / 1000}s])`
  }
}

/** The deadline that ends a scope, if one does: the nearest, which is the first. */
export function deadlineOf(scope: CancelContext | undefined): DeadlineContext | undefined {
  for (let at = scope; at; at = at.up) {
    if (at instanceof DeadlineContext && at.due < Infinity) return at
  }
  return undefined
}

const stateOf = (error: unknown): State => {
  const { code, name } = Object(error) as { code?: unknown; name?: unknown }
  return code === 'ERR_DEADLINE_EXCEEDED' || name === 'TimeoutError' ? DEADLINE_EXCEEDED : CANCELED
}

export class SignalContext extends CancelContext {
  readonly #signal: AbortSignal
  readonly #cancellation: Cancellation
  readonly #listener = { cancel: () => void this.ending() }

  /** @throws {TypeError} `signal` is not an AbortSignal. */
  constructor(signal: AbortSignal) {
    super(BACKGROUND, undefined, true)
    this.#signal = signal
    this.#cancellation = cancellationOf({ signal })!
  }

  protected override firing(): Ending | undefined {
    if (!this.#signal.aborted) return undefined
    const { reason } = this.#signal
    return new Ending(stateOf(reason), 0, reason)
  }

  protected override follow(): void {
    this.#cancellation.add(this.#listener)
  }

  protected override unfollow(): void {
    this.#cancellation.delete(this.#listener)
  }

  override get signal(): AbortSignal {
    return this.#signal
  }

  override toString(): string {
    return 'context.FromSignal'
  }
}

/** A context that was implemented by somebody else, as the scope of what is derived from it. */
class ForeignScope extends CancelContext {
  #stop: (() => void) | undefined

  constructor(context: Context) {
    super(context, undefined, true)
  }

  protected override firing(): Ending | undefined {
    if (!this.parent.done().closed) return undefined
    const error = this.parent.err() ?? new Canceled()
    return new Ending(stateOf(error), 0, causeOf(this.parent), error)
  }

  protected override follow(): void {
    const { afterFunc } = this.parent as { afterFunc?: (fn: () => void) => () => unknown }
    if (typeof afterFunc === 'function') {
      this.#stop = afterFunc.call(this.parent, () => this.ending())
      return
    }
    const watch = new AbortController()
    this.#stop = () => watch.abort()
    void this.#watch(watch.signal)
  }

  async #watch(signal: AbortSignal): Promise<void> {
    try {
      await this.parent.done().receive({ signal })
    } catch {
      return // nobody wants to know any more
    }
    this.ending()
  }

  protected override unfollow(): void {
    this.#stop?.()
    this.#stop = undefined
  }

  override toString(): string {
    return nameOf(this.parent)
  }
}

const foreignScopes = new WeakMap<Context, ForeignScope>()

/**
 * What `context` is cancelled with; undefined if it never can be. A context of somebody else's that shows the done channel of one
 * of ours is cancelled with that.
 *
 * @throws {TypeError} `context` is none.
 */
export function scopeOf(context: Context): CancelContext | undefined {
  if (context instanceof OwnContext) return context.scope
  checkContext(context)
  const done = context.done()
  if (done === undefined || done === null || done === NEVER) return undefined
  if (done instanceof Channel && done.medium instanceof DoneMedium) return done.medium.scope
  let scope = foreignScopes.get(context)
  if (!scope) {
    scope = new ForeignScope(context)
    foreignScopes.set(context, scope)
  }
  return scope
}

/** @throws {TypeError} `context` is none. */
export function checkContext(context: unknown): void {
  if (context === undefined || context === null) throw new TypeError('cannot create context from nil parent')
  const { done, err, value } = context as Partial<Context>
  if (typeof done === 'function' && typeof err === 'function' && typeof value === 'function') return
  const hint = context instanceof AbortSignal ? ' (fromSignal makes one of an AbortSignal)' : ''
  throw new TypeError(`cannot create context from a parent that is not a Context${hint}`)
}

/** Why `context` ended, if it has. */
export function causeOf(context: Context): unknown {
  if (context instanceof OwnContext) return context.scope?.ending()?.cause
  const error = context.err()
  return error && (context.value(SCOPE)?.ending?.()?.cause ?? error)
}

/** When `context` has to have ended, by the clock; Infinity: never. */
export function dueOf(scope: CancelContext | undefined, context: Context): number {
  const own = deadlineOf(scope)
  if (own) return own.due
  const date = context.deadline()
  return date ? clock.now() + (date.getTime() - clock.wall()) : Infinity
}
