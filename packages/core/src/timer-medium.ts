import { type Crossing, currentThread, type Parked, registerKind } from '@millrace/kernel'
import { Alarm } from './alarm.js'
import { Channel } from './chan.js'
import { clock } from './clock.js'
import type { Carried } from './departure.js'
import { EMPTY, type SharedMedium } from './medium.js'
import { Monitor, monitorRules } from './monitor.js'
import { type State, WAIT } from './monitor-rules.js'
import { ReceiveOnlyMedium } from './receive-only.js'
import { type Waiter, WaitQueue } from './wait-queue.js'

// The numbers of a timer.
/** 1 if it is set: a value will come, or is there. */
const SET = 0
/** What the wall clock will show when it rings first, had nobody set that since. */
const DATE = 1
/** Milliseconds between two ticks; 0 for a timer, which rings once. */
const PERIOD = 2
/** How many periods after that it rings next. Counted, as a sum of periods would go wrong by what each is rounded. */
const PERIODS = 3
/** How often it has been set. */
const STARTS = 4
/** How many values have been taken. */
const TAKEN = 5

const rules = monitorRules({ name: 'core/timer.monitor', size: 6, lines: 0, attempt: () => WAIT })

/** The kind that a timer's channel crosses as; its payload is the monitor. */
const KIND = 'core/timer'

/**
 * What a timer's channel gives: the time it was set to, once that has come. There is no buffer: whoever receives looks at the
 * clock, so a value is there in time even if the event loop is late, and none is left over after `stop` or `start`.
 *
 * Other threads know the timer by its numbers, and look at their own clocks: whoever takes the value first has it, and nobody has to
 * be told when its time comes. That it was stopped or set anew is told by the thread that made it, the only one where that can be.
 *
 *   T1  set, and the clock has reached `due`  =>  there is a value, unless somebody is parked (who gets it first)
 *   T2  the alarm is set  =>  somebody is parked. It is set for no later than it rings, if it is set
 *   T3  somebody is parked where it has arrived  =>  this is parked in the thread, which looks at it when it was stopped or set
 *
 * So a timer that nobody waits for costs the host nothing, and is collected as anything else.
 */
export class TimerMedium extends ReceiveOnlyMedium implements SharedMedium, Parked {
  readonly receivers = new WaitQueue(() => {
    if (!this.receivers.first) this.#settle()
  })
  readonly closed = false
  readonly #alarm = new Alarm(() => this.#serve())
  /** Has the numbers. */
  readonly #monitor: Monitor
  readonly #hasArrived: boolean
  #isParked = false
  // Of the numbers as they were last looked at: which start, and when it rings first, by this thread's clock.
  #starts = 0
  #firstDue = 0

  /** @param arrived The numbers of a timer that another thread has made. */
  constructor(arrived?: Monitor) {
    super()
    this.#monitor = arrived ?? new Monitor(rules)
    this.#hasArrived = arrived !== undefined
  }

  override get moves(): number | undefined {
    return this.address === 0 ? undefined : this.#monitor.read(state => state[STARTS] + state[TAKEN])
  }

  /** Where its numbers are in shared memory; 0 while only this thread knows them. */
  get address(): number {
    return this.#monitor.address ?? 0
  }

  /** Sets the timer anew. Answers whether that took a value, one to come or one not received yet, from anybody. */
  start(ms: number, period = 0): boolean {
    const delay = Math.max(ms, 0)
    const due = clock.now() + delay
    const date = clock.wall() + delay
    const [wasSet, starts] = this.#monitor.change(state => {
      const wasSet = state[SET] === 1
      state[SET] = 1
      state[DATE] = date
      state[PERIOD] = period
      state[PERIODS] = 0
      return [wasSet, ++state[STARTS]]
    })
    this.#starts = starts
    this.#firstDue = due
    this.#wasChanged()
    return wasSet
  }

  stop(): boolean {
    if (!this.#monitor.read(state => state[SET] === 1)) return false
    const wasSet = this.#monitor.change(state => {
      const wasSet = state[SET] === 1
      state[SET] = 0
      return wasSet
    })
    this.#wasChanged()
    return wasSet
  }

  /** Another alarm is to be set, here and wherever somebody waits, or none. */
  #wasChanged(): void {
    if (this.address !== 0) {
      const { kernel, id } = currentThread()
      kernel.pokeHolders(id, this.address)
    }
    this.#settle()
  }

  tryReceive(): unknown {
    if (!this.#hasRung()) return EMPTY
    if (this.receivers.first === undefined) return this.#take()
    this.#serve()
    return EMPTY
  }

  canReceive(): boolean {
    return this.receivers.first === undefined && this.#hasRung()
  }

  parkReceiver(waiter: Waiter): void {
    const isFirst = this.receivers.first === undefined
    this.receivers.push(waiter)
    if (isFirst) this.#settle()
  }

  /** It may have been stopped, or set anew. */
  look(): void {
    this.#serve()
  }

  share(channel: Carried): SharedMedium {
    this.#monitor.face = channel
    return this
  }

  cross(): Crossing {
    return { kind: KIND, payload: this.#monitor }
  }

  /** When it rings, by this thread's clock, if it is set. */
  #dueBy(state: State): number {
    if (state[STARTS] !== this.#starts) {
      this.#starts = state[STARTS]
      // Later by the millisecond that a wall clock rounds off, and by whatever comes between the two clocks: no thread is earlier than the
      // one that set it.
      const ms = state[DATE] - clock.wall() + 1
      this.#firstDue = clock.now() + ms
    }
    return this.#firstDue + passed(state)
  }

  #hasRungBy(state: State): boolean {
    return state[SET] === 1 && clock.now() >= this.#dueBy(state)
  }

  #hasRung(): boolean {
    return this.#monitor.read(state => this.#hasRungBy(state))
  }

  /** The value, unless another thread was quicker. */
  #take(): unknown {
    return this.#monitor.change(state => {
      if (!this.#hasRungBy(state)) return EMPTY
      const date = new Date(state[DATE] + passed(state))
      state[TAKEN]++
      if (state[PERIOD] === 0) state[SET] = 0
      // The ticks that nobody received are lost; the next one keeps the phase.
      else state[PERIODS] += Math.floor((clock.now() - this.#dueBy(state)) / state[PERIOD]) + 1
      return date
    })
  }

  #serve(): void {
    for (let { first } = this.receivers; first && this.#hasRung(); first = this.receivers.first) {
      // False: another thread has committed its operation, and it is gone.
      if (first.post && !first.post.hold()) continue
      let date: unknown
      try {
        date = this.#take()
      } catch (error) {
        this.receivers.shift()!.failed(error) // shared memory is used up
        continue
      }
      if (date !== EMPTY) this.receivers.shift()!.received(date, true)
      else first.post?.open()
    }
    this.#settle()
  }

  /** After who waits has changed, or when it rings. */
  #settle(): void {
    const isAwaited = this.receivers.first !== undefined
    if (this.#hasArrived && isAwaited !== this.#isParked) {
      this.#isParked = isAwaited
      if (isAwaited) currentThread().park(this)
      else currentThread().unpark(this)
    }
    // Looked at only now: who stops or sets it after this look pokes this thread, which finds it parked.
    const due = isAwaited && this.#monitor.read(state => state[SET] === 1 && this.#dueBy(state))
    if (due === false) this.#alarm.clear()
    else this.#alarm.set(due)
  }
}

/** Milliseconds from the first tick to the one that comes next. */
const passed = (state: State): number => (state[PERIODS] === 0 ? 0 : state[PERIODS] * state[PERIOD])

registerKind(KIND, (monitor: Monitor) => {
  monitor.face ??= new Channel<Date>(new TimerMedium(monitor))
  return monitor.face
})
