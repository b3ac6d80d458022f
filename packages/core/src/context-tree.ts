import { type Crossing, SHARE, type Shareable } from '@millrace/kernel'
import type { CancelContext } from './cancel-context.js'
import { CANCELLATION, type Cancellation } from './cancellation.js'
import type { ReceiveChan } from './chan.js'
import type { Context, ContextKey } from './context.js'
import { NEVER } from './receive-only.js'

// What contexts are made of. Each knows its parent; what can be cancelled is a CancelContext, and every context knows the
// nearest one, itself or above it: its scope.

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
