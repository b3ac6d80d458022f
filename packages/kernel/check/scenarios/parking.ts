// Threads that sleep until a ring has room, or a value: tickets, batons, mailboxes and bells. In the end nobody may be asleep
// who could go on.

import { channelSpecification } from '../channel-specification.js'
import { BELL, OK, OK_SELF, RECEIVE, SUM, threadBlock } from '../kernel-constants.js'
import type { Machine } from '../machine.js'
import { call, type Operation, type Program } from '../program.js'
import { reaper, shareAmong } from '../reaper.js'
import { PARKED_RECEIVER, receiveWaiting, sendWaiting, waitAtRing } from '../ring-waiters.js'
import type { End, Scenario } from '../scenario.js'
import { drainRing, startBelowWrap } from './ring.js'

type Make = (me: number, ring: number) => Operation

const close: Make = (me, ring) => ({
  name: 'close',
  *run() {
    const status = yield call('ringClose', me, ring)
    return status === OK_SELF ? OK : status
  },
})
const receive: Make = receiveWaiting
/** Sends if there is room. */
const trySend =
  (value: number): Make =>
  (me, ring) => ({
    name: 'send',
    value,
    *run() {
      const status = yield call('ringSend', me, ring, value)
      return status === OK_SELF ? OK : status
    },
  })
/** As `receive`, but parked already when it begins. */
const parkedReceive: Make = (me, ring) => {
  const { name, run } = receiveWaiting(me, ring)
  return { name, run: memory => run(memory ?? PARKED_RECEIVER) }
}
const send =
  (value: number): Make =>
  (me, ring) =>
    sendWaiting(me, ring, value)

/** Several goroutines of one thread. Their operations are one here, which the specification does not know. */
const together =
  (receivers: number, ...values: number[]): Make =>
  (me, ring) => ({ name: 'together', run: waitAtRing(me, ring, { receivers, values }) })

/** Says who sleeps for ever. */
function stranded({ machine, isAsleep, state }: End, ring: number): string | undefined {
  for (let thread = 0; thread < state.threads.length; thread++) {
    if (!isAsleep(thread)) continue
    const block = threadBlock(thread)
    if (machine.word(block + BELL) !== 1) return `thread ${thread} sleeps with its bell lowered`
    if (machine.word(block + SUM) || machine.word(block + SUM + 4))
      return `thread ${thread} sleeps on unread mail`
    const waiting = JSON.parse((state.threads[thread]!.memory ?? PARKED_RECEIVER) as string)
    if (waiting.receivers > 0 && machine.kernel.ringCanReceive!(ring))
      return `thread ${thread} waits for a value, and there is one`
    if (waiting.senders.length > 0 && machine.kernel.ringCanSend!(ring))
      return `thread ${thread} waits for room, and there is some`
  }
  return undefined
}

interface Options {
  readonly before?: number
  readonly deaths?: number
  readonly long?: boolean
  readonly unordered?: boolean
}

function parkingScenario(
  name: string,
  capacity: number,
  threads: readonly (readonly Make[])[],
  options: Options = {},
): Scenario {
  const { before = 0, deaths = 0, unordered = false } = options
  return {
    name: `waiting at a ring of ${capacity}: ${name}${deaths ? ', with a death' : ''}`,
    threads: threads.length + (deaths ? 1 : 0),
    ...options,
    make(machine) {
      const { kernel } = machine
      // By whoever clears up, if anybody dies: it would have to cut up the chunks that somebody dead had begun.
      const maker = deaths ? threads.length : 0
      const ring = kernel.ringCreate!(maker, capacity, startBelowWrap(capacity))
      shareAmong(machine, ring, threads.length + (deaths ? 1 : 0), maker)
      const values = Array.from({ length: before }, (_, i) => 101 + i)
      for (const value of values) kernel.ringSend!(maker, ring, value)
      threads.forEach(([first], me) => {
        if (first === parkedReceive) kernel.ringPark!(me, ring, RECEIVE)
      })
      const programs: Program[] = threads.map((operations, me) => ({
        operations: operations.map(make => make(me, ring)),
        mortal: true,
      }))
      if (deaths) programs.push(reaper(threads.length))
      return {
        names: {
          ring,
          'ring.interest[receive]': ring + 24,
          'ring.interest[send]': ring + 32,
          'ring.head': ring + 64,
          'ring.tail': ring + 128,
          slots: machine.word(ring + 200),
        },
        programs,
        ...(unordered
          ? {}
          : {
              specification: withReap({
                ...channelSpecification(capacity),
                initial: { values, closed: false },
              }),
              drain: (machine: Machine) => drainRing(machine, maker, ring),
            }),
        end: end => stranded(end, ring),
      }
    },
  }
}

function withReap(specification: ReturnType<typeof channelSpecification>) {
  return {
    ...specification,
    apply: (...[state, name, value, outcome]: Parameters<typeof specification.apply>) =>
      name === 'reap' ? [state] : specification.apply(state, name, value, outcome),
  } as never
}

export const parkingScenarios: readonly Scenario[] = [
  parkingScenario('receive | send', 1, [[receive], [send(1)]]),
  parkingScenario('receive | send, send', 1, [[receive], [send(1), send(2)]]),
  parkingScenario('receive | send', 1, [[receive], [send(1)]], { deaths: 1 }),
  parkingScenario('parked receive | parked receive | send', 1, [[parkedReceive], [parkedReceive], [send(1)]]),
  parkingScenario('parked receive | parked receive | close', 1, [[parkedReceive], [parkedReceive], [close]]),
  parkingScenario('two receivers together | send, send', 2, [[together(2)], [send(1), send(2)]], {
    unordered: true,
  }),
  parkingScenario('sender and receiver together | send', 1, [[together(1, 1)], [send(2)]], {
    unordered: true,
  }),
  parkingScenario(
    'receive | parked receive | trySend, trySend',
    2,
    [[receive], [parkedReceive], [trySend(1), trySend(2)]],
    { long: true },
  ),
  parkingScenario(
    'receive, receive | send, send',
    1,
    [
      [receive, receive],
      [send(1), send(2)],
    ],
    { long: true },
  ),
  parkingScenario('receive | receive | send', 1, [[receive], [receive], [send(1)]], { long: true }),
  parkingScenario('receive | receive | send, send', 1, [[receive], [receive], [send(1), send(2)]], {
    long: true,
  }),
  parkingScenario('full; send | send | receive', 1, [[send(1)], [send(2)], [receive]], {
    before: 1,
    long: true,
  }),
  parkingScenario('receive | receive | close', 1, [[receive], [receive], [close]], { long: true }),
  parkingScenario(
    'parked receive | parked receive | send',
    1,
    [[parkedReceive], [parkedReceive], [send(1)]],
    { deaths: 1, long: true },
  ),
]
