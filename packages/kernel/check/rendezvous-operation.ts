// One goroutine of a thread that sends, receives or selects on unbuffered channels: what core's select, RendezvousMedium and
// Posting do, call for call. It is written again here because JavaScript, unlike the kernel, cannot be stopped in the middle
// of a function.

import { nextMail } from './event-loop.js'
import { ANSWER, CLOSED, HASHES, INBOX, RESCAN, SEND, threadBlock, WOULD_BLOCK } from './kernel-constants.js'
import { Again, call, type Operation, type Outcome, type Request, read, write } from './program.js'

type Calls<T> = Generator<Request, T, number>

export interface Case {
  readonly channel: number
  readonly direction: 0 | 1
  readonly value?: number
  /** How often it is looked at while it is offered, before the operation is posted. 0, or left out: it is not offered. */
  readonly looks?: number
}

const hashOf = (address: number): number => (address >>> 6) % HASHES

/** What an operation is at. */
type Stage = 'attempts' | 'offers' | 'attempts again' | 'posts' | 'looks' | 'claims' | 'listens'

/** What it remembers of a stage: the case that it is at, its token, and what it was told to look at: channels, or 0 for its token. */
type Progress = readonly [stage: Stage, index: number, token: number, told: readonly number[]]

const BEGUN: Progress = ['attempts', 0, 0, []]
const OWN_TOKEN = 0

/** The token of an operation that remembers `memory`, or 0. */
export const tokenOf = (memory: Outcome): number => (memory as Progress | null)?.[2] ?? 0

class Select {
  readonly #me: number
  readonly #cases: readonly Case[]
  #stage: Stage
  #index: number
  #token: number
  #told: readonly number[]

  constructor(me: number, cases: readonly Case[], progress = BEGUN) {
    this.#me = me
    this.#cases = cases
    ;[this.#stage, this.#index, this.#token, this.#told] = progress
  }

  get progress(): Progress {
    return [this.#stage, this.#index, this.#token, this.#told]
  }

  /** Nobody was there for any case. */
  get hasTried(): boolean {
    return this.#stage !== 'attempts'
  }

  /** Goes one step on: what can be done without remembering anything else. Answers what the operation does, once it is over. */
  *turn(): Calls<Outcome | undefined> {
    switch (this.#stage) {
      case 'attempts':
        return (yield* this.attempt()) ?? this.#next('offers')
      case 'offers':
        return (
          (yield* this.offer()) ??
          this.#go(this.#offered && this.#cases.length > 1 ? 'attempts again' : 'posts')
        )
      case 'attempts again':
        return (yield* this.attempt()) ?? this.#next('posts')
      case 'posts':
        yield* this.#post()
        return this.#go('looks')
      case 'looks':
        if (yield call('rendezvousLook', this.#me, this.#token, this.#index)) this.#stage = 'claims'
        else this.#next('listens')
        return undefined
      case 'claims':
        return yield* this.#claim()
      case 'listens':
        return yield* this.#listen()
    }
  }

  #go(stage: Stage): undefined {
    this.#stage = stage
    this.#index = 0
  }

  /** The next case, or after the last one another stage. */
  #next(stage: Stage): undefined {
    if (++this.#index === this.#cases.length) this.#go(stage)
  }

  /** Claims a counterpart of the case that it is at: what the operation answers, or undefined. */
  *attempt(): Calls<Outcome | undefined> {
    const index = this.#index
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

  get #offered(): Case | undefined {
    return this.#cases.find(({ looks = 0 }) => looks > 0)
  }

  /** Offers the case that is to be offered, if there is one. */
  *offer(): Calls<Outcome | undefined> {
    const offered = this.#offered
    if (!offered) return undefined
    const { channel, direction, value = 0, looks = 0 } = offered
    const others = yield* this.#listOthers(offered)
    if ((yield call('offerWait', this.#me, channel, direction, value, looks, others)) === 0) return undefined
    const answer = yield read(threadBlock(this.#me) + ANSWER)
    return [this.#cases.indexOf(offered), direction === SEND ? 'sent' : answer]
  }

  /** Lists where counterparts may be offered beside `offered`. Answers how many places that are. */
  *#listOthers(offered: Case): Calls<number> {
    const others = this.#cases.filter(one => one !== offered)
    if (others.length === 0) return 0
    const inbox = yield read(threadBlock(this.#me) + INBOX)
    for (const [index, { channel, direction }] of others.entries()) {
      yield write(inbox + 4 * index, channel | direction)
    }
    return others.length
  }

  *#post(): Calls<void> {
    this.#token = yield call('tokenCreate', this.#me, this.#cases.length)
    for (const [index, { channel, direction, value = 0 }] of this.#cases.entries()) {
      yield call('tokenCase', this.#token, index, channel, direction, value)
    }
    yield call('tokenPost', this.#me, this.#token)
    yield call('tokenOpen', this.#token)
  }

  /** A counterpart was there. */
  *#claim(): Calls<Outcome | undefined> {
    if (!(yield call('tokenHold', this.#token))) return yield* this.#taken()
    const outcome = yield* this.attempt()
    if (outcome) return outcome
    // It got away meanwhile. Opened again, the operation has to look again.
    yield call('tokenOpen', this.#token)
    return this.#go('looks')
  }

  /** What somebody has committed the operation with, if anybody has. */
  *#taken(): Calls<Outcome | undefined> {
    const index = yield call('tokenTaken', this.#me, this.#token)
    if (index < 0) return undefined
    const answer = yield read(threadBlock(this.#me) + ANSWER)
    yield call('tokenFree', this.#me, this.#token)
    return [index, this.#cases[index]!.direction === SEND ? 'sent' : answer]
  }

  /** Looks at what it was told to look at, or sleeps until it is told. */
  *#listen(): Calls<Outcome | undefined> {
    const [channel, ...told] = this.#told
    if (channel === undefined) {
      this.#told = this.#toldBy(yield* nextMail(this.#me))
      return undefined
    }
    this.#told = told
    if (channel === OWN_TOKEN) return yield* this.#taken()
    if (!(yield call('rendezvousClosed', channel))) return this.#go('looks')
    if (!(yield call('tokenHold', this.#token))) return yield* this.#taken()
    yield call('tokenFree', this.#me, this.#token)
    return [this.#cases.findIndex(one => one.channel === channel), 'closed']
  }

  /** Goes by what was in the mailbox, and by nothing else. */
  #toldBy(hashes: readonly number[]): readonly number[] {
    const objects = [OWN_TOKEN, ...new Set(this.#cases.map(({ channel }) => channel))]
    return hashes.flatMap(hash =>
      objects.filter(object => hash === RESCAN || hash === hashOf(object || this.#token)),
    )
  }
}

/** Tries each case once, and does not wait: 'none' if nobody is there. */
export function tryUnbuffered(me: number, cases: readonly Case[]): Operation {
  return {
    name: 'try',
    *run(memory) {
      const select = new Select(me, cases, (memory as Progress | null) ?? BEGUN)
      const outcome = yield* select.turn()
      return outcome ?? (select.hasTried ? [0, 'none'] : new Again(select.progress))
    },
  }
}

/** Offers the first case, and does nothing else: 'none' if nobody has come for it. */
export function offerUnbuffered(me: number, cases: readonly Case[]): Operation {
  return {
    name: 'offer',
    *run() {
      return (yield* new Select(me, cases).offer()) ?? [0, 'none']
    },
  }
}

/** Answers [case, value received | 'sent' | 'closed']. */
export function selectUnbuffered(me: number, cases: readonly Case[]): Operation {
  return {
    name: 'select',
    *run(memory) {
      const select = new Select(me, cases, (memory as Progress | null) ?? BEGUN)
      return (yield* select.turn()) ?? new Again(select.progress)
    },
  }
}
