import { anyValue, type Patience, RECEIVE, SEND } from '@millrace/kernel'
import { block, type SyncOptions, throwIfCanceled } from './block.js'
import { hasTime, ready, spendLooks } from './budget.js'
import { type Cancellation, cancellationOf, type WaitOptions } from './cancellation.js'
import { Channel, type ReceiveChan, type SendChan } from './chan.js'
import { keepResolve, keptResolve } from './kept-resolve.js'
import { LocalMedium } from './local-medium.js'
import { CLOSED, EMPTY, type Medium } from './medium.js'
import { randomBelow } from './random.js'
import { type Labels, type Operand, type Operands, type Result, Selection, Sending } from './selection.js'
import type { Resolve } from './wait-queue.js'

/** A look at a case takes as long as so many others. */
const LOOKS_PER_CASE = 2

/** How often it is looked whether somebody comes for the case that is offered, before all are looked at again. */
const OFFER_LOOKS = 8

/** Where counterparts can be offered: of so many places an offer takes note. */
const MOST_PLACES = 16

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
  const labels = labelsOf(cases)
  const operands = operandsOf(cases, labels)
  return attemptInOneMoment(operands, labels) as Selected<C> | undefined
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
  const labels = labelsOf(cases)
  const operands = operandsOf(cases, labels)
  const result =
    attemptInOneMoment(operands, labels) ??
    block<Result>(
      'selectSync',
      () => operands.every(operand => !operand || mediumOf(operand) instanceof LocalMedium),
      options,
      (resolve, reject, context) => {
        const selection = new Selection(resolve, reject)
        selection.park(operands, labels, context)
        return selection
      },
    )
  return result as Selected<C>
}

function choose(cases: Cases, options: WaitOptions | undefined): Promise<Result> {
  try {
    const labels = labelsOf(cases)
    const operands = operandsOf(cases, labels)
    const cancellation = options && cancellationOf(options)
    if (cancellation?.canceled) return Promise.reject(cancellation.reason)
    const result = attempt(operands, labels) ?? attemptSoon(operands, labels)
    return result ? ready(result) : wait(operands, labels, cancellation)
  } catch (error) {
    return Promise.reject(error)
  }
}

function wait(operands: Operands, labels: Labels, cancellation: Cancellation | undefined): Promise<Result> {
  if (cancellation) return waitUnless(cancellation, operands, labels)
  const promise = new Promise<Result>(keepResolve)
  new Selection(keptResolve as Resolve<Result>, undefined).park(operands, labels, undefined)
  return promise
}

// On its own, as the function inside would make what cannot be cancelled dearer.
function waitUnless(cancellation: Cancellation, operands: Operands, labels: Labels): Promise<Result> {
  return new Promise((resolve, reject) => new Selection(resolve, reject).park(operands, labels, cancellation))
}

function labelsOf(cases: Cases): Labels {
  if (typeof cases !== 'object' || cases === null) {
    throw new TypeError('select: the cases must be an object or an array')
  }
  return Array.isArray(cases) ? undefined : Object.keys(cases)
}

function operandsOf(cases: Cases, labels: Labels): Operands {
  if (labels === undefined) return operandsOfArray(cases as readonly Case[])
  const operands = new Array<Operand | undefined>(labels.length)
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]
    operands[i] = operandOf((cases as { readonly [label: string]: Case })[label], label)
  }
  return operands
}

/** The array itself where each case is its own operand, none being null or a send on a nil channel: no copy is made for nothing. */
function operandsOfArray(cases: readonly Case[]): Operands {
  let operands: (Operand | undefined)[] | undefined
  for (let i = 0; i < cases.length; i++) {
    const operand = operandOf(cases[i], i)
    if (operands === undefined && operand !== cases[i]) operands = cases.slice(0, i) as Operand[]
    if (operands !== undefined) operands.push(operand)
  }
  return operands ?? (cases as Operands)
}

function operandOf(operand: unknown, label: string | number): Operand | undefined {
  if (operand === null || operand === undefined) return undefined
  if (operand instanceof Channel) return operand
  if (operand instanceof Sending) {
    const { channel, value } = operand
    if (!channel) return undefined
    // Whichever case will be chosen, what does not fit is refused.
    if (channel.medium.element !== anyValue) channel.medium.element.accept(value, 'value')
    return operand
  }
  throw new TypeError(
    `select: case ${JSON.stringify(label)} must be a channel (to receive), send(channel, value), null or undefined`,
  )
}

const mediumOf = (operand: Operand): Medium =>
  operand instanceof Channel ? operand.medium : operand.channel!.medium

/**
 * Does one of the cases that are ready, each with the same chance; undefined if each was seen not to be, one after the other. As in Go it
 * looks at them in an order that is random, and does the first that is ready: where most are, it need not look at most.
 */
function attempt(operands: Operands, labels: Labels): Result | undefined {
  const order = orderOf(operands.length)
  for (let i = 0; i < order.length; ) {
    const at = i + randomBelow(order.length - i)
    const index = order[at]
    order[at] = order[i]
    order[i++] = index
    const operand = operands[index]
    if (!operand) continue
    const receives = operand instanceof Channel
    if (!(receives ? operand.medium.canReceive() : operand.channel!.medium.canSend())) continue
    const label = labels ? labels[index] : index
    if (receives) {
      const value = operand.medium.tryReceive()
      if (value === CLOSED) return { case: label, value: undefined, ok: false }
      if (value !== EMPTY) return { case: label, value, ok: true }
    } else if (operand.channel!.medium.trySend(operand.value)) {
      return { case: label, value: undefined, ok: true }
    }
    i = 0 // another thread was quicker: all are looked at again
  }
  return undefined
}

/** For each number of cases, up to MOST_KEPT: their numbers in some order. Who draws one after the other from it may begin with any. */
const orders: number[][] = []
const MOST_KEPT = 64

function orderOf(length: number): number[] {
  if (length > MOST_KEPT) return numbersBelow(length)
  orders[length] ??= numbersBelow(length)
  return orders[length]
}

const numbersBelow = (length: number): number[] => Array.from({ length }, (_, i) => i)

/**
 * As `attempt`, but answers undefined only if there was a moment when no case was ready: over channels that other threads use at the
 * same time, nothing may have moved while all were looked at. Whoever parks need not know: he is served, whatever moves.
 */
function attemptInOneMoment(operands: Operands, labels: Labels): Result | undefined {
  for (let before = movesOf(operands); ; ) {
    const result = attempt(operands, labels)
    if (result || before === undefined) return result
    const moves = movesOf(operands)
    if (moves === before) return undefined
    before = moves
  }
}

/** The sum of what has moved; it stands still only if all of them do, as none goes back. Undefined where only this thread can move any. */
function movesOf(operands: Operands): number | undefined {
  let moves: number | undefined
  for (let i = 0; i < operands.length; i++) {
    const operand = operands[i]
    if (!operand) continue
    const ones = mediumOf(operand).moves
    if (ones !== undefined) moves = (moves ?? 0) + ones
  }
  return moves
}

/** Looks on for a while, if that was not in vain lately on the first of the channels that other threads can make ready. */
function attemptSoon(operands: Operands, labels: Labels): Result | undefined {
  const patience = patienceOf(operands)
  if (patience === undefined || !hasTime() || !patience.ask()) return undefined
  const most = patience.looks
  let looks = 0
  let result: Result | undefined
  while (result === undefined && looks < most) {
    const places = listPlaces(operands) // each time: what is attempted may fill the inbox
    if (places > 0) {
      result = offer(operands, labels, places)
      looks += OFFER_LOOKS
    }
    result ??= attempt(operands, labels)
    looks += LOOKS_PER_CASE * operands.length
  }
  spendLooks(looks)
  patience.learn(result !== undefined)
  return result
}

function patienceOf(operands: Operands): Patience | undefined {
  for (let i = 0; i < operands.length; i++) {
    const operand = operands[i]
    if (!operand) continue
    const medium = mediumOf(operand)
    const patience = medium.patienceIn?.(operand instanceof Channel ? medium.receivers : medium.senders)
    if (patience) return patience
  }
  return undefined
}

/** Offers one of the cases that can be, chosen at random, to other threads, or until a counterpart is offered at one of the `places` listed. */
function offer(operands: Operands, labels: Labels, places: number): Result | undefined {
  const first = randomBelow(operands.length)
  for (let i = 0; i < operands.length; i++) {
    const index = (first + i) % operands.length
    const operand = operands[index]
    const medium = operand && mediumOf(operand)
    if (!medium?.offerReceive || !medium.offerSend) continue
    const label = labels ? labels[index] : index
    if (operand instanceof Channel) {
      const value = medium.offerReceive(OFFER_LOOKS, places)
      return value === EMPTY ? undefined : { case: label, value, ok: true }
    }
    return medium.offerSend((operand as Sending).value, OFFER_LOOKS, places)
      ? { case: label, value: undefined, ok: true }
      : undefined
  }
  return undefined
}

/** Lists where counterparts can be offered; answers how many places that are. */
function listPlaces(operands: Operands): number {
  let places = 0
  for (let i = 0; i < operands.length && places < MOST_PLACES; i++) {
    const operand = operands[i]
    const medium = operand && mediumOf(operand)
    if (medium?.listPlace) medium.listPlace(places++, operand instanceof Channel ? RECEIVE : SEND)
  }
  return places
}
