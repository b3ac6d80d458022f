import { host } from './host/current.js'

// Whether there can be more threads than one. All of the runtime asks here, and only here: `hasThreads` where the answer matters
// from now on, `mode` where somebody is merely curious.

/** 'threads': goroutines run on a pool of threads over shared memory. 'single-thread': all of them run on this one. */
export type Mode = 'threads' | 'single-thread'

interface State {
  /** What the program asked for. */
  wanted: Mode | undefined
  /** Something depends on the answer: it cannot change any more. */
  settled: boolean
}

// One per JavaScript thread even when the package is there twice, as the thread itself.
const KEY = Symbol.for('@millrace/kernel/mode')
const holder = globalThis as { [KEY]?: State }
const state = (): State => (holder[KEY] ??= { wanted: undefined, settled: false })

let answer: boolean | undefined

/** The mode as it is, or will be if nothing is configured before first use. Costs a probe of the host the first time. */
export function mode(): Mode {
  return state().wanted ?? (whySingleThread() === undefined ? 'threads' : 'single-thread')
}

/**
 * Whether there can be more threads than one: asked by whoever is about to need them, after which it does not change. The first
 * to learn that there cannot prints the warning that says why, unless it was configured so.
 */
export function hasThreads(): boolean {
  answer ??= settle()
  return answer
}

function settle(): boolean {
  const known = state()
  const isFirst = !known.settled
  known.settled = true
  if (known.wanted !== undefined) return known.wanted === 'threads'
  const why = whySingleThread()
  if (why !== undefined && isFirst) {
    console.warn(`millrace: everything runs on one thread, since ${why}`)
  }
  return why === undefined
}

/**
 * Asks for a mode. Answers false when it is too late: something depends on the mode already, or this is a thread of the pool.
 *
 * @throws {Error} Threads are asked for, and the host cannot have them; the message says why.
 */
export function configureMode(wanted: Mode): boolean {
  if (host.isPoolThread()) return false
  if (state().settled) return mode() === wanted
  const why = wanted === 'threads' ? whySingleThread() : undefined
  if (why !== undefined) throw new Error(`runtime.configure: there can be no threads, since ${why}`)
  state().wanted = wanted
  return true
}

let reason: string | null | undefined

/** Why there can be one thread only, as the end of a sentence; undefined where there can be more. */
export function whySingleThread(): string | undefined {
  if (reason === undefined) reason = probe() ?? null
  return reason ?? undefined
}

// The smallest module there is: a Content-Security-Policy that refuses this one refuses the kernel.
const EMPTY_MODULE = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00)

function probe(): string | undefined {
  if (host.isPoolThread()) return undefined // somebody has started it
  const why = host.whyNoThreads()
  if (why !== undefined) return why
  if (typeof SharedArrayBuffer === 'undefined') return 'this host has no SharedArrayBuffer'
  if (typeof Atomics.waitAsync !== 'function') return 'this host has no Atomics.waitAsync: use a newer one'
  if (typeof WebAssembly === 'undefined') return 'this host has no WebAssembly'
  try {
    new WebAssembly.Module(EMPTY_MODULE)
  } catch (error) {
    return `WebAssembly is refused here, which a Content-Security-Policy allows with 'wasm-unsafe-eval' (${String(error)})`
  }
  try {
    // One page: whether there can be shared memory at all. How much is another question, with another error.
    const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })
    if ((buffer as ArrayBufferLike) instanceof SharedArrayBuffer) return undefined
    return 'WebAssembly of this host has no shared memory'
  } catch (error) {
    return `WebAssembly of this host has no shared memory (${String(error)})`
  }
}
