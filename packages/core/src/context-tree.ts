import { type Crossing, SHARE, type Shareable } from '@millrace/kernel'
import { CANCELLATION, type Cancellable, type Cancellation, standFor } from './cancellation.js'
import { Channel, type ReceiveChan } from './chan.js'
import { clock } from './clock.js'
import type { Context, ContextKey } from './context.js'
import { DoneMedium } from './done-medium.js'
import { Canceled, DeadlineExceeded } from './errors.js'
import { NEVER } from './receive-only.js'

// What contexts are made of. Each knows its parent; what can be cancelled is a CancelContext, and every context knows the
// nearest one, itself or above it: its scope.
//
// The truth is looked up: whoever asks a context whether it has ended walks up its scopes. So it is right at once, everywhere
// below, also in a loop that never lets a timer run; and a parent need not know its children. News is passed down, and only
// to those who asked for it: a scope that somebody watches joins the listeners of the scope above, as a waiter would, and leaves
// when nobody watches it any more. So a context that nobody waits for has registered nowhere, and is collected as anything else.
//
//   X1  a scope has listeners  <=>  it is a listener of the scope above, and follows what it depends on outside
//   X2  somebody waits here, or at a listener that is a scope  <=>  #waiting > 0
//   X3  it has ended  =>  that never changes, neither the error nor the cause
//   X4  a scope has ended  =>  every scope below answers so when asked, before anybody is told

/** `err()` will be Canceled, or DeadlineExceeded. Also what a shared record says. */
export const CANCELED = 1
export const DEADLINE_EXCEEDED = 2
export type State = typeof CANCELED | typeof DEADLINE_EXCEEDED

/** How a context ended. All that one cancellation reaches have the same. */
export class Ending {
  readonly state: State
  /** When that was, by the clock; 0 if nobody can tell. Decides between a parent and a deadline below it. */
  readonly at: number
  /** The cause that was given, if any. */
  readonly given: unknown
  #error: Error | undefined

  constructor(state: State, at: number, given: unknown, error?: Error) {
    this.state = state
    this.at = at
    this.given = given
    this.#error = error
  }

  // Made when somebody asks: an error costs more than everything else that a cancellation does.
  get error(): Error {
    this.#error ??= this.state === CANCELED ? new Canceled() : new DeadlineExceeded()
    return this.#error
  }

  get cause(): unknown {
    return this.given ?? this.error
  }
}

type Listener = Cancellable | CancelContext

/** The scope of a context, asked of it as a value: how a context of somebody else's that wraps one of ours is seen through. */
export const SCOPE = Symbol.for('@millrace/core/scope') as unknown as ContextKey<CancelContext>

/** A context of ours. */
export abstract class OwnContext implements Context, Shareable {
  readonly parent: Context | undefined

  constructor(parent: Context | undefined) {
    this.parent = parent
  }

  /** What it is cancelled with; undefined if it never can be. */
  abstract get scope(): CancelContext | undefined

  abstract toString(): string

  done(): ReceiveChan<never> {
    return this.scope?.done() ?? NEVER
  }

  err(): Error | undefined {
    return this.scope?.ending()?.error
  }

  deadline(): Date | undefined {
    return this.parent?.deadline()
  }

  value<T>(key: ContextKey<T>): T | undefined {
    if ((key as unknown) === SCOPE) return this.scope as T | undefined
    let at: Context | undefined = this
    while (at instanceof OwnContext) {
      if (at instanceof ValueContext && at.key === key) return at.stored as T
      at = at.parent
    }
    return at?.value(key)
  }

  get signal(): AbortSignal {
    return this.scope?.signal ?? neverAborted()
  }

  [CANCELLATION](): Cancellation | undefined {
    return this.scope
  }

  [SHARE](): Crossing {
    return cross(this)
  }
}

let never: AbortSignal | undefined

function neverAborted(): AbortSignal {
  never ??= new AbortController().signal
  return never
}

let cross: (context: OwnContext) => Crossing

/** Says how contexts cross to other threads. */
export function onContextCrossing(how: (context: OwnContext) => Crossing): void {
  cross = how
}

/** The name of any context, for toString. */
export function nameOf(context: Context): string {
  return context instanceof OwnContext ? context.toString() : stringify(context)
}

// Go prints what knows how to print itself, and of other values the type alone.
function stringify(value: unknown): string {
  if (value === undefined || value === null) return '<nil>'
  if (typeof value === 'string') return value
  if (typeof value === 'symbol') return value.description ?? 'symbol'
  if (typeof value !== 'object') return typeof value
  const print = value.toString
  const isOwn = typeof print === 'function' && print !== Object.prototype.toString && !Array.isArray(value)
  return isOwn ? String(value) : (value.constructor?.name ?? 'object')
}

/** A context without a parent. */
export class RootContext extends OwnContext {
  readonly name: string

  constructor(name: string) {
    super(undefined)
    this.name = name
  }

  get scope(): undefined {
    return undefined
  }

  toString(): string {
    return `context.${this.name}`
  }
}

export const BACKGROUND = new RootContext('Background')
export const TODO = new RootContext('TODO')

export class ValueContext extends OwnContext {
  declare readonly parent: Context
  readonly scope: CancelContext | undefined
  readonly key: ContextKey<unknown>
  readonly stored: unknown
  /** The shared object that other threads know it by, once there is one. */
  record = 0

  constructor(parent: Context, scope: CancelContext | undefined, key: ContextKey<unknown>, stored: unknown) {
    super(parent)
    this.scope = scope
    this.key = key
    this.stored = stored
  }

  toString(): string {
    return `${nameOf(this.parent)}.WithValue(${stringify(this.key)}, ${stringify(this.stored)})`
  }
}

/** The values of its parent, and nothing else. */
export class DetachedContext extends OwnContext {
  declare readonly parent: Context

  get scope(): undefined {
    return undefined
  }

  override deadline(): undefined {}

  toString(): string {
    return `${nameOf(this.parent)}.WithoutCancel`
  }
}

/** A context that can be cancelled. */
export class CancelContext extends OwnContext implements Cancellation {
  declare readonly parent: Context
  /** The scope above. */
  readonly up: CancelContext | undefined
  /** The shared object that other threads know it by, once there is one. */
  record = 0
  /** Something outside the tree can end it, which `firing` looks at. */
  readonly #dependsOnOthers: boolean
  #ending: Ending | undefined
  /** Tells other threads. */
  #publish: ((ending: Ending) => void) | undefined
  /** Who is told when it ends: the first, and those who came after it. Most have but one at a time. */
  #first: Listener | undefined
  #others: Set<Listener> | undefined
  #waiting = 0
  /** A scope below has had a deadline: when this one is cancelled matters. */
  #isTimed = false
  #done: Channel<never> | undefined
  #controller: AbortController | undefined

  constructor(parent: Context, up: CancelContext | undefined, dependsOnOthers = false) {
    super(parent)
    this.up = up
    this.#dependsOnOthers = dependsOnOthers
  }

  get scope(): CancelContext {
    return this
  }

  // Something outside the tree that ends it: a clock, a signal, another thread. -------------------------------------

  /** How that has ended it, if it has. Nobody may have noticed yet. */
  protected firing(): Ending | undefined {
    return undefined
  }

  /** Asks that thing to say when it ends; `unfollow` takes that back. */
  protected follow(): void {}
  protected unfollow(): void {}
  /** Whether the process should live on for it. */
  protected hold(_holds: boolean): void {}

  // The truth ---------------------------------------------------------------------------------------------------

  /** How it has ended, if it has. */
  ending(): Ending | undefined {
    return this.#ending ?? this.#look()
  }

  /** Looks up the tree, and carries out what nobody has noticed yet. Of several endings the first in time counts. */
  #look(): Ending | undefined {
    let first: Ending | undefined
    let unnoticed: CancelContext | undefined
    for (let scope: CancelContext | undefined = this; scope; scope = scope.up) {
      const known = scope.#ending
      const ending = known ?? (scope.#dependsOnOthers ? scope.firing() : undefined)
      if (ending && !(first && first.at <= ending.at)) {
        first = ending
        unnoticed = known ? undefined : scope
      }
      if (known) break
    }
    if (!first) return undefined
    if (unnoticed) unnoticed.#end(first)
    this.#ending ??= first
    return this.#ending
  }

  /** Cancels it, unless it has ended already. */
  end(state: State, given: unknown): void {
    if (this.ending()) return
    this.#end(new Ending(state, this.#isTimed ? clock.now() : 0, given))
  }

  #end(ending: Ending): void {
    this.#ending = ending
    const wasWatched = this.#isWatched
    const wasWaitedFor = this.#waiting > 0
    const reached: CancelContext[] = [this]
    for (const scope of reached) scope.#tell(ending, reached)
    if (!this.up) return
    if (wasWatched) this.up.unwatch(this)
    if (wasWaitedFor) this.up.#release()
  }

  #tell(ending: Ending, reached: CancelContext[]): void {
    this.unfollow()
    // Before anything here hears of it, which may take its time.
    this.#publish?.(ending)
    // One by one, since what one does when it is told may take others away.
    const first = this.#first
    this.#first = undefined
    if (first) this.#tellOne(first, ending, reached)
    if (!this.#others) return
    for (const listener of this.#others) {
      this.#others.delete(listener)
      this.#tellOne(listener, ending, reached)
    }
  }

  #tellOne(listener: Listener, ending: Ending, reached: CancelContext[]): void {
    if (listener instanceof CancelContext) {
      listener.#ending ??= ending
      reached.push(listener)
    } else listener.cancel(ending.cause)
  }

  /** Answers whether somebody was there before. */
  #join(listener: Listener): boolean {
    const isWatched = this.#isWatched
    if (isWatched) {
      this.#others ??= new Set()
      this.#others.add(listener)
    } else this.#first = listener
    return isWatched
  }

  #leave(listener: Listener): boolean {
    if (this.#first !== listener) return this.#others?.delete(listener) ?? false
    this.#first = undefined
    return true
  }

  get #isWatched(): boolean {
    return this.#first !== undefined || (this.#others !== undefined && this.#others.size > 0)
  }

  /** A scope below has a deadline. */
  protected markTimed(): void {
    for (let scope = this.up; scope && !scope.#isTimed; scope = scope.up) scope.#isTimed = true
  }

  // Those who wait, and others who want to be told ---------------------------------------------------------------

  get canceled(): boolean {
    return this.ending() !== undefined
  }

  get reason(): unknown {
    return this.ending()?.cause
  }

  /** Cancels `waiter` when it ends. Keeps the process alive until then, if it has a deadline. */
  add(waiter: Cancellable): void {
    this.#hold()
    this.watch(waiter)
  }

  delete(waiter: Cancellable): void {
    if (this.unwatch(waiter)) this.#release()
  }

  /** Tells `listener` when it ends; keeps nothing alive. */
  watch(listener: Cancellable): void {
    let below: Listener = listener
    for (let scope: CancelContext | undefined = this; scope; scope = scope.up) {
      if (scope.#join(below)) return
      scope.follow()
      below = scope
    }
  }

  /** Calls `publish` when it ends, before all others are told; at once if it has. */
  publishWith(publish: (ending: Ending) => void): void {
    const ending = this.ending()
    if (ending) return publish(ending)
    this.#publish = publish
    this.watch(NOBODY)
  }

  /** Answers false if `listener` has been told, or was never there. */
  unwatch(listener: Listener): boolean {
    if (!this.#leave(listener)) return false
    // Nobody is left: so it need not be told itself. (What has ended is not in any list.)
    let scope: CancelContext = this
    while (!scope.#isWatched && !scope.#ending) {
      scope.unfollow()
      const { up } = scope
      if (up === undefined || !up.#leave(scope)) break
      scope = up
    }
    return true
  }

  #hold(): void {
    for (let scope: CancelContext | undefined = this; scope; scope = scope.up) {
      if (scope.#waiting++ > 0) return
      scope.hold(true)
    }
  }

  #release(): void {
    for (let scope: CancelContext | undefined = this; scope; scope = scope.up) {
      // What has ended holds nothing, and counts no more.
      if (scope.#ending || --scope.#waiting > 0) return
      scope.hold(false)
    }
  }

  // What users see -----------------------------------------------------------------------------------------------

  override done(): ReceiveChan<never> {
    this.#done ??= new Channel<never>(new DoneMedium(this))
    return this.#done
  }

  override err(): Error | undefined {
    return this.ending()?.error
  }

  override get signal(): AbortSignal {
    if (!this.#controller) {
      const controller = new AbortController()
      this.#controller = controller
      standFor(controller.signal, this)
      const ending = this.ending()
      if (ending) controller.abort(ending.cause)
      else this.watch({ cancel: reason => controller.abort(reason) })
    }
    return this.#controller.signal
  }

  toString(): string {
    return `${nameOf(this.parent)}.WithCancel`
  }
}

/** Keeps a context informed. */
const NOBODY: Cancellable = { cancel() {} }
