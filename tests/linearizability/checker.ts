import type { Event, History } from './history.js'

// Is there an order of the operations in which each takes effect at one moment between its call and its return, and in which
// a channel that does one thing at a time would have answered the same? After Wing and Gong (1993), with Lowe's memory of
// the configurations that led nowhere (2017).
//
// On an unbuffered channel a send and its receive take effect at the same moment, together.

/** Answers an order of the events (indices; partners of a rendezvous side by side), or undefined if there is none. */
export function linearize({ capacity, events }: History): number[] | undefined {
  if (events.length > 31) throw new RangeError('the checker takes histories of at most 31 events')
  const order: number[] = []
  const deadEnds = new Set<string>()

  /** `done` is a set of events; `queue` what is buffered after them. */
  const search = (done: number, queue: readonly number[], closed: boolean): boolean => {
    if (order.length === events.length) return true
    const key = `${done} ${closed} ${queue.join()}`
    if (deadEnds.has(key)) return false
    const next = candidates(events, done)
    for (const i of next) {
      const after = step(events[i]!, queue, closed, capacity)
      if (after) {
        order.push(i)
        if (search(done | (1 << i), after.queue, after.closed)) return true
        order.pop()
      }
    }
    if (capacity === 0 && !closed) {
      for (const i of next) {
        for (const j of next) {
          const [sends, receives] = [events[i]!.outcome, events[j]!.outcome]
          if (sends.did !== 'sent' || receives.did !== 'received' || sends.value !== receives.value) continue
          order.push(i, j)
          if (search(done | (1 << i) | (1 << j), queue, closed)) return true
          order.length -= 2
        }
      }
    }
    deadEnds.add(key)
    return false
  }
  return search(0, [], false) ? order : undefined
}

/** The events that may come next: called before any other that is not done has returned. */
function candidates(events: readonly Event[], done: number): number[] {
  let firstReturn = Infinity
  for (const [i, { returned }] of events.entries()) {
    if (!(done & (1 << i))) firstReturn = Math.min(firstReturn, returned)
  }
  return [...events.keys()].filter(i => !(done & (1 << i)) && events[i]!.called < firstReturn)
}

/** What a channel that does one thing at a time is after an event; undefined if it would not have answered so. */
function step(
  { outcome }: Event,
  queue: readonly number[],
  closed: boolean,
  capacity: number,
): { queue: readonly number[]; closed: boolean } | undefined {
  switch (outcome.did) {
    case 'sent':
      return !closed && queue.length < capacity ? { queue: [...queue, outcome.value], closed } : undefined
    case 'received':
      return queue[0] === outcome.value ? { queue: queue.slice(1), closed } : undefined
    case 'nothing': {
      // Without a buffer, who is parked cannot be seen in a history: nobody may have been.
      const isBlocked = outcome.side === 'send' ? queue.length === capacity : queue.length === 0
      return !closed && isBlocked ? { queue, closed } : undefined
    }
    case 'failed':
      return closed ? { queue, closed } : undefined
    case 'ended':
      return closed && queue.length === 0 ? { queue, closed } : undefined
    case 'closed':
      return closed ? undefined : { queue, closed: true }
  }
}
