import { host } from './host/current.js'
import { BELL, threadBlock } from './kernel.js'
import type { Arrival } from './patience.js'
import type { Thread } from './thread.js'

// Before a thread goes to sleep it looks at its mailbox for a while: waking another thread up costs several microseconds, so a
// short wait for an answer that is on its way is cheaper than a nap. After a nap so short that it was hardly worth it, it looks on for
// longer, unless that was in vain not long ago: longer than it takes until another thread has been woken up and has answered, as two
// threads that wake each other each time would else never meet.
const SPIN_LOOKS = 200
const LONG_SPIN_MS = 0.25
/** Several times as many as LONG_SPIN_MS takes: the clock is what ends it. */
const MOST_SPINS = 300
/** A longer look that was answered, but not sooner, may have been answered because the system took the core away from it. */
const SURE_MS = 0.1
/** So many times as long as it took, no thread looks long after a look that was in vain: little is lost where it always is. */
const REST = 5
/** About twice what waking a thread up takes where idle cores doze: who is woken wakes the other. */
const SHORT_NAP_MS = 0.3

/**
 * How an event loop sleeps on its thread's bell without blocking: `Atomics.waitAsync`. That does not keep a process alive
 * on any host; lifetime.ts does.
 *
 * A thread is either awake, and then a macrotask is scheduled that looks at the mailbox before it sleeps again, or asleep
 * with the bell raised and a waitAsync that has not called `#wake` yet. So a poke is either seen by the look or rings. A thread that
 * is ending hears nothing any more: what it is still given is for those who outlive it.
 *
 * Model: models/mailbox.pml.
 */
export class Doorbell {
  readonly #thread: Thread
  readonly #bell: number
  #state: 'off' | 'awake' | 'asleep' = 'off'
  #asleepSince = 0
  /** A waitAsync has not called `#wake` yet: that of an earlier sleep, which was ended from here, serves for the next. */
  #waits = false
  /** Whether to look longer than for SPIN_LOOKS before the next nap. */
  #looksLong = false
  /** How what is in the mailbox came, while it is served. */
  arrival: Arrival = 'late'
  /** Until then it does not look long. */
  #restsUntil = 0

  constructor(thread: Thread) {
    this.#thread = thread
    this.#bell = (threadBlock(thread.id) + BELL) >> 2
  }

  /** Serves the mailbox from now on. Cheap when that is so already. */
  listen(): void {
    if (this.#state === 'asleep') this.#thread.lifetime.asleep()
    if (this.#state !== 'off') return
    this.#state = 'awake'
    host.macrotask(this.#look)
  }

  /** Looks at the mailbox once more before it sleeps on: whoever wakes a sleeper may have met somebody else, who lowered the bell. */
  rouse(): void {
    if (this.#state !== 'asleep') return
    this.#state = 'awake'
    this.#thread.kernel.bellLower(this.#thread.id)
    host.macrotask(this.#look)
  }

  /** Looks on for a while, as what somebody waits for is likely to come at once. Being woken would take longer. */
  lookOn(): void {
    this.#looksLong = true
    this.rouse()
  }

  readonly #look = (): void => {
    if (host.isEnding()) return
    const { kernel, id, memory, lifetime } = this.#thread
    lifetime.afterWork()
    if (kernel.mailboxDirty(id)) return this.#serve('late')
    // Looking keeps the event loop, so not while anybody waits for a turn; and whoever has one may park then.
    if (host.pendingMacrotasks() > 0) return host.macrotask(this.#look)
    if (this.#spin(SPIN_LOOKS) || (this.#looksLong && this.#spinLong())) return this.#serve('seen')
    if (!kernel.bellArm(id)) return this.#serve('late')
    if (!this.#waits) {
      const { async, value } = Atomics.waitAsync(memory.i32, this.#bell, 1)
      if (!async) return this.#serve('late')
      this.#waits = true
      ;(value as Promise<unknown>).then(this.#wake)
    }
    this.#state = 'asleep'
    this.#asleepSince = performance.now()
    lifetime.asleep()
  }

  /** Whether there is something in the mailbox before it has been looked at so many times. */
  #spin(looks: number): boolean {
    const { kernel, id } = this.#thread
    for (let i = 0; i < looks; i++) if (kernel.mailboxDirty(id)) return true
    return false
  }

  #spinLong(): boolean {
    const start = performance.now()
    if (start < this.#restsUntil) return false
    let came = false
    let took = 0
    // Counted as well: some browsers' clocks stand still for much longer.
    for (let spins = 0; !came && spins < MOST_SPINS && took < LONG_SPIN_MS; spins++) {
      came = this.#spin(SPIN_LOOKS)
      took = performance.now() - start
    }
    if (!came || took > SURE_MS) this.#restsUntil = start + (1 + REST) * took
    return came
  }

  readonly #wake = (): void => {
    this.#waits = false
    if (this.#state !== 'asleep') return
    this.#state = 'awake'
    this.#thread.kernel.bellLower(this.#thread.id)
    this.#serve(performance.now() - this.#asleepSince < SHORT_NAP_MS ? 'soon' : 'late')
  }

  #serve(arrival: Arrival): void {
    if (host.isEnding()) return
    this.#looksLong = arrival !== 'late'
    this.#thread.lifetime.active()
    // First the macrotask, then the work: what throws in the work must not leave the thread deaf.
    host.macrotask(this.#look)
    this.arrival = arrival
    try {
      this.#thread.drain()
    } finally {
      this.arrival = 'late'
    }
  }
}
