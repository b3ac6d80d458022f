import type { Host, HostTimer } from './host.js'
import { plainCopies } from './plain-copies.js'
import { isWebThread, spawnWebThread, threadData, threadDataArrived } from './web-thread.js'

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

const HEADERS =
  'Serve it with the headers "Cross-Origin-Opener-Policy: same-origin" and "Cross-Origin-Embedder-Policy: require-corp"'

function whyNoThreads(): string | undefined {
  const { crossOriginIsolated, isSecureContext } = globalThis as Partial<WindowOrWorkerGlobalScope>
  if (crossOriginIsolated === false) {
    return isSecureContext === false
      ? `this page has no shared memory: it came neither over HTTPS nor from localhost. ${HEADERS}, too`
      : `this page is not cross-origin isolated, so it has no shared memory. ${HEADERS}`
  }
  return typeof Worker === 'undefined' ? 'no Worker can be started here' : undefined
}

export const host: Host = {
  name: 'web',
  variable: () => undefined,
  asyncStorage: () => undefined,
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
  whyNoThreads,
  isPoolThread: () => isWebThread,
  spawn: spawnWebThread,
  threadDataArrived: () => threadDataArrived,
  threadData,
  endThread: () => globalThis.close(),
  isEnding: () => false,
  ...plainCopies,
  onIdle: () => false,
  spinsWhenIdle: false,
}
