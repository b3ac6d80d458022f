import type { HostThread } from './host.js'

// A thread in a browser: a module worker. It knows by its name, from its first line on, that it is one of the pool; what it is to
// work with comes in a message, since a worker has no other way to be given memory.
//
// A browser does not tell anybody that a worker has ended. But a lock of the page's origin is let go when its holder is gone, and
// not before, however it went: so each thread holds a lock named after itself for ever, and its starter waits for the same lock.

const THREAD_NAME = '@millrace/thread'

interface Scope {
  name?: string
  close(): void
  postMessage(message: unknown): void
}

const scope = globalThis as unknown as Scope
const isWorker = typeof (globalThis as { WorkerGlobalScope?: unknown }).WorkerGlobalScope === 'function'

/** Whether this is a thread that `spawnWebThread` has started. */
export const isWebThread = isWorker && scope.name?.startsWith(THREAD_NAME) === true

let data: unknown
export const threadData = (): unknown => data

/** Never resolves on a thread that is none of the pool's. */
export const threadDataArrived: Promise<void> = isWebThread ? begin() : new Promise(() => {})

async function begin(): Promise<void> {
  // Listening has to begin at once: what arrives before is lost.
  const message = new Promise<unknown>(resolve => {
    globalThis.addEventListener('message', event => resolve((event as MessageEvent).data), { once: true })
  })
  // Nobody handles it, so it ends the thread, as an exception does that nobody catches.
  globalThis.addEventListener('unhandledrejection', event => {
    event.preventDefault()
    reportError((event as PromiseRejectionEvent).reason)
  })
  data = await message
  await holdLock(scope.name!)
}

/** Resolves when the lock is held and its starter told: only then may the thread do anything, leaving included. */
function holdLock(name: string): Promise<void> {
  const { locks } = navigator
  if (!locks) return Promise.resolve()
  return new Promise(held => {
    void locks.request(
      name,
      () =>
        new Promise<never>(() => {
          scope.postMessage(HOLDS)
          held()
        }),
    )
  })
}

/** What a thread says once it holds its lock. */
const HOLDS = '@millrace/holds'

class WebThread implements HostThread {
  readonly #worker: Worker
  readonly #listeners: ((error: Error | undefined) => void)[] = []
  readonly #name = `${THREAD_NAME}/${crypto.randomUUID()}`
  #error: Error | undefined
  #holds = false
  #isGone = false
  readonly #gone: Promise<void>
  #setGone!: () => void

  constructor(url: URL, given: unknown) {
    this.#gone = new Promise(resolve => {
      this.#setGone = resolve
    })
    this.#worker = new Worker(url, { type: 'module', name: this.#name })
    this.#worker.addEventListener('error', event => {
      event.preventDefault?.()
      this.#error ??= new Error(event.message || `${url.href} could not be loaded as a worker`)
      void this.terminate()
    })
    this.#worker.addEventListener('message', ({ data }) => {
      if (data === HOLDS) this.#watch()
    })
    this.#worker.postMessage(given)
  }

  #watch(): void {
    this.#holds = true
    void navigator.locks.request(this.#name, () => this.#end())
  }

  #end(): void {
    if (this.#isGone) return
    this.#isGone = true
    for (const listener of this.#listeners) listener(this.#error)
    this.#setGone()
  }

  terminate(): Promise<void> {
    this.#worker.terminate()
    // Without a lock there is nothing to wait for. The thread may have one about which it could not tell any more: then whoever
    // asks for it next waits until it is gone.
    if (!this.#holds) {
      if (navigator.locks) this.#watch()
      else this.#end()
    }
    return this.#gone
  }

  onExit(listener: (error: Error | undefined) => void): void {
    this.#listeners.push(listener)
  }
}

export const spawnWebThread = (url: URL, given: unknown): HostThread => new WebThread(url, given)
