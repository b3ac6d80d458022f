import { chan, go } from '@millrace/core'
import { PubSub, type Subscription } from '@millrace/patterns'
import { equal, eventually, isError, ok, range, rejects, staysParked, throws } from './expect.js'
import type { Law } from './law.js'
import * as parallelFixtures from './parallel-fixtures.js'
import * as fixtures from './pub-sub-fixtures.js'

function buffered<T>(subscription: Subscription<T>): T[] {
  const values: T[] = []
  for (let next = subscription.tryReceiveOk(); next?.ok; next = subscription.tryReceiveOk())
    values.push(next.value)
  return values
}

/** Rules 2, 4 and 8 of the API: publish and subscribe between threads. */
export const pubSubLaws: Law[] = [
  {
    name: 'a subscriber on another thread gets what is published from then on, in order',
    rule: 'API 4',
    async run() {
      const pubSub = new PubSub<number>()
      const ready = chan<unknown>(1)
      const listening = go(fixtures.listen<number>, pubSub, 'a.*', { buffer: 100 }, ready, 50)
      await ready.receive()
      equal(pubSub.stats.subscriptions, 1)
      equal(pubSub.tryPublish('b.x', -1), 0)
      for (const n of range(50)) equal(pubSub.tryPublish('a.x', n), 1)
      equal(await listening, { values: range(50), dropped: 0 })
      await eventually(() => pubSub.stats.subscriptions === 0, 'the end of the subscription')
      equal(pubSub.tryPublish('a.x', 0), 0)
      pubSub.close()
    },
  },
  {
    name: 'publishers on other threads reach a subscriber here, each in its order, and nothing is lost if it blocks',
    rule: 'API 4',
    async run() {
      const pubSub = new PubSub<number>()
      const all = pubSub.subscribe('>', { buffer: 3, policy: 'block' })
      const published = Promise.all(
        range(4).map(i => go(fixtures.publishMany, pubSub, `from.${i}`, i * 1000, 100)),
      )
      const seen: number[] = []
      for (let i = 0; i < 400; i++) seen.push((await all.receive())!)
      await published
      for (const i of range(4)) {
        equal(
          seen.filter(n => Math.floor(n / 1000) === i),
          range(100).map(n => i * 1000 + n),
        )
      }
      equal(all.dropped, 0)
      const { published: count, delivered, dropped } = await go(fixtures.statsOf, pubSub)
      equal([count, delivered, dropped], [400, 400, 0])
      pubSub.close()
    },
  },
  {
    name: 'who has subscribed on one thread gets what another publishes after that',
    rule: 'API 4',
    async run() {
      const pubSub = new PubSub<number>()
      const [told, done] = [chan<[string, number]>(1), chan<unknown>(1)]
      const publishing = go(fixtures.publishWhenTold<number>, pubSub, told, done)
      for (const round of range(20)) {
        const ready = chan<unknown>(1)
        const here = pubSub.subscribe('x')
        const listening = go(fixtures.listen<number>, pubSub, 'x', {}, ready, 1)
        await ready.receive()
        await told.send(['x', round])
        await done.receive()
        equal(await listening, { values: [round], dropped: 0 }, `round ${round}`)
        equal(buffered(here), [round])
        here.unsubscribe()
      }
      told.close()
      await publishing
      pubSub.close()
    },
  },
  {
    name: 'a slow subscriber on another thread delays nobody, and knows what it has lost',
    rule: 'API 4',
    async run() {
      const pubSub = new PubSub<number>()
      for (const [policy, values, dropped] of [
        ['drop-newest', [0, 1], 8],
        ['drop-oldest', [8, 9], 8],
        ['evict', [0, 1], 1],
      ] as const) {
        const [ready, told] = [chan<unknown>(1), chan<'exit' | 'unsubscribe'>(1)]
        const before = pubSub.stats
        const holding = go(fixtures.hold<number>, pubSub, policy, { policy, buffer: 2 }, ready, told)
        await ready.receive()
        for (const n of range(10)) await pubSub.publish(policy, n)
        await told.send('unsubscribe')
        equal(await holding, { values, dropped }, policy)
        equal(pubSub.stats.dropped - before.dropped, dropped, 'the sum of what was dropped')
      }
      pubSub.close()
    },
  },
  {
    name: 'one that blocks makes publishers on every thread wait, until it unsubscribes',
    rule: 'API 4',
    async run() {
      const pubSub = new PubSub<number>()
      const [ready, told] = [chan<unknown>(1), chan<'exit' | 'unsubscribe'>(1)]
      const holding = go(fixtures.hold<number>, pubSub, 'x', { policy: 'block', buffer: 0 }, ready, told)
      await ready.receive()
      const [here, there] = [pubSub.publish('x', 1), go(fixtures.publishMany, pubSub, 'x', 2, 1)]
      await staysParked('a publish', here, there)
      equal(pubSub.tryPublish('x', 3), 0)
      equal(await go(fixtures.tryPublishOnce<number>, pubSub, 'x', 4), 0)
      await told.send('unsubscribe')
      await Promise.all([here, there, holding])
      pubSub.close()
    },
  },
  {
    name: 'a PubSub closed on one thread is closed on all, and all its subscriptions end',
    rule: 'API 3',
    async run() {
      const pubSub = new PubSub<number>()
      const ready = chan<unknown>(4)
      const here = pubSub.subscribe('a')
      const listening = range(4).map(() => go(fixtures.listen<number>, pubSub, 'a', {}, ready))
      for (const _ of range(4)) await ready.receive()
      await pubSub.publish('a', 1)
      equal(await go(fixtures.closePubSub, pubSub), true)
      for (const { values } of await Promise.all(listening)) equal(values, [1])
      equal(pubSub.closed, true)
      equal(await here.receiveMany(9), [1])
      equal(await here.receive(), undefined)
      const words = 'send on closed channel (the PubSub is closed)'
      isError(await rejects(pubSub.publish('a', 2), 'publish'), 'ERR_CHAN_CLOSED', words)
      isError(
        throws(() => pubSub.subscribe('a'), 'subscribe'),
        'ERR_CHAN_CLOSED',
        words,
      )
      isError(
        await rejects(go(fixtures.publishMany, pubSub, 'a', 0, 1), 'publish elsewhere'),
        'ERR_CHAN_CLOSED',
        words,
      )
    },
  },
  {
    name: 'a PubSub arrives as one and the same, and comes home as itself',
    rule: 'API 4',
    async run() {
      const pubSub = new PubSub<number>()
      equal(await go(parallelFixtures.areSame, pubSub, pubSub), true)
      const back = (await go(parallelFixtures.identity, [pubSub])) as unknown[]
      ok(back[0] === pubSub, 'another one came back')
      pubSub.close()
    },
  },
  {
    name: 'a PubSub goes on from thread to thread, and all of them hear each other',
    rule: 'API 4',
    async run() {
      const pubSub = new PubSub<number>()
      const ready = chan<unknown>(10)
      const here = pubSub.subscribe('x')
      // Each has subscribed before the next does, and hears what the deeper ones publish, and itself.
      equal(await go(fixtures.handOn, pubSub, ready, 3), [1, 1, 2, 2, 3, 3, 4, 4])
      equal(buffered(here), [0, 1, 2, 3])
      equal(pubSub.stats.published, 4)
      await eventually(() => pubSub.stats.subscriptions === 1, 'the end of the subscriptions')
      pubSub.close()
    },
  },
  {
    name: 'a value that cannot cross to a subscriber is refused with its path, and counts as dropped',
    rule: 'API 5',
    needs: ['threads'],
    async run() {
      const pubSub = new PubSub<unknown>()
      const [ready, told] = [chan<unknown>(1), chan<'exit' | 'unsubscribe'>(1)]
      const holding = go(fixtures.hold<unknown>, pubSub, 'x', {}, ready, told)
      await ready.receive()
      const value = { job: { callback: () => {} } }
      const error = await rejects(pubSub.publish('x', value), 'publish')
      isError(error, 'ERR_DATA_CLONE', 'value.job.callback')
      isError(
        throws(() => pubSub.tryPublish('x', value), 'tryPublish'),
        'ERR_DATA_CLONE',
        'value.job.callback',
      )
      equal(pubSub.tryPublish('x', 'fine'), 1)
      await told.send('unsubscribe')
      equal(await holding, { values: ['fine'], dropped: 2 })
      pubSub.close()
    },
  },
  {
    name: 'a subscriber whose thread has died holds up nobody any more',
    rule: 'API 8',
    needs: ['process.exit'],
    async run() {
      const pubSub = new PubSub<number>()
      const [ready, told] = [chan<unknown>(1), chan<'exit' | 'unsubscribe'>(1)]
      const holding = go(fixtures.hold<number>, pubSub, 'x', { policy: 'block', buffer: 0 }, ready, told)
      holding.catch(() => {})
      await ready.receive()
      const published = pubSub.publish('x', 1)
      await staysParked('a publish', published)
      await told.send('exit')
      await published
      equal(pubSub.stats.subscriptions, 0)
      equal(pubSub.stats.dropped, 1, 'what it waited with counts as dropped')
      await pubSub.publish('x', 2)
      pubSub.close()
    },
  },
  {
    name: 'threads that die while they subscribe and publish hold up nobody, and nothing is left of them',
    rule: 'API 8',
    needs: ['process.exit'],
    timeoutMs: 30_000,
    async run() {
      const pubSub = new PubSub<number>()
      const all = pubSub.subscribe('>', { buffer: 10, policy: 'drop-oldest' })
      const results = await Promise.allSettled(
        range(24).map(seed => go(fixtures.comeAndGo, pubSub, seed + 1, 20)),
      )
      for (const result of results) {
        if (result.status === 'rejected') isError(result.reason, 'ERR_THREAD_LOST', 'the thread')
      }
      await pubSub.publish('room.1', -1)
      await eventually(() => pubSub.stats.subscriptions === 1, 'the end of all subscriptions')
      equal(buffered(all).at(-1), -1)
      const ready = chan<unknown>(1)
      const listening = go(fixtures.listen<number>, pubSub, 'room.*', {}, ready, 1)
      await ready.receive()
      equal(pubSub.tryPublish('room.2', 7), 2)
      equal((await listening).values, [7])
      pubSub.close()
    },
  },
  {
    name: 'a PubSub that another thread has made works from here',
    rule: 'API 4',
    async run() {
      const [pubSubs, told] = [chan<PubSub<string>>(1), chan<'exit' | 'close'>(1)]
      const owner = go(fixtures.ownPubSub, pubSubs, told)
      const pubSub = (await pubSubs.receive())!
      const here = pubSub.subscribe('a')
      await pubSub.publish('a', 'first')
      equal(pubSub.tryPublish('a', 'second'), 2)
      equal(buffered(here), ['first', 'second'])
      await told.send('close')
      equal(await owner, { values: ['first', 'second'], isClosed: true })
      equal(await here.receive(), undefined)
    },
  },
  {
    name: 'a PubSub whose thread has died refuses subscribers, and lets those go who wait for some there',
    rule: 'API 8',
    needs: ['process.exit'],
    async run() {
      const [pubSubs, told] = [chan<PubSub<string>>(1), chan<'exit' | 'close'>(1)]
      const owner = go(fixtures.ownPubSub, pubSubs, told)
      const pubSub = (await pubSubs.receive())!
      const waiting = pubSub.publish('block', 'x')
      await staysParked('a publish', waiting)
      await told.send('exit')
      isError(await rejects(owner, 'the owner'), 'ERR_THREAD_LOST', 'the thread')
      await waiting
      isError(
        throws(() => pubSub.subscribe('a'), 'subscribe'),
        'ERR_THREAD_LOST',
        'the thread',
      )
      pubSub.close()
    },
  },
]
