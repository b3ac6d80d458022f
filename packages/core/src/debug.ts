import { type AsyncStorage, debugging, host, setDebugging, threadIfStarted } from '@millrace/kernel'

// What development mode knows: which goroutine runs, and who is told what it has found.

/** Something that development mode has found. */
export interface DebugReport {
  /** What kind of thing: 'MILLRACE_LOCK_ORDER'. */
  readonly code: string
  /** What it is, in lines, with the stacks that show it. */
  readonly message: string
}

/**
 * Code that runs one step after the other, with what it calls and waits for: a goroutine, or a branch of one. It does not change; whoever
 * learns more about the code that runs enters another.
 */
export interface Strand {
  /** The number of its goroutine on this thread; 0 for code outside all of them. */
  readonly goroutine: number
  /** What it knows of, of whom `enterStrand` was called with: the locks that it has taken. */
  readonly known: readonly object[]
}

const OUTSIDE: Strand = { goroutine: 0, known: [] }

let storage: AsyncStorage<Strand> | undefined
let goroutines = 0

/** What runs now; undefined where the host cannot tell. */
export function currentStrand(): Strand | undefined {
  storage ??= host.asyncStorage()
  return storage && (storage.getStore() ?? OUTSIDE)
}

/**
 * From now on, and in what it waits for, whoever calls this is on `strand`. And so are his callers, up to the first that is entered by
 * the host: that cannot be told apart.
 */
export function enterStrand(strand: Strand): void {
  storage?.enterWith(strand)
}

/** Calls `fn` on a strand: what it enters does not concern the caller. */
export function onStrand<R>(strand: Strand, fn: () => R): R {
  storage ??= host.asyncStorage()
  return storage ? storage.run(strand, fn) : fn()
}

/** `fn` as a goroutine of its own. */
export function asGoroutine<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R {
  const strand: Strand = { goroutine: ++goroutines, known: [] }
  return (...args) => onStrand(strand, () => fn(...args))
}

let listener: ((report: DebugReport) => void) | undefined

/** Tells whoever listens on this thread, or else prints it. */
export function report(code: string, message: string): void {
  if (listener) listener({ code, message })
  else console.error(`millrace [${code}]: ${message}`)
}

/** @throws {TypeError} @throws {Error} Threads have been started already. */
export function configureDebug(debug: boolean | undefined, onReport: typeof listener): void {
  if (debug !== undefined && typeof debug !== 'boolean') {
    throw new TypeError(`runtime.configure: debug must be true or false, got ${String(debug)}`)
  }
  if (onReport !== undefined && typeof onReport !== 'function') {
    throw new TypeError(`runtime.configure: onReport must be a function, got ${String(onReport)}`)
  }
  if (debug !== undefined && debug !== debugging) {
    if (threadIfStarted()) {
      throw new Error('runtime.configure: debug must be configured before first use, on the main thread')
    }
    setDebugging(debug)
  }
  listener = onReport ?? listener
}
