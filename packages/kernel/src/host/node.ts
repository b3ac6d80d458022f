import { AsyncLocalStorage } from 'node:async_hooks'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { clearTimeout, setImmediate, setTimeout } from 'node:timers'
import type { MessagePort, Worker } from 'node:worker_threads'
import type { Host, HostThread, HostTimer } from './host.js'
import { plainCopies } from './plain-copies.js'
import { countProgramTimers, pendingProgramTimers } from './program-timers.js'

// Node, Deno and Bun all have these modules. Deno's threads cannot tell when they have nothing left to do.
const isDeno = 'Deno' in globalThis
const isBun = 'Bun' in globalThis
const THREAD_DATA = '@millrace/thread'
const LIFELINE = '@millrace/lifeline'

// Not at import: Node's main thread takes 2 ms to make this module, which a program with channels on one thread never needs.
const WORKERS = 'node:worker_threads'
let loaded: typeof import('node:worker_threads') | undefined
const threads = () =>
  // Node 21 and the first of 22 have no getBuiltinModule.
  (loaded ??= process.getBuiltinModule?.(WORKERS) ?? createRequire(import.meta.url)(WORKERS))
const threadData = (): unknown => threads().workerData?.[THREAD_DATA]

class NodeThread implements HostThread {
  readonly #worker: Worker
  readonly #lifeline: MessagePort | undefined

  constructor(url: URL, data: unknown) {
    const { MessageChannel, Worker } = threads()
    // Deno says that a thread has exited as soon as that is asked for. But the thread's end of a channel closes only with the thread.
    const { port1, port2 } = isDeno ? new MessageChannel() : {}
    this.#worker = new Worker(url, {
      workerData: { [THREAD_DATA]: data, [LIFELINE]: port2 },
      transferList: port2 ? [port2] : [],
    })
    this.#worker.unref()
    this.#lifeline = port1
    port1?.on('message', () => {}) // a port that nobody listens to does not notice
    port1?.unref()
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate()
  }

  onExit(listener: (error: Error | undefined, code?: number) => void): void {
    let error: Error | undefined
    let code: number | undefined
    let ends = this.#lifeline ? 2 : 1
    const ended = () => {
      if (--ends === 0) listener(error, code)
    }
    this.#worker.on('error', cause => {
      error = cause instanceof Error ? cause : new Error(String(cause))
    })
    this.#worker.on('exit', exitCode => {
      code = exitCode
      ended()
    })
    this.#lifeline?.on('close', ended)
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

let macrotasks = 0

const begin = (fn: () => void): void => {
  macrotasks--
  fn()
}

interface Deno {
  permissions?: { querySync?(what: { name: 'env'; variable: string }): { state: string } }
}

/** Deno asks the user, unless it has been told already. */
function mayRead(variable: string): boolean {
  const { permissions } = (globalThis as { Deno?: Deno }).Deno ?? {}
  return permissions?.querySync?.({ name: 'env', variable }).state === 'granted'
}

const tellsIdle = !isDeno || threads().isMainThread

let isEnding = false

if (isDeno && threadData() !== undefined) {
  countProgramTimers()
  // A thread of Deno that says process.exit() twice, before it has come to its end, never ends; and after the first it runs on for a while.
  process.once('exit', () => {
    isEnding = true
    process.exit = () => {
      throw new Error('process.exit: this thread is ending already')
    }
  })
}

/** A thread of Deno that says process.exit() while it is terminated as well spins for ever, and so its process never ends. */
function closeThread(): void {
  process.emit('exit', 0)
  ;(globalThis as unknown as { close(): void }).close()
}

// V8 copies shared memory by atomic steps of a word, since somebody might write to it meanwhile, and makes no typed array without
// filling it with zeros. Node's fill is a memcpy, which takes two thirds of the time of either. Deno's is a loop, Bun has no need.
const { fill } = Buffer.prototype
const nodeCopies: Pick<Host, 'copyBytes' | 'copyOf'> = {
  copyBytes(source, target, place) {
    fill.call(target, source, place, place + source.length)
  },
  copyOf: bytes => new Uint8Array(Buffer.allocUnsafeSlow(bytes.length).fill(bytes).buffer),
}

export const host: Host = {
  name: isDeno ? 'deno' : isBun ? 'bun' : 'node',
  variable: name => (!isDeno || mayRead(name) ? process.env[name] : undefined),
  asyncStorage: () => new AsyncLocalStorage(),
  parallelism: availableParallelism,
  macrotask(fn) {
    macrotasks++
    setImmediate(begin, fn)
  },
  pendingMacrotasks: () => macrotasks,
  timer: (fn, ms) => (tellsIdle ? new NodeTimer(fn, ms) : new CountedTimer(fn, ms)),
  pendingTimers: () => pending + pendingProgramTimers(),
  keepAlive: (fn, ms) => new NodeTimer(fn, ms),
  whyNoThreads: () => undefined,
  isPoolThread: () => threadData() !== undefined,
  spawn: (url, data) => new NodeThread(url, data),
  threadDataArrived: () => Promise.resolve(),
  threadData,
  endThread: isDeno ? closeThread : () => process.exit(0),
  isEnding: () => isEnding,
  ...(isDeno || isBun ? plainCopies : nodeCopies),
  spinsWhenIdle: isBun,
  onIdle(listener) {
    if (tellsIdle) process.on('beforeExit', listener)
    return tellsIdle
  },
}
