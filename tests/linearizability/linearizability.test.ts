import { describe, expect, test } from 'vitest'
import { findHost } from '../hosts/find-host.js'
import { notFound } from '../hosts/host-laws.js'
import { stress, TIMEOUT_MS } from '../stress/run-stress.js'
import { linearize } from './checker.js'
import type { Event, Outcome } from './history.js'

const sent = (value: number): Outcome => ({ did: 'sent', value })
const received = (value: number): Outcome => ({ did: 'received', value })
const full: Outcome = { did: 'nothing', side: 'send' }
const empty: Outcome = { did: 'nothing', side: 'receive' }
const closed: Outcome = { did: 'closed' }
const failed: Outcome = { did: 'failed' }
const ended: Outcome = { did: 'ended' }

/** Events from [outcome, called, returned]. */
const history = (capacity: number, ...events: [Outcome, number, number][]) => ({
  capacity,
  events: events.map(
    ([outcome, called, returned]): Event => ({ operation: 'send', outcome, called, returned }),
  ),
})

describe('the checker', () => {
  test.for([
    [
      'values in order',
      history(2, [sent(1), 0, 1], [sent(2), 2, 3], [received(1), 4, 5], [received(2), 6, 7]),
    ],
    [
      'sends at once, received in either order',
      history(2, [sent(1), 0, 3], [sent(2), 1, 2], [received(2), 4, 5], [received(1), 6, 7]),
    ],
    ['a receive that began before its send', history(1, [received(1), 0, 5], [sent(1), 1, 2])],
    ['full, then room', history(1, [sent(1), 0, 1], [full, 2, 3], [received(1), 4, 5], [sent(2), 6, 7])],
    [
      'drained after close',
      history(1, [sent(1), 0, 1], [closed, 2, 3], [received(1), 4, 5], [ended, 6, 7], [failed, 8, 9]),
    ],
    ['a rendezvous', history(0, [sent(1), 0, 3], [received(1), 1, 2])],
    ['a try without anybody', history(0, [full, 0, 1], [empty, 2, 3])],
  ] as const)('accepts %s', ([, good]) => {
    expect(linearize(good)).toHaveLength(good.events.length)
  })

  test.for([
    [
      'values out of order',
      history(2, [sent(1), 0, 1], [sent(2), 2, 3], [received(2), 4, 5], [received(1), 6, 7]),
    ],
    ['a value twice', history(2, [sent(1), 0, 1], [received(1), 2, 3], [received(1), 4, 5])],
    ['a value that nobody sent', history(1, [received(1), 0, 1])],
    ['a value before it was sent', history(1, [received(1), 0, 1], [sent(1), 2, 3])],
    ['more than there is room for', history(1, [sent(1), 0, 1], [sent(2), 2, 3])],
    ['full with room', history(2, [sent(1), 0, 1], [full, 2, 3])],
    ['empty with a value', history(1, [sent(1), 0, 1], [empty, 2, 3])],
    ['a send after close', history(1, [closed, 0, 1], [sent(1), 2, 3])],
    [
      'the end before what is buffered',
      history(1, [sent(1), 0, 1], [closed, 2, 3], [ended, 4, 5], [received(1), 6, 7]),
    ],
    ['closed twice', history(1, [closed, 0, 1], [closed, 2, 3])],
    ['a failed send on an open channel', history(1, [failed, 0, 1])],
    [
      'a rendezvous of operations that were never at it together',
      history(0, [sent(1), 0, 1], [received(1), 2, 3]),
    ],
    ['a rendezvous after close', history(0, [closed, 0, 1], [sent(1), 2, 5], [received(1), 3, 4])],
  ] as const)('refuses %s', ([, bad]) => {
    expect(linearize(bad)).toBeUndefined()
  })
})

describe('what goroutines of several threads do at random to one channel could have been done one thing at a time', () => {
  for (const name of ['node', 'deno', 'bun'] as const) {
    const host = findHost(name)
    if (!host) {
      notFound(name, 'histories')
      continue
    }
    test(`10 000 histories on ${name}`, { timeout: TIMEOUT_MS }, async () => {
      const { checked, events, overlapping } = await stress(host, 'linearizability/histories')
      expect(checked).toBeGreaterThanOrEqual(10_000)
      // Histories that never overlap would prove nothing.
      expect(Number(overlapping)).toBeGreaterThan(Number(events) / 10)
    })
  }
})
