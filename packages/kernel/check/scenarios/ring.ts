// The sealed ring by itself: nobody waits, so nobody is woken. Positions begin just below the wrap-around of 32 bits.

import { channelSpecification } from '../channel-specification.js'
import { ANSWER, CLOSED, INBOX, OK, OK_SELF, threadBlock, WOULD_BLOCK } from '../kernel-constants.js'
import type { Machine } from '../machine.js'
import { call, type Operation, read } from '../program.js'
import type { Scenario } from '../scenario.js'

const send = (me: number, ring: number, value: number): Operation => ({
  name: 'send',
  value,
  *run() {
    return statusOf(yield call('ringSend', me, ring, value))
  },
})

const receive = (me: number, ring: number): Operation => ({
  name: 'receive',
  *run() {
    const status = statusOf(yield call('ringReceive', me, ring))
    return status === OK ? [yield read(threadBlock(me) + ANSWER)] : status
  },
})

const receiveMany = (me: number, ring: number, max: number): Operation => ({
  name: 'receiveMany',
  value: max,
  *run() {
    const status = statusOf(yield call('ringReceiveMany', me, ring, max))
    if (status !== OK) return status
    const count = yield read(threadBlock(me) + ANSWER)
    const inbox = yield read(threadBlock(me) + INBOX)
    const values: number[] = []
    for (let i = 0; i < count; i++) values.push(yield read(inbox + 4 * i))
    return values
  },
})

const close = (me: number, ring: number): Operation => ({
  name: 'close',
  *run() {
    return statusOf(yield call('ringClose', me, ring))
  },
})

const statusOf = (status: number): number => (status === OK_SELF ? OK : status)

/** Receives what is left, to the end. */
export function drainRing(machine: Machine, me: number, ring: number) {
  const found: { name: string; outcome: number | number[] }[] = []
  for (let i = 0; i < 7; i++) {
    const status = statusOf(machine.kernel.ringReceive!(me, ring))
    found.push({
      name: 'receive',
      outcome: status === OK ? [machine.word(threadBlock(me) + ANSWER)] : status,
    })
    if (status === WOULD_BLOCK || status === CLOSED) break
  }
  return found
}

/** Where the first position of a ring is the last or last but one before 2^32. */
export const startBelowWrap = (capacity: number): number => {
  let slots = 2
  while (slots <= capacity) slots *= 2
  return 2 ** 32 - 2 * slots
}

type Make = (me: number, ring: number) => Operation
const s =
  (value: number): Make =>
  (me, ring) =>
    send(me, ring, value)
const many =
  (max: number): Make =>
  (me, ring) =>
    receiveMany(me, ring, max)

function ringScenario(
  name: string,
  capacity: number,
  threads: readonly (readonly Make[])[],
  options: { before?: number; deaths?: number; long?: boolean } = {},
): Scenario {
  return {
    name: `ring of ${capacity}: ${name}`,
    threads: threads.length,
    ...options,
    make(machine) {
      const { kernel } = machine
      const ring = kernel.ringCreate!(0, capacity, startBelowWrap(capacity))
      const before = Array.from({ length: options.before ?? 0 }, (_, i) => 101 + i)
      for (const value of before) kernel.ringSend!(0, ring, value)
      const specification = channelSpecification(capacity)
      return {
        names: { ring, 'ring.head': ring + 64, 'ring.tail': ring + 128, slots: machine.word(ring + 200) },
        specification: { ...specification, initial: { values: before, closed: false } } as never,
        programs: threads.map((operations, me) => ({
          operations: operations.map(make => make(me, ring)),
          mortal: true,
        })),
        drain: machine => drainRing(machine, 0, ring),
      }
    },
  }
}

export const ringScenarios: readonly Scenario[] = [
  ringScenario('send, send | receive, receive', 1, [
    [s(1), s(2)],
    [receive, receive],
  ]),
  ringScenario('send | send | receive', 1, [[s(1)], [s(2)], [receive]]),
  ringScenario('send, send | receive | receive', 1, [[s(1), s(2)], [receive], [receive]]),
  ringScenario('send | close | receive', 1, [[s(1)], [close], [receive]]),
  ringScenario('send, send | close | receive, receive', 2, [[s(1), s(2)], [close], [receive, receive]]),
  ringScenario('close | close | send', 1, [[close], [close], [s(1)]]),
  ringScenario('full; send | receive, receive | close', 1, [[s(1)], [receive, receive], [close]], {
    before: 1,
  }),
  ringScenario('receiveMany | receive | send, send', 2, [[many(2)], [receive], [s(1), s(2)]], { before: 1 }),
]
