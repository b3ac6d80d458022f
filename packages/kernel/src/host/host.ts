// What differs between the places that JavaScript runs in. One implementation for Node, Deno and Bun (node.ts), one for
// browsers (web.ts); current.ts chooses.

/** A timer that may or may not keep the process alive. */
export interface HostTimer {
  ref(): void
  unref(): void
  clear(): void
}

/** A thread as its starter sees it. */
export interface HostThread {
  /** Ends the thread at once, in the middle of whatever it does, if the host can. `onExit` tells when it is gone. */
  terminate(): Promise<void>
  /**
   * Called once, when the thread is gone and nothing of it will run any more: `error` is what it died of, undefined after
   * an orderly exit. `code` is its exit code, where threads have one.
   */
  onExit(listener: (error: Error | undefined, code?: number) => void): void
}

/** Follows code through everything that it waits for. */
export interface AsyncStorage<T> {
  getStore(): T | undefined
  enterWith(store: T): void
  run<R>(store: T, fn: () => R): R
}

export interface Host {
  readonly name: string
  /** A variable of the environment, where there is one that may be read without asking the user. */
  variable(name: string): string | undefined
  /** Undefined where the host has no such thing. */
  asyncStorage<T>(): AsyncStorage<T> | undefined
  /** Cores that threads may run on. */
  parallelism(): number
  /** Runs `fn` after the event loop has had a turn: timers and I/O that are due come first. */
  macrotask(fn: () => void): void
  /** How many functions that were given to `macrotask` have not begun. */
  pendingMacrotasks(): number
  /** Runs `fn` after `ms` (at most 2^31 - 1); keeps the process alive unless unref'ed. */
  timer(fn: () => void, ms: number): HostTimer
  /** Timers of the kind above, and of the program's own, that keep this thread alive, where `onIdle` cannot tell; else 0. */
  pendingTimers(): number
  /** A timer of the runtime's own, which does not count among the pending ones. */
  keepAlive(fn: () => void, ms: number): HostTimer
  /** Copies to `place` of `target` what nobody changes meanwhile. `source` is not empty; either may be shared memory. */
  copyBytes(source: Uint8Array, target: Uint8Array, place: number): void
  /** A copy, in a buffer of its own, of what nobody changes meanwhile. */
  copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer>
  /** Why this host cannot have threads that share memory, as the end of a sentence; undefined if it may. */
  whyNoThreads(): string | undefined
  /** Whether this is a thread that `spawn` has started. */
  isPoolThread(): boolean
  /** Starts a thread with the module at `url`; it finds `data` with `threadData`. It does not keep the process alive. */
  spawn(url: URL, data: unknown): HostThread
  /** Resolves once `threadData` answers what `spawn` was given. */
  threadDataArrived(): Promise<void>
  /** What this thread was given by `spawn`; undefined on the main thread. */
  threadData(): unknown
  /** Ends this thread, which is not the main one. Does not return. */
  endThread(): void
  /** Whether this thread has been ended, and runs on only because its host is slow: what happens in it has not happened. */
  isEnding(): boolean
  /**
   * Calls `listener` whenever this thread's event loop has nothing left to do; work that it starts goes on. Answers
   * false where the host cannot tell.
   */
  onIdle(listener: () => void): boolean
  /**
   * Whether the main thread's loop spins, and its idle listener is not called, when it has nothing left to do while a module of the program
   * awaits at its top level.
   */
  readonly spinsWhenIdle: boolean
}
