// One goroutine of a thread that sends, receives or selects on unbuffered channels: what core's select, RendezvousMedium and
// Posting do, call for call. It is written again here because JavaScript, unlike the kernel, cannot be stopped in the middle
// of a function.

import { nextMail } from './event-loop.js'
import { ANSWER, CLOSED, HASHES, RESCAN, SEND, threadBlock, WOULD_BLOCK } from './kernel-constants.js'
import { Again, call, type Operation, type Outcome, type Request, read } from './program.js'

type Calls<T> = Generator<Request, T, number>

export interface Case {
  readonly channel: number
  readonly direction: 0 | 1
  readonly value?: number
  /** How often it is looked at while it is offered, before the operation is posted. 0, or left out: it is not offered. */
  readonly looks?: number
}

const hashOf = (address: number): number => (address >>> 6) % HASHES

class Select {
  readonly #me: number
  readonly #cases: readonly Case[]
  #token: number

  constructor(me: number, cases: readonly Case[], token: number) {
    this.#me = me
    this.#cases = cases
    this.#token = token
  }

  get token(): number {
    return this.#token
  }

  /** Claims a counterpart of case `index`: what the operation answers, or undefined. */
  *attempt(index: number): Calls<Outcome | undefined> {
    const { channel, direction, value } = this.#cases[index]!
    const status =
      direction === SEND
        ? yield call('rendezvousSend', this.#me, channel, value!)
        : yield call('rendezvousReceive', this.#me, channel)
    if (status === WOULD_BLOCK) return undefined
    const answer = yield read(threadBlock(this.#me) + ANSWER)
    if (this.#token) yield call('tokenFree', this.#me, this.#token)
    return status === CLOSED ? [index, 'closed'] : [index, direction === SEND ? 'sent' : answer]
  }

  *attemptAll(): Calls<Outcome | undefined> {
    for (let index = 0; index < this.#cases.length; index++) {
      const outcome = yield* this.attempt(index)
      if (outcome) return outcome
    }
    return undefined
  }

  /** Offers the case that is to be offered, if there is one. */
  *offer(): Calls<Outcome | undefined> {
    const index = this.#cases.findIndex(({ looks = 0 }) => looks > 0)
    if (index < 0) return undefined
    const { channel, direction, value = 0, looks = 0 } = this.#cases[index]!
    if ((yield call('rendezvousAwait', this.#me, channel, direction, value, looks)) > 0) {
      const answer = yield read(threadBlock(this.#me) + ANSWER)
      return [index, direction === SEND ? 'sent' : answer]
    }
    // Whoever has other cases looks at them too before it offers again, or posts.
    return this.#cases.length > 1 ? yield* this.attemptAll() : undefined
  }

  *post(): Calls<Outcome | undefined> {
    this.#token = yield call('tokenCreate', this.#me, this.#cases.length)
    for (const [index, { channel, direction, value = 0 }] of this.#cases.entries()) {
      yield call('tokenCase', this.#token, index, channel, direction, value)
    }
    yield call('tokenPost', this.#me, this.#token)
    yield call('tokenOpen', this.#token)
    return yield* this.again()
  }

  /** Looks at the cases of the open token until it is over or nobody is there. */
  *again(): Calls<Outcome | undefined> {
    for (;;) {
      let counterpart = -1
      for (let index = 0; index < this.#cases.length && counterpart < 0; index++) {
        if (yield call('rendezvousLook', this.#me, this.#token, index)) counterpart = index
      }
      if (counterpart < 0) return undefined
      if (!(yield call('tokenHold', this.#token))) return yield* this.taken()
      const outcome = yield* this.attempt(counterpart)
      if (outcome) return outcome
      yield call('tokenOpen', this.#token)
    }
  }

  /** What somebody has committed the operation with, if anybody has. */
  *taken(): Calls<Outcome | undefined> {
    const index = yield call('tokenTaken', this.#me, this.#token)
    if (index < 0) return undefined
    const answer = yield read(threadBlock(this.#me) + ANSWER)
    yield call('tokenFree', this.#me, this.#token)
    return [index, this.#cases[index]!.direction === SEND ? 'sent' : answer]
  }

  /** The thread was told to look at a channel. */
  *look(channel: number): Calls<Outcome | undefined> {
    if (!(yield call('rendezvousClosed', channel))) return yield* this.again()
    if (!(yield call('tokenHold', this.#token))) return yield* this.taken()
    yield call('tokenFree', this.#me, this.#token)
    return [this.#cases.findIndex(one => one.channel === channel), 'closed']
  }

  /** Goes by what was in the mailbox, and by nothing else. */
  *mail(hashes: readonly number[]): Calls<Outcome | undefined> {
    const channels = [...new Set(this.#cases.map(({ channel }) => channel))]
    for (const hash of hashes) {
      if (hash === hashOf(this.#token) || hash === RESCAN) {
        const outcome = yield* this.taken()
        if (outcome) return outcome
      }
      for (const channel of channels) {
        if (hash !== hashOf(channel) && hash !== RESCAN) continue
        const outcome = yield* this.look(channel)
        if (outcome) return outcome
      }
    }
    return undefined
  }
}

/** Tries the first case, and does not wait: 'none' if nobody is there. */
export function tryUnbuffered(me: number, cases: readonly Case[]): Operation {
  return {
    name: 'try',
    *run() {
      return (yield* new Select(me, cases, 0).attempt(0)) ?? [0, 'none']
    },
  }
}

/** Offers the first case, and does nothing else: 'none' if nobody has come for it. */
export function offerUnbuffered(me: number, cases: readonly Case[]): Operation {
  return {
    name: 'offer',
    *run() {
      return (yield* new Select(me, cases, 0).offer()) ?? [0, 'none']
    },
  }
}

/** Answers [case, value received | 'sent' | 'closed']. While it is parked it remembers its token. */
export function selectUnbuffered(me: number, cases: readonly Case[]): Operation {
  return {
    name: 'select',
    *run(memory) {
      const select = new Select(me, cases, (memory as number | null) ?? 0)
      const outcome =
        memory === null
          ? ((yield* select.attemptAll()) ?? (yield* select.offer()) ?? (yield* select.post()))
          : yield* select.mail(yield* nextMail(me))
      return outcome ?? new Again(select.token)
    },
  }
}
