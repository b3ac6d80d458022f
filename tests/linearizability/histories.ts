import process from 'node:process'
import { chan, go, main, runtime } from '@millrace/core'
import { currentThread } from '@millrace/kernel'
import { randomFrom, range } from '../laws/expect.js'
import { isLong, say, seed } from '../stress/seed.js'
import { linearize } from './checker.js'
import type { Event } from './history.js'
import { close, performAll, type Subject } from './recorder.js'

// Histories of random operations by goroutines of several threads on one channel, each checked against a channel that does one
// thing at a time.

const HISTORIES = isLong ? 200_000 : 10_000
const BATCH = 250
const STEPS = 5

main(async () => {
  runtime.configure({ threads: 3 })
  const random = randomFrom(seed)
  const thread = currentThread()
  const words = thread.allocate(4 * (BATCH + 2))
  const { i32 } = thread.memory
  const clock = words
  const ready = words + 4
  let [checked, events, overlapping] = [0, 0, 0]
  say({ seed, long: isLong })
  while (checked < HISTORIES) {
    const parties = 2 + random(3)
    i32.fill(0, words >> 2, (words >> 2) + BATCH + 2)
    const subjects: Subject[] = range(BATCH).map(i => {
      const running = words + 8 + 4 * i
      i32[running >> 2] = parties
      return { channel: chan<number>(random(4)), running, seed: random(2 ** 30) }
    })
    let over = false
    const performing = Promise.all(
      range(parties).map(who =>
        who === 0
          ? performAll(subjects, clock, who, STEPS, ready, parties)
          : go(performAll, subjects, clock, who, STEPS, ready, parties),
      ),
    ).finally(() => {
      over = true
    })
    // Where all who are left wait, perhaps for ever, the channel is closed; it is one more operation of the history.
    const closes = new Map<number, Event>()
    while (!over) {
      for (const [i, { channel, running }] of subjects.entries()) {
        if (!closes.has(i) && Atomics.load(i32, running >> 2) === 0) closes.set(i, close(clock, channel))
      }
      await runtime.gosched()
    }
    const performed = await performing
    for (const [i, { channel, seed: seedOfOne }] of subjects.entries()) {
      const last = closes.get(i)
      const history = {
        capacity: channel.capacity,
        events: [...performed.flatMap(each => each[i]!), ...(last ? [last] : [])],
      }
      if (!linearize(history)) {
        const inOrder = history.events.toSorted((a, b) => a.called - b.called)
        say({
          failed: 'a history has no order',
          capacity: history.capacity,
          seed,
          seedOfOne,
          events: inOrder,
        })
        process.exit(1)
      }
      checked++
      events += history.events.length
      overlapping += history.events.filter(a =>
        history.events.some(b => a.called < b.called && b.called < a.returned),
      ).length
    }
  }
  say({ ok: true, checked, events, overlapping, seed })
})
