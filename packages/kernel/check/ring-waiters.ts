// Goroutines of one thread that wait at a ring: what core's RingMedium does, call for call. It is written again here because
// JavaScript, unlike the kernel, cannot be stopped in the middle of a function.

import { nextMail } from './event-loop.js'
import { ANSWER, CLOSED, OK, OK_SELF, RECEIVE, SEND, threadBlock, WOULD_BLOCK } from './kernel-constants.js'
import { Again, call, type Operation, type Outcome, type Request, read } from './program.js'

type Calls<T> = Generator<Request, T, number>

type Direction = typeof RECEIVE | typeof SEND

/** What the thread remembers: who waits, what those that do not wait any more got, and what it is at. */
interface Waiting {
  readonly receivers: number
  readonly senders: readonly number[]
  readonly received: readonly Outcome[]
  readonly sent: readonly number[]
  /** The directions that are to be served, the first of them just now; none: it sleeps until there is mail. */
  readonly toServe: readonly Direction[]
  /** Of the direction that is served: nobody else can go on, so its ticket is taken, or passed on. */
  readonly settles: boolean
  /** Those of the other direction may go on now. */
  readonly othersMayGoOn: boolean
}

/** What a thread remembers whose only goroutine is parked at the ring, to receive. */
export const PARKED_RECEIVER: Outcome = JSON.stringify({
  receivers: 1,
  senders: [],
  received: [],
  sent: [],
  toServe: [],
  settles: false,
  othersMayGoOn: false,
} satisfies Waiting)

class RingWaiters {
  readonly #me: number
  readonly #ring: number
  #receivers: number
  readonly #senders: number[]
  readonly received: Outcome[]
  readonly sent: number[]
  readonly #toServe: Direction[]
  #settles: boolean
  #othersMayGoOn: boolean

  constructor(me: number, ring: number, waiting: Waiting) {
    this.#me = me
    this.#ring = ring
    this.#receivers = waiting.receivers
    this.#senders = [...waiting.senders]
    this.received = [...waiting.received]
    this.sent = [...waiting.sent]
    this.#toServe = [...waiting.toServe]
    this.#settles = waiting.settles
    this.#othersMayGoOn = waiting.othersMayGoOn
  }

  get waiting(): Outcome {
    return JSON.stringify({
      receivers: this.#receivers,
      senders: this.#senders,
      received: this.received,
      sent: this.sent,
      toServe: this.#toServe,
      settles: this.#settles,
      othersMayGoOn: this.#othersMayGoOn,
    } satisfies Waiting)
  }

  /** Nobody waits, and there is nothing left to do. */
  get isOver(): boolean {
    return this.#receivers === 0 && this.#senders.length === 0 && this.#toServe.length === 0
  }

  /** What can be done without remembering anything else meanwhile: serves one waiter, or looks into the mailbox. */
  *turn(): Calls<void> {
    const [direction] = this.#toServe
    if (direction === undefined) {
      if ((yield* nextMail(this.#me)).length > 0) this.#toServe.push(RECEIVE, SEND)
    } else if (!this.#settles) {
      this.#settles = !(yield* direction === RECEIVE ? this.#receive() : this.#send())
    } else if (this.#waits(direction)) {
      if (yield call('ringPark', this.#me, this.#ring, direction)) this.#settles = false
      else this.#served(direction)
    } else if ((yield call('ringPassBaton', this.#me, this.#ring, direction)) !== OK_SELF) {
      this.#served(direction)
    }
  }

  *leave(): Calls<void> {
    yield call('ringUnpark', this.#me, this.#ring, RECEIVE)
    yield call('ringUnpark', this.#me, this.#ring, SEND)
  }

  #waits(direction: Direction): boolean {
    return direction === RECEIVE ? this.#receivers > 0 : this.#senders.length > 0
  }

  #served(direction: Direction): void {
    if (this.#othersMayGoOn) this.#toServe[0] = direction === RECEIVE ? SEND : RECEIVE
    else this.#toServe.shift()
    this.#settles = this.#othersMayGoOn = false
  }

  /** Answers whether a receiver could go on. */
  *#receive(): Calls<boolean> {
    if (this.#receivers === 0) return false
    const status = yield call('ringReceive', this.#me, this.#ring)
    if (status === WOULD_BLOCK) return false
    this.#receivers--
    this.received.push(status === CLOSED ? CLOSED : [yield read(threadBlock(this.#me) + ANSWER)])
    if (status === OK_SELF) this.#othersMayGoOn = true
    return true
  }

  /** Answers whether a sender could go on. */
  *#send(): Calls<boolean> {
    const [value] = this.#senders
    if (value === undefined) return false
    const status = yield call('ringSend', this.#me, this.#ring, value)
    if (status === WOULD_BLOCK) return false
    this.#senders.shift()
    this.sent.push(status === CLOSED ? CLOSED : OK)
    if (status === OK_SELF) this.#othersMayGoOn = true
    return true
  }
}

/** `receivers` goroutines receive and one for each of `values` sends; the answer is what they got, in order: [received, sent]. */
export function waitAtRing(
  me: number,
  ring: number,
  waiting: { receivers?: number; values?: readonly number[] },
  answer: (received: readonly Outcome[], sent: readonly number[]) => Outcome = (...both) => both,
): Operation['run'] {
  const { receivers = 0, values = [] } = waiting
  const toServe: Direction[] = []
  if (receivers > 0) toServe.push(RECEIVE)
  if (values.length > 0) toServe.push(SEND)
  const begun: Waiting = {
    receivers,
    senders: values,
    received: [],
    sent: [],
    toServe,
    settles: false,
    othersMayGoOn: false,
  }
  return function* (memory) {
    const waiters = new RingWaiters(me, ring, memory ? (JSON.parse(memory as string) as Waiting) : begun)
    if (!waiters.isOver) {
      yield* waiters.turn()
      return new Again(waiters.waiting)
    }
    yield* waiters.leave()
    return answer(waiters.received, waiters.sent)
  }
}

/** Receives, waiting if need be: [value] or CLOSED. */
export const receiveWaiting = (me: number, ring: number): Operation => ({
  name: 'receive',
  run: waitAtRing(me, ring, { receivers: 1 }, ([received]) => received!),
})

/** Sends, waiting if need be: OK or CLOSED. */
export const sendWaiting = (me: number, ring: number, value: number): Operation => ({
  name: 'send',
  value,
  run: waitAtRing(me, ring, { values: [value] }, (_, [sent]) => sent!),
})
