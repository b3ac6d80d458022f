import { host } from '#host'
import { BELL, threadBlock } from './kernel.js'
import type { Thread } from './thread.js'

// Before a thread goes to sleep it looks at its mailbox for this long: waking another thread up costs several
// microseconds, so a short wait for an answer that is on its way is cheaper than a nap.
const SPIN_LOOKS = 200

/**
 * How an event loop sleeps on its thread's bell without blocking: `Atomics.waitAsync`. That does not keep a process alive
 * on any host; lifetime.ts does.
 *
 * A thread is either awake, and then a macrotask is scheduled that looks at the mailbox before it sleeps again, or asleep
 * with the bell raised and one waitAsync pending. So a poke is either seen by the look or rings.
 */
export class Doorbell {
  readonly #thread: Thread
  readonly #bell: number
  #state: 'off' | 'awake' | 'asleep' = 'off'

  constructor(thread: Thread) {
    this.#thread = thread
    this.#bell = (threadBlock(thread.id) + BELL) >> 2
  }

  /** Serves the mailbox from now on. Cheap when that is so already. */
  listen(): void {
    if (this.#state !== 'off') return
    this.#state = 'awake'
    host.macrotask(this.#look)
  }

  /** Somebody else has waited for the bell and lowered it: whoever slept on it must not sleep on, as nobody would ring again. */
  rouse(): void {
    if (this.#state === 'asleep') Atomics.notify(this.#thread.memory.i32, this.#bell)
  }

  readonly #look = (): void => {
    const { kernel, id, memory } = this.#thread
    for (let looks = 0; looks < SPIN_LOOKS; looks++) {
      if (kernel.mailboxDirty(id)) return this.#serve()
    }
    if (!kernel.bellArm(id)) return this.#serve()
    const { async, value } = Atomics.waitAsync(memory.i32, this.#bell, 1)
    if (!async) return this.#serve()
    this.#state = 'asleep'
    ;(value as Promise<unknown>).then(this.#wake)
  }

  readonly #wake = (): void => {
    this.#state = 'awake'
    this.#thread.kernel.bellLower(this.#thread.id)
    this.#serve()
  }

  #serve(): void {
    this.#thread.lifetime.active()
    // First the macrotask, then the work: what throws in the work must not leave the thread deaf.
    host.macrotask(this.#look)
    this.#thread.drain()
  }
}
