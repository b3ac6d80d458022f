// Giving up waiting. Whatever can be waited with, an AbortSignal or a context, is a Cancellation: it holds those who wait in
// the order they came, so that a thousand waiters cost one listener and leaving costs the same for each.

/** What every operation that may wait takes last. A Context fits. */
export interface WaitOptions {
  /** Aborting it ends the wait: the promise rejects with `signal.reason`, and nothing has happened. */
  signal?: AbortSignal | undefined
}

/** Someone who waits and can be told to stop. */
export interface Cancellable {
  /** The wait is over, with nothing done. */
  cancel(reason: unknown): void
}

export interface Cancellation {
  /** Whether it has been cancelled. */
  readonly canceled: boolean
  /** Why, once cancelled. */
  readonly reason: unknown
  add(waiter: Cancellable): void
  delete(waiter: Cancellable): void
}

/** Our own contexts answer this with their cancellation, so that waiting with one needs no AbortSignal. */
export const CANCELLATION = Symbol('cancellation')

/** What `options` can be cancelled by; undefined if by nothing. */
export function cancellationOf(options: WaitOptions): Cancellation | undefined {
  const own = (options as { [CANCELLATION]?: () => Cancellation | undefined })[CANCELLATION]
  if (own !== undefined) return own.call(options)
  const signal = signalOf(options)
  if (signal === undefined) return undefined
  let known = signals.get(signal)
  if (!known) {
    known = new SignalCancellation(signal)
    signals.set(signal, known)
  }
  return known
}

/** The signal that `options` have, if any. @throws {TypeError} They are none: what would be waited with for ever, unnoticed. */
export function signalOf(options: WaitOptions): AbortSignal | undefined {
  const { signal } = options
  if (signal !== undefined && signal !== null) return signal
  if (typeof options === 'object' && !(options instanceof AbortSignal)) return undefined
  throw new TypeError(`options must be { signal } or a Context, got ${nameOf(options)}`)
}

const nameOf = (options: unknown): string =>
  options instanceof AbortSignal ? 'the AbortSignal itself' : `a ${typeof options}`

const signals = new WeakMap<AbortSignal, Cancellation>()

/** Waiting with `signal` is waiting with `cancellation` from now on: it is the signal of one of our contexts. */
export function standFor(signal: AbortSignal, cancellation: Cancellation): void {
  signals.set(signal, cancellation)
}

/** All who wait on one AbortSignal, behind one listener that is there only while somebody waits. */
class SignalCancellation implements Cancellation {
  readonly #signal: AbortSignal
  readonly #waiters = new Set<Cancellable>()
  readonly #abort = (): void => {
    this.#signal.removeEventListener('abort', this.#abort)
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    for (const waiter of waiters) waiter.cancel(this.#signal.reason)
  }

  constructor(signal: AbortSignal) {
    if (!(signal instanceof AbortSignal)) {
      throw new TypeError('options.signal must be an AbortSignal (a Context can be passed as the options)')
    }
    this.#signal = signal
  }

  get canceled(): boolean {
    return this.#signal.aborted
  }

  get reason(): unknown {
    return this.#signal.reason
  }

  add(waiter: Cancellable): void {
    if (this.#waiters.size === 0) this.#signal.addEventListener('abort', this.#abort)
    this.#waiters.add(waiter)
  }

  delete(waiter: Cancellable): void {
    if (this.#waiters.delete(waiter) && this.#waiters.size === 0) {
      this.#signal.removeEventListener('abort', this.#abort)
    }
  }
}
