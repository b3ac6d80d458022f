import type { HostTimer } from '@millrace/kernel'
import { type Clock, clock } from './clock.js'

// All that waits for time shares one timer of the host: setting one costs more than everything else that a wait does, and
// most are taken back before their time. So the host's timer is set for the first alarm, and stays as it is when that is
// taken back; if it then rings for nobody, it is set for the next.
//
//   A1  an alarm is set      =>  the host's timer is set, for no later than the alarm is due
//   A2  an alarm that holds is set  <=>  the host's timer keeps the process alive, if there is one

/** The longest that a host's timer can wait: about 24 days. */
const LONGEST = 2 ** 31 - 1
const NOT_SET = -1

/**
 * Rings once a moment has come: never before, however early the host's timer is, and however far off the moment (Infinity: never).
 *
 * Keeps the process alive while it is set, unless told not to.
 */
export class Alarm {
  readonly ring: () => void
  /** By the clock. */
  due = 0
  holds: boolean
  /** Among those due at the same time the first that was set rings first. */
  turn = 0
  /** Where it stands in the heap. */
  index = NOT_SET
  #queue: AlarmQueue | undefined

  constructor(ring: () => void, holds = true) {
    this.ring = ring
    this.holds = holds
  }

  /** Will ring when the clock has reached `due`, and at no other time. */
  set(due: number): void {
    this.clear()
    this.due = due
    this.#queue = queueOf(clock)
    this.#queue.add(this)
  }

  clear(): void {
    if (this.index !== NOT_SET) this.#queue!.remove(this)
  }

  /** Whether it keeps the process alive from now on. */
  hold(holds: boolean): void {
    if (holds === this.holds) return
    this.holds = holds
    if (this.index !== NOT_SET) this.#queue!.hold(holds)
  }
}

/** The alarms that are set: a binary heap, the next to ring at the top. */
class AlarmQueue {
  readonly #clock: Clock
  readonly #heap: Alarm[] = []
  #turns = 0
  #holding = 0
  #timer: HostTimer | undefined
  #timerDue = Infinity

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(alarm: Alarm): void {
    alarm.turn = this.#turns++
    this.#rise(alarm, this.#heap.length)
    if (alarm.holds) this.hold(true)
    if (!this.#timer || alarm.due < this.#timerDue) this.#arm(alarm.due)
  }

  remove(alarm: Alarm): void {
    const { index } = alarm
    alarm.index = NOT_SET
    if (alarm.holds) this.hold(false)
    const last = this.#heap.pop()!
    if (last === alarm) return
    if (index > 0 && isBefore(last, this.#heap[(index - 1) >> 1])) this.#rise(last, index)
    else this.#sink(last, index)
  }

  hold(holds: boolean): void {
    this.#holding += holds ? 1 : -1
    if (holds && this.#holding === 1) this.#timer?.ref()
    else if (this.#holding === 0) this.#timer?.unref()
  }

  #arm(due: number): void {
    this.#timer?.clear()
    const now = this.#clock.now()
    const ms = Math.min(Math.max(Math.ceil(due - now), 0), LONGEST)
    this.#timerDue = now + ms
    this.#timer = this.#clock.timer(this.#look, ms)
    if (this.#holding === 0) this.#timer.unref()
  }

  /** When the next rings; Infinity if none is set. */
  get next(): number {
    return this.#heap.length === 0 ? Infinity : this.#heap[0].due
  }

  /** Rings those that are due now, for when the host's timers cannot. */
  ringDue(): void {
    if (this.next > this.#clock.now()) return
    this.#timer?.clear()
    this.#look()
  }

  readonly #look = (): void => {
    this.#timer = undefined
    const now = this.#clock.now()
    for (let alarm = this.#heap[0]; alarm && alarm.due <= now; alarm = this.#heap[0]) {
      this.remove(alarm)
      alarm.ring()
    }
    const next = this.#heap[0]
    if (next && (!this.#timer || next.due < this.#timerDue)) this.#arm(next.due)
  }

  /** Puts `alarm` at `index`, which is free, or higher up. */
  #rise(alarm: Alarm, index: number): void {
    const heap = this.#heap
    let at = index
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(alarm, heap[parent])) break
      place(heap, at, heap[parent])
      at = parent
    }
    place(heap, at, alarm)
  }

  /** Puts `alarm` at `index`, which is free, or further down. */
  #sink(alarm: Alarm, index: number): void {
    const heap = this.#heap
    let at = index
    for (let child = 2 * at + 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++
      if (!isBefore(heap[child], alarm)) break
      place(heap, at, heap[child])
      at = child
    }
    place(heap, at, alarm)
  }
}

const isBefore = (a: Alarm, b: Alarm): boolean => a.due < b.due || (a.due === b.due && a.turn < b.turn)

function place(heap: Alarm[], index: number, alarm: Alarm): void {
  heap[index] = alarm
  alarm.index = index
}

const queues = new WeakMap<Clock, AlarmQueue>()
let current: [Clock, AlarmQueue] | undefined

function queueOf(clock: Clock): AlarmQueue {
  if (current?.[0] === clock) return current[1]
  let queue = queues.get(clock)
  if (!queue) {
    queue = new AlarmQueue(clock)
    queues.set(clock, queue)
  }
  current = [clock, queue]
  return queue
}

/** When the next alarm of this thread rings, by the clock; Infinity if none is set. */
export function nextAlarm(): number {
  return queueOf(clock).next
}

/** Rings the alarms that are due. For a thread that blocks: its event loop cannot. */
export function ringDueAlarms(): void {
  queueOf(clock).ringDue()
}
