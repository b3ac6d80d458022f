import type { Host, HostThread, HostTimer } from './host.js'

// Browsers. Pages live as long as they are open, so there is nothing to keep alive, and nothing to tell of idleness.

let channel: MessageChannel | undefined
const due: (() => void)[] = []

function openChannel(): MessageChannel {
  const opened = new MessageChannel()
  opened.port1.onmessage = () => due.shift()?.()
  return opened
}

class WebTimer implements HostTimer {
  readonly #id: ReturnType<typeof setTimeout>

  constructor(fn: () => void, ms: number) {
    this.#id = setTimeout(fn, ms)
  }

  ref(): void {}
  unref(): void {}

  clear(): void {
    clearTimeout(this.#id)
  }
}

const noThreads = (): never => {
  throw new Error(
    'parallel goroutines are not available in browsers yet: call the function directly, or use go(fn) with a function that is not parallel',
  )
}

export const host: Host = {
  name: 'web',
  parallelism: () => globalThis.navigator?.hardwareConcurrency ?? 1,
  macrotask(fn) {
    channel ??= openChannel()
    due.push(fn)
    channel.port2.postMessage(undefined)
  },
  pendingMacrotasks: () => due.length,
  timer: (fn, ms) => new WebTimer(fn, ms),
  pendingTimers: () => 0,
  keepAlive: (fn, ms) => new WebTimer(fn, ms),
  spawn: (): HostThread => noThreads(),
  threadData: () => undefined,
  endThread: () => globalThis.close(),
  onIdle: () => false,
}
