import { availableParallelism } from 'node:os'
import process from 'node:process'
import { clearTimeout, setImmediate, setTimeout } from 'node:timers'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import type { Host, HostThread, HostTimer } from './host.js'

// Node, Deno and Bun all have these modules. Deno's threads cannot tell when they have nothing left to do.
const isDeno = 'Deno' in globalThis
const THREAD_DATA = '@millrace/thread'

class NodeThread implements HostThread {
  readonly #worker: Worker

  constructor(url: URL, data: unknown) {
    this.#worker = new Worker(url, { workerData: { [THREAD_DATA]: data } })
    this.#worker.unref()
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate()
  }

  onExit(listener: (error: Error | undefined) => void): void {
    let error: Error | undefined
    this.#worker.on('error', cause => {
      error = cause instanceof Error ? cause : new Error(String(cause))
    })
    this.#worker.on('exit', () => listener(error))
  }
}

class NodeTimer implements HostTimer {
  readonly #timeout: NodeJS.Timeout

  constructor(fn: () => void, ms: number) {
    this.#timeout = setTimeout(fn, ms)
  }

  ref(): void {
    this.#timeout.ref()
  }

  unref(): void {
    this.#timeout.unref()
  }

  clear(): void {
    clearTimeout(this.#timeout)
  }
}

let pending = 0

/** A timer that is counted while it keeps the thread alive. */
class CountedTimer extends NodeTimer {
  #counted = false
  #over = false

  constructor(fn: () => void, ms: number) {
    super(() => {
      this.#count(false)
      this.#over = true
      fn()
    }, ms)
    this.#count(true)
  }

  #count(counted: boolean): void {
    if (this.#over || counted === this.#counted) return
    this.#counted = counted
    pending += counted ? 1 : -1
  }

  override ref(): void {
    this.#count(true)
    super.ref()
  }

  override unref(): void {
    this.#count(false)
    super.unref()
  }

  override clear(): void {
    this.#count(false)
    this.#over = true
    super.clear()
  }
}

const tellsIdle = isMainThread || !isDeno

export const host: Host = {
  name: isDeno ? 'deno' : 'Bun' in globalThis ? 'bun' : 'node',
  parallelism: availableParallelism,
  macrotask: setImmediate,
  timer: (fn, ms) => (tellsIdle ? new NodeTimer(fn, ms) : new CountedTimer(fn, ms)),
  pendingTimers: () => pending,
  keepAlive: (fn, ms) => new NodeTimer(fn, ms),
  whyNoThreads: () => undefined,
  isPoolThread: () => workerData?.[THREAD_DATA] !== undefined,
  spawn: (url, data) => new NodeThread(url, data),
  threadDataArrived: () => Promise.resolve(),
  threadData: () => workerData?.[THREAD_DATA],
  onIdle(listener) {
    if (tellsIdle) process.on('beforeExit', listener)
    return tellsIdle
  },
}
