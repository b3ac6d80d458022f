import { host } from './host/current.js'
import type { HostTimer } from './host/host.js'
import { HOLDING, MAIN_THREAD } from './kernel.js'
import type { Thread } from './thread.js'

const FOREVER = 2 ** 31 - 1
const LOOK_MS = 20
/** Several times what a thread sleeps that is about to be given more work. */
const NAP_MS = 2

/**
 * Keeps the process alive exactly while something can still happen.
 *
 * Waiting for a bell keeps no event loop alive, on any host. So each loop is left to itself while it has something to do:
 * timers, sockets, our macrotasks. When it runs dry,
 *
 * - a pool thread holds a timer, so that it is still there when it is needed, and says "idle" in shared memory; but only when it has had
 *   no work for NAP_MS: two threads that wake each other would else wake the main thread each time as well, and lose a core to it;
 * - the main thread asks whether every other thread is idle with nothing in its mailbox. Nothing can happen then: it lets go,
 *   and the process ends. If not, it holds a timer, and the next thread that becomes idle rings it to ask again.
 *
 * No wake-up is lost between "is everybody idle?" and "tell me": the main thread sets HOLDING before it asks, a thread sets its
 * idle bit before it reads HOLDING, and both words are sequentially consistent.
 *
 * Where the main thread's loop spins when it has run dry, and does not say so, it looks by itself: when it
 * goes to sleep, and when something begins to be waited for meanwhile.
 *
 * Where a host cannot tell when a pool thread's loop runs dry, the thread counts instead: it is idle when all its goroutines
 * are parked and it has no timer; it looks every 20 ms, and not at all while it is idle.
 */
export class Lifetime {
  readonly #thread: Thread
  readonly #tellsIdle: boolean
  #hold: HostTimer | undefined
  #idle = false
  /** It has become active again, and its timer still keeps the loop from running dry. */
  #holdsInVain = false
  /** There has been work since it was last asked whether this is a nap. */
  #worked = false
  /** It is about to be looked at whether the thread has run dry. */
  #willLook = false
  /** Threads on their way that cannot speak for themselves yet; the main thread waits for them. */
  starting = 0
  /** What keeps this thread busy, for hosts that cannot tell: goroutines that are not parked, and work about to be taken. */
  busy: () => number = () => 0

  constructor(thread: Thread) {
    this.#thread = thread
    this.#tellsIdle = host.onIdle(() => this.#ranDry())
    if (!this.#tellsIdle && thread.id !== MAIN_THREAD) this.#watchLater()
  }

  /** The thread has work. */
  active(): void {
    if (this.#thread.id === MAIN_THREAD) {
      if (!this.#hold) return
      this.#setHolding(0)
      this.#letGo()
      return
    }
    this.#worked = true
    if (!this.#idle) return
    this.#idle = false
    this.#thread.kernel.activitySet(this.#thread.id, 0)
    this.#holdsInVain = true
  }

  /** The thread has done its work, and is about to look for more: what can wait until then. */
  afterWork(): void {
    if (!this.#holdsInVain) return
    this.#holdsInVain = false
    this.#letGo()
    if (!this.#tellsIdle) this.#watchLater()
  }

  /** The thread sleeps, or somebody has begun to wait while it does. */
  asleep(): void {
    if (!host.spinsWhenIdle || this.#thread.id !== MAIN_THREAD || this.#hold || this.#willLook) return
    this.#willLook = true
    // Later: what is waited for may be about to be sent.
    host.macrotask(() => {
      this.#willLook = false
      this.#ranDry()
    })
  }

  #ranDry(): void {
    if (this.#thread.id !== MAIN_THREAD) return this.#worked ? this.#nap() : this.#rest()
    if (this.#hold) return
    const { kernel, id } = this.#thread
    this.#setHolding(1)
    if (this.starting === 0 && kernel.othersAreIdle(id) && !kernel.mailboxDirty(id))
      return this.#setHolding(0)
    this.#holdOn()
    this.#thread.doorbell.listen()
  }

  /** Looks now and then whether the thread has become idle. */
  #watch(): void {
    const { kernel, id } = this.#thread
    const isIdle = this.busy() <= 0 && host.pendingTimers() === 0 && !kernel.mailboxDirty(id)
    if (isIdle) this.#rest()
    else this.#watchLater()
  }

  #watchLater(): void {
    this.#hold = host.keepAlive(() => this.#watch(), LOOK_MS)
  }

  /** Keeps the loop from running dry until there has been no work for a while. */
  readonly #nap = (): void => {
    if (!this.#worked) return
    this.#worked = false
    host.keepAlive(this.#nap, NAP_MS)
  }

  #rest(): void {
    // Dry although a timer is held: this host has miscounted what its loop waits for. One more timer, rather than a dead thread.
    if (this.#idle) return this.#holdOn()
    this.#idle = true
    if (this.#holdsInVain) this.#holdsInVain = false
    else this.#holdOn()
    const { kernel, id, memory } = this.#thread
    kernel.activitySet(id, 1)
    if (Atomics.load(memory.i32, HOLDING >> 2)) kernel.poke(MAIN_THREAD, 0)
  }

  #setHolding(value: 0 | 1): void {
    Atomics.store(this.#thread.memory.i32, HOLDING >> 2, value)
  }

  #holdOn(): void {
    this.#hold = host.keepAlive(() => {}, FOREVER)
  }

  #letGo(): void {
    this.#hold?.clear()
    this.#hold = undefined
  }
}
