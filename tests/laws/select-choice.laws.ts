import { type Case, type Chan, select, send, trySelect } from '@millrace/core'
import { equal, ok, show } from './expect.js'
import type { Law } from './law.js'

import { readyChannels } from './ready-channels.js'

/** How often each of `cases` is chosen. */
async function tally(trials: number, count: number, cases: () => readonly Case[]): Promise<number[]> {
  const counts = new Array<number>(count).fill(0)
  for (let i = 0; i < trials; i++) counts[(await select(cases())).case]!++
  return counts
}

const within = (counts: number[], low: number, high: number) =>
  ok(
    counts.every(count => count >= low && count <= high),
    `the choice is not uniform: ${show(counts)}, each should be ${low} to ${high}`,
  )

/** Among ready cases the choice is uniform. */
export const selectChoiceLaws: Law[] = [
  {
    name: 'with two cases always ready each is chosen half the time',
    rule: 20,
    async run(world) {
      const [a, b] = (await readyChannels(world, 2, 1)) as [Chan<number>, Chan<number>]
      const counts = { a: 0, b: 0 }
      for (let i = 0; i < 10_000; i++) {
        const hit = await select({ a, b })
        counts[hit.case]++
        ok((hit.case === 'a' ? a : b).trySend(i), 'no room')
      }
      within([counts.a, counts.b], 4500, 5500) // ten standard deviations
    },
  },
  {
    name: 'of 100 selects between two sends each is chosen more than ten times',
    rule: 20,
    async run(world) {
      const channels = await world.chans<number>(2, 100)
      for (let i = 0; i < 100; i++) await select(channels.map(channel => send(channel, i)))
      for (const channel of channels) ok(channel.length > 10, `a send was chosen ${channel.length} times`)
      equal(channels[0]!.length + channels[1]!.length, 100)
    },
  },
  {
    name: 'among eight cases, closed channels and nil ones between them, the choice is uniform',
    rule: 20,
    async run(world) {
      const channels = await world.chans<number>(8, 1)
      for (const channel of channels) channel.close()
      const idle = await world.chan<number>(1)
      const cases = channels.flatMap(channel => [null, channel, idle])
      const counts = await tally(16_000, 24, () => cases)
      const chosen = counts.filter((_, i) => i % 3 === 1)
      within(chosen, 1580, 2420) // ten standard deviations
      equal(
        chosen.reduce((a, b) => a + b),
        16_000,
      )
    },
  },
  {
    name: 'a channel that is named twice has two chances',
    rule: 19,
    async run(world) {
      const [twice, once] = (await world.chans<number>(2, 1)) as [Chan<number>, Chan<number>]
      twice.close()
      once.close()
      within(await tally(15_000, 3, () => [twice, once, twice]), 4420, 5580)
    },
  },
  {
    name: 'among receives and sends that are ready the choice is uniform too',
    rule: 20,
    async run(world) {
      const channel = await world.chan<number>(2)
      channel.trySend(0)
      const counts = { got: 0, sent: 0 }
      for (let i = 0; i < 10_000; i++) {
        const hit = trySelect({ got: channel, sent: send(channel, i) })
        counts[hit!.case]++
        if (hit!.case === 'got') channel.trySend(0)
        else channel.tryReceive()
      }
      within([counts.got, counts.sent], 4500, 5500)
    },
  },
  {
    name: 'with one case ready at every moment a select never finds none',
    rule: 21,
    async run(world) {
      const [a, b] = (await world.chans<number>(2, 1)) as [Chan<number>, Chan<number>]
      a.trySend(0)
      for (let i = 0; i < 2000; i++) {
        const [from, to] = i % 2 === 0 ? [a, b] : [b, a]
        ok(to.trySend(0), 'no room')
        from.tryReceive()
        const hit = trySelect([b, a])
        ok(hit, 'nothing was ready')
        ok(to.trySend(0), 'the value came from elsewhere')
      }
    },
  },
  {
    name: 'there is no priority: the first case does not win against the second',
    rule: 29,
    async run(world) {
      const [stop, work] = (await world.chans<number>(2, 1)) as [Chan<number>, Chan<number>]
      stop.close()
      work.close()
      const counts = await tally(1000, 2, () => [stop, work])
      within(counts, 340, 660)
    },
  },
]
