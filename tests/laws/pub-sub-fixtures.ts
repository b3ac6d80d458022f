import { go, parallel, type ReceiveChan, type SendChan } from '@millrace/core'
import { PubSub, type SubscribeOptions } from '@millrace/patterns'
import { randomFrom } from './expect.js'

// What the laws of publish and subscribe start on other threads.

type Exits = { process: { exit(code: number): never } }

/** Subscribes, says so, and answers all it gets to the end, or the first `count`. */
export const listen = parallel(import.meta.url, async function listen<
  T,
>(pubSub: PubSub<T>, pattern: string, options: SubscribeOptions, ready: SendChan<unknown>, count = Infinity) {
  const subscription = pubSub.subscribe(pattern, options)
  await ready.send(1)
  const values: T[] = []
  for await (const value of subscription) if (values.push(value) === count) break
  subscription.unsubscribe()
  return { values, dropped: subscription.dropped }
})

/** Subscribes, says so, and receives nothing until told what to do. */
export const hold = parallel(import.meta.url, async function hold<
  T,
>(pubSub: PubSub<T>, pattern: string, options: SubscribeOptions, ready: SendChan<unknown>, told: ReceiveChan<'exit' | 'unsubscribe'>) {
  const subscription = pubSub.subscribe(pattern, options)
  await ready.send(1)
  if ((await told.receive()) === 'exit') (globalThis as unknown as Exits).process.exit(0)
  subscription.unsubscribe()
  const values: T[] = []
  for await (const value of subscription) values.push(value)
  return { values, dropped: subscription.dropped }
})

export const publishMany = parallel(
  import.meta.url,
  async function publishMany(pubSub: PubSub<number>, topic: string, from: number, count: number) {
    for (let n = from; n < from + count; n++) await pubSub.publish(topic, n)
  },
)

export const tryPublishOnce = parallel(import.meta.url, function tryPublishOnce<
  T,
>(pubSub: PubSub<T>, topic: string, value: T) {
  return pubSub.tryPublish(topic, value)
})

/** Publishes each time it is told to, on its own thread all the time. */
export const publishWhenTold = parallel(import.meta.url, async function publishWhenTold<
  T,
>(pubSub: PubSub<T>, told: ReceiveChan<[string, T]>, done: SendChan<unknown>) {
  for await (const [topic, value] of told) {
    await pubSub.publish(topic, value)
    await done.send(1)
  }
})

export const statsOf = parallel(import.meta.url, function statsOf(pubSub: PubSub<number>) {
  return pubSub.stats
})

export const closePubSub = parallel(import.meta.url, function closePubSub(pubSub: PubSub<number>) {
  pubSub.close()
  return pubSub.closed
})

/** Makes a PubSub, subscribes, and sends it; its thread ends when told to. */
export const ownPubSub = parallel(
  import.meta.url,
  async function ownPubSub(pubSubs: SendChan<PubSub<string>>, told: ReceiveChan<'exit' | 'close'>) {
    const pubSub = new PubSub<string>()
    const own = pubSub.subscribe('>')
    const blocks = pubSub.subscribe('block', { buffer: 0, policy: 'block' })
    await pubSubs.send(pubSub)
    if ((await told.receive()) === 'exit') (globalThis as unknown as Exits).process.exit(0)
    pubSub.close()
    const values: string[] = []
    for await (const value of own) values.push(value)
    return { values, isClosed: blocks.closed }
  },
)

/** Hands it on: another goroutine subscribes, on whatever thread; this one publishes. */
export const handOn = parallel(
  import.meta.url,
  async function handOn(pubSub: PubSub<number>, ready: SendChan<unknown>, depth: number): Promise<number[]> {
    const own = pubSub.subscribe('>', { buffer: 100 })
    await ready.send(1)
    const deeper = depth > 0 ? await go(handOn, pubSub, ready, depth - 1) : []
    await pubSub.publish('x', depth)
    const sum = pubSub.stats.published
    own.unsubscribe()
    let seen = 0
    for await (const _ of own) seen++
    return [...deeper, seen, sum]
  },
)

/** Subscribes, publishes and unsubscribes; its thread may end in the middle of that. */
export const comeAndGo = parallel(
  import.meta.url,
  async function comeAndGo(pubSub: PubSub<number>, seed: number, rounds: number) {
    const below = randomFrom(seed)
    for (let i = 0; i < rounds; i++) {
      const policy = (['drop-newest', 'drop-oldest', 'block', 'evict'] as const)[below(4)]!
      const own = pubSub.subscribe(`room.${below(3)}`, { buffer: 1 + below(3), policy })
      pubSub.tryPublish(`room.${below(3)}`, i)
      // Who blocks receives, so that nobody waits for ever; the others need not.
      const receiving = policy === 'block' ? drain(own) : undefined
      const published = pubSub.publish(`room.${below(3)}`, i)
      if (below(40) === 0) (globalThis as unknown as Exits).process.exit(0)
      await published
      own.unsubscribe()
      await receiving
    }
    return 'done'
  },
)

async function drain(values: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of values);
}
