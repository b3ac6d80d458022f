// Unbuffered channels and selects over them. Each value goes from one operation to one other, both of which say so, and nobody stays
// parked whose counterpart is parked too.

import type { Mutation } from '../check-kernel.js'
import { classOf, freeBlocks, twice } from '../free-blocks.js'
import { CELLS, KIND, RECEIVE, SEND } from '../kernel-constants.js'
import type { Machine } from '../machine.js'
import { call, type Operation, type Program } from '../program.js'
import { reaper, shareAmong } from '../reaper.js'
import {
  type Case,
  offerUnbuffered,
  selectUnbuffered,
  tokenOf,
  tryUnbuffered,
} from '../rendezvous-operation.js'
import type { End, Scenario } from '../scenario.js'

/**
 * A case, or `close`, on channel a, b or c: 'a!' sends, 'a?' receives; 'a! now' does not wait; 'a! offers' is offered before the operation
 * is posted; 'a! only offers' is offered, and that is all.
 */
type Plan = readonly string[]

interface Options {
  readonly deaths?: number
  readonly long?: boolean
  /** How often an operation looks while it is offered. */
  readonly looks?: number
}

/** For what can go wrong, twice is as good as 64 times, and no time at all as good as some nanoseconds. */
const smaller: readonly Mutation[] = [
  // How often a claim looks again at somebody who is busy.
  { file: 'rendezvous.ts', from: 'const BUSY_LOOKS: u32 = 64', to: 'const BUSY_LOOKS: u32 = 2' },
  // What a thread does between two looks at its offer: a word of its own would be one more place to die at.
  { file: 'offer.ts', from: '    spinBetweenLooks(me)\n', to: '' },
]

/** Of a channel: the word that offers are laid down in (assembly/offer.ts). */
const OFFER = 192

export function rendezvousScenario(plans: readonly Plan[], options: Options = {}): Scenario {
  const { deaths = 0, looks = 2 } = options
  const threads = plans.length + (deaths ? 1 : 0)
  const maker = threads - 1 // does not die, if others do
  return {
    name: `unbuffered: ${plans.map(plan => plan.join(' or ')).join(' | ')}${deaths ? ', with a death' : ''}`,
    threads,
    ...options,
    smaller,
    make(machine) {
      const { kernel } = machine
      const names = [...new Set(plans.flat().map(one => one[0]!))]
      // Only whoever clears up after the dead frees what a channel's values own.
      const channels = names.map(() => kernel.rendezvousCreate!(maker, deaths ? CELLS : 0))
      for (const channel of channels) shareAmong(machine, channel, threads, maker)
      // Nobody needs a new chunk on the way: that is what the heap's own scenarios are about. Nor has a thread that dies the rest of
      // one, which its reaper would cut up.
      plans.forEach((plan, thread) => {
        if (!mayPost(plan)) return
        kernel.tokenFree!(thread, kernel.tokenCreate!(maker, plan.length))
        // A board and its array for each case.
        const blocks = plan.flatMap(() => [1, 2]).map(() => kernel.heapAllocate!(maker, 64))
        for (const block of blocks) kernel.heapFree!(thread, block)
      })
      const caseOf = (one: string, thread: number, index: number): Case => {
        const channel = channels[names.indexOf(one[0]!)]!
        const looked = one.endsWith('offers') ? { looks } : {}
        if (one[1] === '?') return { channel, direction: RECEIVE, ...looked }
        const value = deaths ? kernel.heapAllocate!(maker, 16) : 100 * thread + index + 1
        return { channel, direction: SEND, value, ...looked }
      }
      const cases = plans.map((plan, thread) =>
        plan.flatMap((one, index) => (one.endsWith('close') ? [] : [caseOf(one, thread, index)])),
      )
      const operation = (plan: Plan, thread: number): Operation => {
        if (plan[0]!.endsWith('close')) return close(thread, channels[0]!)
        if (plan[0]!.endsWith('only offers')) return offerUnbuffered(thread, cases[thread]!)
        return (plan[0]!.endsWith('now') ? tryUnbuffered : selectUnbuffered)(thread, cases[thread]!)
      }
      const programs: Program[] = plans.map((plan, thread) => ({
        operations: [operation(plan, thread)],
        mortal: true,
      }))
      const offers = [
        ...new Set(cases.flat().flatMap(({ channel, looks }) => (looks ? [channel + OFFER] : []))),
      ]
      if (deaths) programs.push(reaper(plans.length, offers))
      return {
        names: Object.fromEntries(
          channels.flatMap((channel, i) => [
            [names[i]!, channel],
            [`${names[i]!}.offer`, channel + OFFER],
          ]),
        ),
        programs,
        always: machine => forgotten(machine, offers),
        end: end =>
          unpaired(end, cases) ??
          stranded(end, cases) ??
          (offers.some(offer => end.machine.word(offer) !== 0) ? 'an offer is left' : undefined) ??
          (deaths ? lost(end, cases) : undefined),
      }
    },
  }
}

/** Whether the operation waits until somebody comes, so that it needs a token. */
const mayPost = ([first]: Plan): boolean => !/(close|now|only offers)$/.test(first!)

const close = (me: number, channel: number): Operation => ({
  name: 'close',
  *run() {
    return yield call('rendezvousClose', me, channel)
  },
})

/** Says whose offer there is, though its thread is alive and does not look at it. */
function forgotten(machine: Machine, offers: readonly number[]): string | undefined {
  for (const offer of offers) {
    const word = machine.word(offer)
    if (word === 0) continue
    const thread = offeredBy(word)
    const { status, request } = machine.threads[thread]!
    if (status !== 'dead' && !(request && 'call' in request && request.call === 'offerWait'))
      return `the offer of thread ${thread} is left, which does not look at it`
  }
  return undefined
}

const offeredBy = (word: number): number => (word >>> 3) & 63

/** Says which value did not go from one to one. */
function unpaired({ outcomes, isDead }: End, cases: readonly (readonly Case[])[]): string | undefined {
  const sent: number[] = []
  const received: number[] = []
  let dead = 0
  cases.forEach((own, thread) => {
    const outcome = outcomes[thread]![0] as readonly [number, number | string] | undefined
    if (outcome === undefined && isDead(thread)) dead++
    if (!Array.isArray(outcome) || outcome[1] === 'closed' || outcome[1] === 'none') return
    const { direction, value } = own[outcome[0]]!
    if (direction === SEND) sent.push(value!)
    else received.push(outcome[1] as number)
  })
  const values = cases.flat().flatMap(({ direction, value }) => (direction === SEND ? [value!] : []))
  const invented = received.find((value, i) => !values.includes(value) || received.indexOf(value) !== i)
  if (invented !== undefined)
    return `${invented} was received, and not sent once: sent ${sent}, received ${received}`
  // One of the two may have died with its half of it.
  const halves =
    sent.filter(value => !received.includes(value)).length +
    received.filter(value => !sent.includes(value)).length
  return halves > dead ? `sent ${sent}, received ${received}` : undefined
}

/** Says who sleeps for ever. */
function stranded(
  { machine, state, isAsleep }: End,
  cases: readonly (readonly Case[])[],
): string | undefined {
  const asleep = cases.flatMap((own, thread) =>
    isAsleep(thread) ? own.map(one => ({ ...one, thread })) : [],
  )
  for (const { channel, direction, thread } of asleep) {
    if (machine.word(channel + KIND) === 0) return `thread ${thread} waits at a channel that is freed`
    if (machine.kernel.rendezvousClosed!(channel)) return `thread ${thread} sleeps at a closed channel`
    const other = asleep.find(
      one => one.channel === channel && one.direction !== direction && one.thread !== thread,
    )
    if (other) return `threads ${thread} and ${other.thread} sleep, and could go on together`
    if (machine.kernel.tokenTaken!(thread, tokenOf(state.threads[thread]!.memory)) >= 0)
      return `thread ${thread} is not told that it may go on`
  }
  return undefined
}

/** Says which value is freed and is somebody's, or is nobody's and not freed: a death leaves at most one operation's behind. */
function lost(
  { machine, state, outcomes, isDead }: End,
  cases: readonly (readonly Case[])[],
): string | undefined {
  const ended = cases.map((_, thread) =>
    isDead(thread) ? undefined : (outcomes[thread]![0] as readonly [number, number | string] | undefined),
  )
  const values = cases.flatMap((own, thread) =>
    own.flatMap(({ value }, index) => {
      if (value === undefined) return []
      const isSent = ended[thread]?.[0] === index && ended[thread]?.[1] === 'sent'
      const isOwned = (!isDead(thread) && !isSent) || ended.some(outcome => outcome?.[1] === value)
      return [{ value, isOwned }]
    }),
  )
  const [first] = values
  if (!first) return undefined
  const free = freeBlocks(machine, classOf(machine, first.value), state.threads.length)
  const freed = values.find(({ value, isOwned }) => isOwned && free.includes(value))
  if (freed) return `${freed.value} is freed, and is somebody's`
  const left = values.filter(({ value, isOwned }) => !isOwned && !free.includes(value))
  const [reaped, ...offers] = [outcomes[cases.length]![0] ?? []].flat() as number[]
  if (reaped === undefined) return left.length > 0 ? `${left[0]!.value} is nobody's` : undefined
  // What was offered was not in its thread's hand any more.
  const offered = offers.filter(word => word !== 0 && offeredBy(word) === reaped).length
  if (left.length > cases[reaped]!.length - offered) return `${left[0]!.value} is nobody's, and not freed`
  return twice(free.filter(block => values.some(({ value }) => value === block)))
}

export const rendezvousScenarios: readonly Scenario[] = [
  rendezvousScenario([['a!'], ['a?']]),
  rendezvousScenario([['a?'], ['a! now'], ['a! now']]),
  rendezvousScenario([['a?'], ['a close']]),
  rendezvousScenario([['a?'], ['a!']], { deaths: 1, long: true }),
  rendezvousScenario([
    ['a!', 'b?'],
    ['a?', 'b!'],
  ]),
  rendezvousScenario([['a!'], ['a!'], ['a?']], { long: true }),
  rendezvousScenario([['a?'], ['a!'], ['a close']], { long: true }),
  rendezvousScenario([['a!', 'b?'], ['a?'], ['b!']], { long: true }),
  rendezvousScenario(
    [
      ['a!', 'c?'],
      ['a?', 'b!'],
      ['b? now', 'c! now'],
    ],
    { long: true },
  ),
]
