import { CancelContext } from './cancel-context.js'
import type { ReceiveChan } from './chan.js'
import { checkMs, clock, LAST_DATE } from './clock.js'
import { causeOf, checkContext, DeadlineContext, dueOf, SignalContext, scopeOf } from './context-source.js'
import { BACKGROUND, DetachedContext, onContextCrossing, TODO, ValueContext } from './context-tree.js'
import { CANCELED } from './ending.js'
import { go } from './go.js'
import { contextCrossing, registerContexts } from './shared-context.js'

/**
 * What a call, a request or a program is allowed to take, and what belongs to it: passed down, cancelled from above. Go's
 * `context.Context`.
 *
 * A context can be the options of everything that waits, an argument of a parallel goroutine, and part of any value that
 * crosses to another thread: it is the same context there. Its values cross with it, by copy; those of contexts that are not
 * ours stay behind. It ends there when it ends here; with one above it that another thread has made, also while this thread is busy;
 * and when the thread that made it dies: it is Canceled then, with a ThreadLostError as the cause, as nobody is left who could
 * cancel it. (A thread that leaves because there are to be fewer has not died: its contexts last until their deadline.)
 */
export interface Context {
  /** A channel that is closed when the context has ended. Of one that never ends it is never ready. */
  done(): ReceiveChan<never>
  /**
   * Undefined while the context lasts; then Canceled or DeadlineExceeded, and always the same. Tells the truth at once on every
   * thread, also in a loop that never awaits: it looks at the clock.
   */
  err(): Error | undefined
  /** When the context will have ended, if that is known. */
  deadline(): Date | undefined
  /** The value that the nearest `withValue` gave `key`. */
  value<T>(key: ContextKey<T>): T | undefined
  /** Aborted when the context ends, with its cause as the reason: for functions that take an AbortSignal. */
  readonly signal: AbortSignal
}

declare const VALUE: unique symbol

/** Names a value of type T in a context. Made by `contextKey`. */
export type ContextKey<T> = symbol & { readonly [VALUE]: (value: T) => T }

/** Ends a context, with Canceled. Only the first call counts. `using` calls it at the end of a block. */
export interface CancelFunc extends Disposable {
  (): void
}

/** As CancelFunc, and says why: `cause(ctx)` tells. Without a cause (undefined or null), or disposed of, the cause is Canceled. */
export interface CancelCauseFunc extends Disposable {
  (cause?: unknown): void
}

onContextCrossing(contextCrossing)
registerContexts()

/** The context at the top: never ends, has no deadline and no values. One and the same on every call. */
export function background(): Context {
  return BACKGROUND
}

/** As `background`, where it is not clear yet which context to use. */
export function todo(): Context {
  return TODO
}

/** A key for `withValue`. By name, on all threads, as `Symbol.for`: qualify it (`'shop/user'`). */
export function contextKey<T>(name: string): ContextKey<T> {
  if (typeof name !== 'string') throw new TypeError('contextKey: the name must be a string')
  return Symbol.for(name) as ContextKey<T>
}

/**
 * Derives a context that ends when `cancel` is called, or with `parent`. Go's `context.WithCancel`.
 *
 * `cancel` tells everything below before it returns: parked operations reject, done channels close, signals abort. Call it once the
 * work is over, however it ended. A context that nobody waits for is collected without, and its parent does not know of it.
 *
 * @throws {TypeError} "cannot create context from nil parent"
 *
 * @example
 * const [ctx, cancel] = withCancel(background())
 * cancel()
 * ctx.err()?.message // => 'context canceled'
 */
export function withCancel(parent: Context): [ctx: Context, cancel: CancelFunc] {
  const ctx = new CancelContext(parent, scopeOf(parent))
  return [ctx, disposable(() => ctx.end(CANCELED, undefined))]
}

/** As `withCancel`; `cancel` takes the cause. Go's `context.WithCancelCause`. */
export function withCancelCause(parent: Context): [ctx: Context, cancel: CancelCauseFunc] {
  const ctx = new CancelContext(parent, scopeOf(parent))
  return [ctx, disposable((cause?: unknown) => ctx.end(CANCELED, cause))]
}

/**
 * Derives a context that also ends at `date`, with DeadlineExceeded; at once if that has passed. Go's `context.WithDeadline`.
 *
 * A deadline after that of `parent` changes nothing. Afterwards the time is measured, so setting the system's clock does not move it.
 * It keeps the process alive only while somebody waits for the context or one below it; a signal or an `afterFunc` does not.
 *
 * @throws {RangeError} `date` is an invalid Date. @throws {TypeError} It is none, or "cannot create context from nil parent".
 */
export function withDeadline(parent: Context, date: Date): [ctx: Context, cancel: CancelFunc] {
  return withDeadlineCause(parent, date, undefined)
}

/** As `withDeadline`; if the deadline passes, the cause is `cause`. Go's `context.WithDeadlineCause`. */
export function withDeadlineCause(
  parent: Context,
  date: Date,
  cause: unknown,
): [ctx: Context, cancel: CancelFunc] {
  if (!(date instanceof Date)) throw new TypeError('withDeadline: the deadline must be a Date')
  const time = date.getTime()
  if (Number.isNaN(time)) throw new RangeError('withDeadline: the deadline is an invalid Date')
  return derive(parent, time - clock.wall(), time, cause)
}

/**
 * Derives a context that also ends after `timeoutMs`, with DeadlineExceeded; at once if that is 0 or less, never if it is
 * Infinity. Go's `context.WithTimeout`: otherwise as `withDeadline`.
 *
 * @throws {RangeError} `timeoutMs` is NaN. @throws {TypeError} It is not a number, or "cannot create context from nil parent".
 *
 * @example
 * const [ctx, cancel] = withTimeout(background(), 50)
 * await ctx.done().receive()
 * ctx.err()?.message // => 'context deadline exceeded'
 * cancel()
 */
export function withTimeout(parent: Context, timeoutMs: number): [ctx: Context, cancel: CancelFunc] {
  return withTimeoutCause(parent, timeoutMs, undefined)
}

/** As `withTimeout`; if the time is over, the cause is `cause`. Go's `context.WithTimeoutCause`. */
export function withTimeoutCause(
  parent: Context,
  timeoutMs: number,
  cause: unknown,
): [ctx: Context, cancel: CancelFunc] {
  checkMs(timeoutMs, 'withTimeout')
  return derive(parent, timeoutMs, clock.wall() + timeoutMs, cause)
}

function derive(
  parent: Context,
  left: number,
  date: number,
  cause: unknown,
): [ctx: Context, cancel: CancelFunc] {
  const up = scopeOf(parent)
  const due = clock.now() + Math.max(left, 0)
  if (date > LAST_DATE || dueOf(up, parent) < due) return withCancel(parent)
  // The parent's end came first, even if the deadline lies before it.
  const isOver = up?.canceled === true
  const ctx = new DeadlineContext(parent, up, isOver ? Infinity : due, Math.max(date, -LAST_DATE), cause)
  // And a deadline that has passed comes before whatever happens from now on.
  if (left <= 0) ctx.ending()
  return [ctx, disposable(() => ctx.end(CANCELED, undefined))]
}

/**
 * Derives a context in which `key` has `value`. Go's `context.WithValue`: for what belongs to a request and crosses the functions that
 * serve it, not for optional arguments.
 *
 * @throws {TypeError} "nil key", "cannot create context from nil parent"
 *
 * @example
 * const user = contextKey<string>('shop/user')
 * withValue(background(), user, 'ann').value(user) // => 'ann'
 */
export function withValue<T>(parent: Context, key: ContextKey<T>, value: NoInfer<T>): Context {
  const scope = scopeOf(parent)
  if (key === undefined || key === null) throw new TypeError('nil key')
  return new ValueContext(parent, scope, key as unknown as ContextKey<unknown>, value)
}

/** Derives a context with the values of `parent` that never ends, has no deadline and no cause. Go's `context.WithoutCancel`. */
export function withoutCancel(parent: Context): Context {
  checkContext(parent)
  return new DetachedContext(parent)
}

/**
 * Starts `fn` as a goroutine of its own once `ctx` has ended, or now if it has. Go's `context.AfterFunc`.
 *
 * Never waits. Does not keep the process alive. What `fn` throws is a panic, as with `go`.
 *
 * @returns `stop`, which answers true if it kept `fn` from being started: false if that has happened, or `stop` was called before.
 */
export function afterFunc(ctx: Context, fn: () => unknown): () => boolean {
  const scope = scopeOf(ctx)
  if (typeof fn !== 'function') throw new TypeError('afterFunc: the second argument must be a function')
  let isPending = true
  const start = {
    cancel() {
      if (!isPending) return
      isPending = false
      void go(fn)
    },
  }
  if (scope?.canceled) start.cancel()
  else scope?.watch(start)
  return () => {
    if (!isPending) return false
    isPending = false
    scope?.unwatch(start)
    return true
  }
}

/**
 * Why `ctx` ended: what its `cancel`, or that of the context above which ended it, was given; else its `err()`. Undefined
 * while it lasts. Go's `context.Cause`.
 */
export function cause(ctx: Context): unknown {
  checkContext(ctx)
  return causeOf(ctx)
}

const signals = new WeakMap<AbortSignal, SignalContext>()

/**
 * The context that ends when `signal` is aborted; the signal's reason is its cause. It ends with DeadlineExceeded if the reason is
 * a timeout's, else with Canceled. The signal has a listener only while somebody wants to be told.
 *
 * @throws {TypeError} `signal` is not an AbortSignal.
 */
export function fromSignal(signal: AbortSignal): Context {
  if (!(signal instanceof AbortSignal)) throw new TypeError('fromSignal: the argument must be an AbortSignal')
  let context = signals.get(signal)
  if (!context) {
    context = new SignalContext(signal)
    signals.set(signal, context)
  }
  return context
}

/** Makes `cancel` one that `using` can call. */
function disposable<F extends () => void>(cancel: F): F & Disposable {
  const disposable = cancel as F & { [Symbol.dispose]: () => void }
  disposable[Symbol.dispose] = cancel
  return disposable
}
