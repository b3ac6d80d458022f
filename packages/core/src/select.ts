import { anyValue } from '@millrace/kernel'
import { block, type SyncOptions, throwIfCanceled } from './block.js'
import { ready, serve } from './budget.js'
import { type Cancellable, type Cancellation, cancellationOf, type WaitOptions } from './cancellation.js'
import { Channel, type ReceiveChan, type SendChan } from './chan.js'
import { keepShapes } from './kept-shapes.js'
import { LocalMedium } from './local-medium.js'
import { CLOSED, EMPTY } from './medium.js'
import { randomBelow } from './random.js'
import { leave, SingleWaiter, Waiter } from './wait-queue.js'

declare const SENDS: unique symbol

/** A case that sends `value` on `channel`. Made by `send`. */
export interface SendCase {
  readonly [SENDS]: true
}

/** A receive (a channel), a send, or a nil channel, which is never ready. */
export type Case = ReceiveChan<unknown> | SendCase | null | undefined

/** What select chooses among: a labelled object, or an array when the cases are not known beforehand. */
export type Cases = { readonly [label: string]: Case } | readonly Case[]

type Outcome<L, C> = C extends SendCase
  ? { case: L; value: undefined; ok: true }
  : C extends ReceiveChan<infer T>
    ? { case: L; value: T; ok: true } | { case: L; value: undefined; ok: false }
    : never

/** Which case was chosen, and what it received: `ok` is false if its channel is closed and drained. */
export type Selected<C extends Cases> = C extends readonly (infer Element)[]
  ? number extends C['length']
    ? Outcome<number, Element>
    : {
        [I in keyof C & `${number}`]: Outcome<I extends `${infer N extends number}` ? N : never, C[I]>
      }[keyof C & `${number}`]
  : { [L in keyof C]: Outcome<L, C[L]> }[keyof C]

/** A send that `select` may choose. A nil channel makes a case that is never ready. */
export function send<T>(channel: SendChan<T> | null | undefined, value: T): SendCase {
  if (channel != null && !(channel instanceof Channel)) {
    throw new TypeError('send: the first argument must be a channel, null or undefined')
  }
  return new Sending(channel ?? undefined, value) as unknown as SendCase
}

class Sending {
  readonly channel: Channel<unknown> | undefined
  readonly value: unknown

  constructor(channel: Channel<unknown> | undefined, value: unknown) {
    this.channel = channel
    this.value = value
  }
}

interface Result {
  case: string | number
  value: unknown
  ok: boolean
}

/** One case, with its operands evaluated. */
interface Ready {
  label: string | number
  channel: Channel<unknown>
  sends: boolean
  value: unknown
}

/**
 * Waits until one of the cases can go on, and does that one. If several can, the choice is uniform. The other cases have no
 * effect at all. With no case that could ever be ready it waits for ever. Go's `select`.
 *
 * Rejects with ChanClosedError if it chooses a send on a closed channel. Cancelled, it rejects with the signal's reason, and
 * no case has happened. Costs time in proportion to the number of cases, whatever else waits on their channels.
 *
 * @throws {TypeError} (as a rejection) A case is not a channel, a send, null or undefined. Nothing has happened then.
 *
 * @example
 * const words = chan<string>(1)
 * const hit = await select({ word: words, told: send(words, 'hello') })
 * hit.case // => 'told'
 */
export function select<const C extends Cases>(cases: C, options?: WaitOptions): Promise<Selected<C>> {
  return choose(cases, options) as Promise<Selected<C>>
}

/**
 * Does one of the cases that can go on now, chosen as `select` does, or answers undefined. Go's `select` with a `default`.
 *
 * @throws {ChanClosedError} It chose a send on a closed channel.
 * @throws {TypeError} A case is not a channel, a send, null or undefined.
 */
export function trySelect<const C extends Cases>(cases: C): Selected<C> | undefined {
  return attempt(evaluate(cases)) as Selected<C> | undefined
}

/**
 * Chooses as `select` does, and blocks the thread until a case can go on: its other goroutines stand still meanwhile, and so does
 * its event loop. Timers and contexts among the cases work as ever. For threads of the pool.
 *
 * @throws {ChanClosedError} It chose a send on a closed channel.
 * @throws {DeadlockError} No other thread could ever make a case ready.
 * @throws {MainThreadBlockedError} On a page's main thread, which must not block.
 * @throws {TypeError} A case is not a channel, a send, null or undefined.
 */
export function selectSync<const C extends Cases>(cases: C, options?: SyncOptions): Selected<C> {
  throwIfCanceled(options)
  const evaluated = evaluate(cases)
  const media = evaluated.map(({ channel }) => channel.medium)
  const result =
    attempt(evaluated) ??
    block<Result>(
      'selectSync',
      () => media.every(medium => medium instanceof LocalMedium),
      options,
      (resolve, reject, context) => {
        const selection = new Selection(evaluated, resolve, reject)
        selection.park(context)
        return selection
      },
    )
  return result as Selected<C>
}

function choose(cases: Cases, options: WaitOptions | undefined): Promise<Result> {
  try {
    const evaluated = evaluate(cases)
    const cancellation = options && cancellationOf(options)
    if (cancellation?.canceled) return Promise.reject(cancellation.reason)
    const result = attempt(evaluated)
    if (result) return ready(result)
    return new Promise((resolve, reject) => {
      new Selection(evaluated, resolve, reject).park(cancellation)
    })
  } catch (error) {
    return Promise.reject(error)
  }
}

function evaluate(cases: Cases): Ready[] {
  const evaluated: Ready[] = []
  if (Array.isArray(cases)) {
    for (let i = 0; i < cases.length; i++) addCase(evaluated, i, cases[i])
  } else if (typeof cases === 'object' && cases !== null) {
    for (const label of Object.keys(cases)) addCase(evaluated, label, (cases as Record<string, Case>)[label])
  } else throw new TypeError('select: the cases must be an object or an array')
  return evaluated
}

function addCase(evaluated: Ready[], label: string | number, operand: unknown): void {
  if (operand === null || operand === undefined) return
  if (operand instanceof Channel) evaluated.push({ label, channel: operand, sends: false, value: undefined })
  else if (operand instanceof Sending) {
    const { channel, value } = operand
    if (!channel) return
    // As its other operands, what a case sends is looked at once, whichever case will be chosen.
    if (channel.medium.element !== anyValue) channel.medium.element.accept(value, 'value')
    evaluated.push({ label, channel, sends: true, value })
  } else {
    throw new TypeError(
      `select: case ${JSON.stringify(label)} must be a channel (to receive), send(channel, value), null or undefined`,
    )
  }
}

/**
 * Does one of the cases that are ready, each with the same chance. Answers undefined only if there was a moment when none was: over
 * channels that other threads use at the same time, nothing may have moved while all were looked at.
 */
function attempt(cases: Ready[]): Result | undefined {
  for (;;) {
    const before = movesOf(cases)
    const chosen = choice(cases)
    if (!chosen) {
      if (movesOf(cases) === before) return undefined
      continue
    }
    const { medium } = chosen.channel
    if (chosen.sends) {
      if (medium.trySend(chosen.value)) return { case: chosen.label, value: undefined, ok: true }
    } else {
      const value = medium.tryReceive()
      if (value === CLOSED) return { case: chosen.label, value: undefined, ok: false }
      if (value !== EMPTY) return { case: chosen.label, value, ok: true }
    }
    // Another thread was quicker. Look again.
  }
}

// None of them ever goes down, so their sum stands still only if they all do.
function movesOf(cases: Ready[]): number {
  let moves = 0
  for (const { channel } of cases) moves += channel.medium.moves
  return moves
}

function choice(cases: Ready[]): Ready | undefined {
  let chosen: Ready | undefined
  let count = 0
  for (const candidate of cases) {
    const { medium } = candidate.channel
    const isReady = candidate.sends ? medium.canSend() : medium.canReceive()
    // Each of the k ready cases seen so far is kept with probability 1/k.
    if (isReady && (++count === 1 || randomBelow(count) === 0)) chosen = candidate
  }
  return chosen
}

/** A goroutine that waits in a select. The first of its waiters to be served commits it and takes the others away. */
class Selection implements Cancellable {
  readonly #cases: Ready[]
  readonly #waiters: SelectWaiter[] = []
  readonly #resolve: (result: Result | Promise<Result>) => void
  readonly #reject: (error: unknown) => void
  #cancellation: Cancellation | undefined
  #committed = false
  #parked = false
  #post: ((waiters: readonly Waiter[]) => void) | undefined

  constructor(
    cases: Ready[],
    resolve: (result: Result | Promise<Result>) => void,
    reject: (error: unknown) => void,
  ) {
    this.#cases = cases
    this.#resolve = resolve
    this.#reject = reject
  }

  park(cancellation: Cancellation | undefined): void {
    try {
      for (const { label, channel, sends, value } of this.#cases) {
        const waiter = new SelectWaiter(this, label, value)
        this.#waiters.push(waiter)
        if (sends) channel.medium.parkSender(waiter)
        else channel.medium.parkReceiver(waiter)
        // A channel that other threads know may have become ready meanwhile, and have served the waiter.
        if (this.#committed) return
      }
      this.#parked = true
      this.#post?.(this.#waiters)
      if (this.#committed) return
    } catch (error) {
      this.fail(undefined, error)
      return
    }
    if (cancellation) {
      this.#cancellation = cancellation
      cancellation.add(this)
    }
  }

  postWith(post: (waiters: readonly Waiter[]) => void): void {
    if (this.#parked) post(this.#waiters)
    else this.#post = post
  }

  commit(winner: SelectWaiter, value: unknown, ok: boolean): void {
    this.#end(winner)
    serve(this.#resolve, { case: winner.label, value, ok })
  }

  fail(winner: SelectWaiter | undefined, error: unknown): void {
    this.#end(winner)
    this.#reject(error)
  }

  cancel(reason: unknown): void {
    const post = this.#waiters[0]?.post
    if (post && !post.hold()) return
    this.fail(undefined, reason)
  }

  #end(winner: SelectWaiter | undefined): void {
    this.#committed = true
    this.#waiters[0]?.post?.free()
    for (const waiter of this.#waiters) if (waiter !== winner) leave(waiter)
    this.#cancellation?.delete(this)
  }
}

class SelectWaiter extends Waiter {
  readonly label: string | number
  readonly #selection: Selection

  constructor(selection: Selection, label: string | number, value: unknown) {
    super(value)
    this.#selection = selection
    this.label = label
  }

  postWith(post: (waiters: readonly Waiter[]) => void): void {
    this.#selection.postWith(post)
  }

  received(value: unknown, ok: boolean): void {
    this.#selection.commit(this, value, ok)
  }

  sent(): void {
    this.#selection.commit(this, undefined, true)
  }

  failed(error: unknown): void {
    this.#selection.fail(this, error)
  }
}

const nothing = (): undefined => undefined
const selection = new Selection([], nothing, nothing)
const shapeChannel = new Channel<unknown>(new LocalMedium(0))
keepShapes(
  shapeChannel,
  shapeChannel.medium,
  selection,
  new SelectWaiter(selection, 0, undefined),
  new SelectWaiter(selection, '', undefined),
  new Sending(shapeChannel, undefined),
  new SingleWaiter(undefined, nothing, nothing, undefined),
  ...evaluate([shapeChannel]),
)
