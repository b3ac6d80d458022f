// Goroutines of one thread that wait at a ring: what core's RingMedium does, call for call. It is written again here because
// JavaScript, unlike the kernel, cannot be stopped in the middle of a function.

import { nextMail } from './event-loop.js'
import { ANSWER, CLOSED, OK, OK_SELF, RECEIVE, SEND, threadBlock, WOULD_BLOCK } from './kernel-constants.js'
import { Again, call, type Operation, type Outcome, type Request, read } from './program.js'

type Calls<T> = Generator<Request, T, number>

/** What the thread remembers between turns of its event loop: who waits, and what those that do not wait any more got. */
interface Waiting {
  readonly receivers: number
  readonly senders: readonly number[]
  readonly received: readonly Outcome[]
  readonly sent: readonly number[]
}

/** What a thread remembers whose only goroutine is parked at the ring, to receive. */
export const PARKED_RECEIVER: Outcome = JSON.stringify({
  receivers: 1,
  senders: [],
  received: [],
  sent: [],
} satisfies Waiting)

class RingWaiters {
  readonly #me: number
  readonly #ring: number
  receivers: number
  readonly senders: number[]
  readonly received: Outcome[]
  readonly sent: number[]

  constructor(me: number, ring: number, { receivers, senders, received, sent }: Waiting) {
    this.#me = me
    this.#ring = ring
    this.receivers = receivers
    this.senders = [...senders]
    this.received = [...received]
    this.sent = [...sent]
  }

  get waiting(): Outcome {
    const { receivers, senders, received, sent } = this
    return JSON.stringify({ receivers, senders, received, sent })
  }

  get isLeft(): boolean {
    return this.receivers === 0 && this.senders.length === 0
  }

  *serve(direction: 0 | 1): Calls<void> {
    let next = direction
    while (next === RECEIVE ? yield* this.#serveReceivers() : yield* this.#serveSenders()) {
      next = next === RECEIVE ? SEND : RECEIVE
    }
  }

  *look(): Calls<void> {
    yield* this.serve(RECEIVE)
    yield* this.serve(SEND)
  }

  *leave(): Calls<void> {
    yield call('ringUnpark', this.#me, this.#ring, RECEIVE)
    yield call('ringUnpark', this.#me, this.#ring, SEND)
  }

  *#serveReceivers(): Calls<boolean> {
    let sendersMayGoOn = false
    do {
      while (this.receivers > 0) {
        const status = yield call('ringReceive', this.#me, this.#ring)
        if (status === WOULD_BLOCK) break
        this.receivers--
        this.received.push(status === CLOSED ? CLOSED : [yield read(threadBlock(this.#me) + ANSWER)])
        if (status === OK_SELF) sendersMayGoOn = true
      }
    } while (yield* this.#again(this.receivers > 0, RECEIVE))
    return sendersMayGoOn
  }

  *#serveSenders(): Calls<boolean> {
    let receiversMayGoOn = false
    do {
      while (this.senders.length > 0) {
        const status = yield call('ringSend', this.#me, this.#ring, this.senders[0]!)
        if (status === WOULD_BLOCK) break
        this.senders.shift()
        this.sent.push(status === CLOSED ? CLOSED : OK)
        if (status === OK_SELF) receiversMayGoOn = true
      }
    } while (yield* this.#again(this.senders.length > 0, SEND))
    return receiversMayGoOn
  }

  *#again(somebodyWaits: boolean, direction: number): Calls<boolean> {
    if (somebodyWaits) return (yield call('ringPark', this.#me, this.#ring, direction)) !== 0
    while ((yield call('ringPassBaton', this.#me, this.#ring, direction)) === OK_SELF);
    return false
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
  return function* (memory) {
    const remembered = memory && (JSON.parse(memory as string) as Waiting)
    const waiters = new RingWaiters(
      me,
      ring,
      remembered || { receivers, senders: values, received: [], sent: [] },
    )
    if (remembered) {
      const hashes = yield* nextMail(me)
      if (hashes.length > 0) yield* waiters.look()
    } else {
      if (receivers > 0) yield* waiters.serve(RECEIVE)
      if (values.length > 0) yield* waiters.serve(SEND)
    }
    if (!waiters.isLeft) return new Again(waiters.waiting)
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
