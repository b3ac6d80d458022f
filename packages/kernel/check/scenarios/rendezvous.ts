// Unbuffered channels and selects over them. Each value goes from one operation to one other, both of which say so, and nobody stays
// parked whose counterpart is parked too.

import type { Mutation } from '../check-kernel.js'
import { KIND, RECEIVE, SEND } from '../kernel-constants.js'
import { call, type Operation, type Program } from '../program.js'
import { reaper, shareAmong } from '../reaper.js'
import { type Case, selectUnbuffered, tryUnbuffered } from '../rendezvous-operation.js'
import type { End, Scenario } from '../scenario.js'

/** A case, or `close`, on channel a, b or c: 'a!' sends, 'a?' receives; 'a! now' does not wait. */
type Plan = readonly string[]

interface Options {
  readonly deaths?: number
  readonly long?: boolean
}

/** How often a claim looks again at somebody who is busy: for what can go wrong, twice is as good as 64 times. */
const fewerLooks: Mutation = {
  file: 'rendezvous.ts',
  from: 'const BUSY_LOOKS: u32 = 64',
  to: 'const BUSY_LOOKS: u32 = 2',
}

function rendezvousScenario(plans: readonly Plan[], options: Options = {}): Scenario {
  const { deaths = 0 } = options
  const threads = plans.length + (deaths ? 1 : 0)
  return {
    name: `unbuffered: ${plans.map(plan => plan.join(' or ')).join(' | ')}${deaths ? ', with a death' : ''}`,
    threads,
    ...options,
    smaller: fewerLooks,
    make(machine) {
      const { kernel } = machine
      const names = [...new Set(plans.flat().map(one => one[0]!))]
      const channels = names.map(() => kernel.rendezvousCreate!(0))
      for (const channel of channels) shareAmong(machine, channel, threads)
      // Nobody needs a new chunk on the way: that is what the heap's own scenarios are about.
      for (let thread = 0; thread < plans.length; thread++) {
        kernel.tokenFree!(thread, kernel.tokenCreate!(thread, plans[thread]!.length))
        kernel.heapFree!(thread, kernel.heapAllocate!(thread, 64))
      }
      const cases = plans.map((plan, thread): Case[] =>
        plan.flatMap((one, i) => {
          if (one.endsWith('close')) return []
          const channel = channels[names.indexOf(one[0]!)]!
          return [{ channel, direction: one[1] === '!' ? SEND : RECEIVE, value: 100 * thread + i + 1 }]
        }),
      )
      const operation = (plan: Plan, thread: number): Operation => {
        if (plan[0]!.endsWith('close')) return close(thread, channels[0]!)
        return (plan[0]!.endsWith('now') ? tryUnbuffered : selectUnbuffered)(thread, cases[thread]!)
      }
      const programs: Program[] = plans.map((plan, thread) => ({
        operations: [operation(plan, thread)],
        mortal: true,
      }))
      if (deaths) programs.push(reaper(plans.length))
      return {
        names: Object.fromEntries(channels.map((channel, i) => [names[i]!, channel])),
        programs,
        end: end => unpaired(end, cases) ?? stranded(end, cases),
      }
    },
  }
}

const close = (me: number, channel: number): Operation => ({
  name: 'close',
  *run() {
    return yield call('rendezvousClose', me, channel)
  },
})

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
    if (machine.kernel.tokenTaken!(thread, state.threads[thread]!.memory as number) >= 0)
      return `thread ${thread} is not told that it may go on`
  }
  return undefined
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
      ['b?', 'c!'],
    ],
    { long: true },
  ),
]
