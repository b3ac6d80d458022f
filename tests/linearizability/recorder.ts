import { type Chan, go, parallel, runtime, select, send } from '@millrace/core'
import { currentThread } from '@millrace/kernel'
import { randomFrom } from '../laws/expect.js'
import type { Event, Operation, Outcome } from './history.js'

// Goroutines that do random operations and write down what came of them.

/** A channel that goroutines of several threads use at once. */
export interface Subject {
  readonly channel: Chan<number>
  /** Offset of a word of shared memory: goroutines that are neither through nor in an operation that may wait. */
  readonly running: number
  readonly seed: number
}

const OPERATIONS: readonly Operation[] = [
  'send',
  'receive',
  'trySend',
  'tryReceive',
  'select',
  'send',
  'receive',
  'close',
]

/** Runs `attempt` and records it. */
export function record(clock: number, operation: Operation, attempt: () => Outcome): Event {
  const { i32 } = currentThread().memory
  const called = Atomics.add(i32, clock >> 2, 1)
  const outcome = attempt()
  return { operation, outcome, called, returned: Atomics.add(i32, clock >> 2, 1) }
}

async function recordWait(
  clock: number,
  operation: Operation,
  attempt: () => Promise<Outcome>,
): Promise<Event> {
  const { i32 } = currentThread().memory
  const called = Atomics.add(i32, clock >> 2, 1)
  const outcome = await attempt()
  return { operation, outcome, called, returned: Atomics.add(i32, clock >> 2, 1) }
}

function ifClosed(error: unknown): Outcome {
  if ((error as { code?: string }).code !== 'ERR_CHAN_CLOSED') throw error
  return { did: 'failed' }
}

export function close(clock: number, channel: Chan<number>): Event {
  return record(clock, 'close', () => {
    try {
      channel.close()
      return { did: 'closed' }
    } catch (error) {
      return ifClosed(error)
    }
  })
}

const wait = {
  async send(channel: Chan<number>, value: number): Promise<Outcome> {
    try {
      await channel.send(value)
      return { did: 'sent', value }
    } catch (error) {
      return ifClosed(error)
    }
  },
  async receive(channel: Chan<number>): Promise<Outcome> {
    const { ok, value } = await channel.receiveOk()
    return ok ? { did: 'received', value } : { did: 'ended' }
  },
  async select(channel: Chan<number>, value: number): Promise<Outcome> {
    try {
      const hit = await select({ sent: send(channel, value), got: channel })
      if (hit.case === 'sent') return { did: 'sent', value }
      return hit.ok ? { did: 'received', value: hit.value } : { did: 'ended' }
    } catch (error) {
      return ifClosed(error)
    }
  },
}

const attempts = {
  trySend(channel: Chan<number>, value: number): Outcome {
    try {
      return channel.trySend(value) ? { did: 'sent', value } : { did: 'nothing', side: 'send' }
    } catch (error) {
      return ifClosed(error)
    }
  },
  tryReceive(channel: Chan<number>): Outcome {
    const received = channel.tryReceiveOk()
    if (!received) return { did: 'nothing', side: 'receive' }
    return received.ok ? { did: 'received', value: received.value } : { did: 'ended' }
  },
}

/** One goroutine of a history. Its values are `who * 100`, and up. */
async function perform(subject: Subject, clock: number, who: number, steps: number): Promise<Event[]> {
  const random = randomFrom(subject.seed + who)
  const { i32 } = currentThread().memory
  const { channel } = subject
  const events: Event[] = []
  for (let i = 0; i < steps; i++) {
    const operation = OPERATIONS[random(i === steps - 1 ? OPERATIONS.length : OPERATIONS.length - 1)]!
    const value = who * 100 + i
    if (operation === 'close') events.push(close(clock, channel))
    else if (operation === 'trySend' || operation === 'tryReceive') {
      events.push(record(clock, operation, () => attempts[operation](channel, value)))
    } else {
      Atomics.sub(i32, subject.running >> 2, 1)
      events.push(await recordWait(clock, operation, () => wait[operation](channel, value)))
      Atomics.add(i32, subject.running >> 2, 1)
    }
    if (random(4) === 0) await runtime.gosched()
  }
  Atomics.sub(i32, subject.running >> 2, 1)
  return events
}

/** This thread's part in many histories at once. `ready` is a word where the threads of a batch meet before they begin. */
export const performAll = parallel(
  import.meta.url,
  async function performAll(
    subjects: Subject[],
    clock: number,
    who: number,
    steps: number,
    ready: number,
    parties: number,
  ): Promise<Event[][]> {
    const { i32 } = currentThread().memory
    Atomics.add(i32, ready >> 2, 1)
    while (Atomics.load(i32, ready >> 2) < parties) await runtime.gosched()
    return Promise.all(subjects.map(subject => go(perform, subject, clock, who, steps)))
  },
)
