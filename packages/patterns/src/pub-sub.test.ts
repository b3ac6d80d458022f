import { getEventListeners } from 'node:events'
import { background, Canceled, type ReceiveChan, select, withCancel } from '@millrace/core'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { checkLeaks, collect, isPending, numbers, turn } from '../fixtures/testing.js'
import { type Policy, PubSub, type Subscription } from './index.js'
import { TopicTree } from './topics.js'

checkLeaks()

/** What is in the buffer. */
function taken<T>(subscription: Subscription<T>): T[] {
  const values: T[] = []
  for (let next = subscription.tryReceiveOk(); next?.ok; next = subscription.tryReceiveOk())
    values.push(next.value)
  return values
}

describe('topics', () => {
  const MATCHES: [pattern: string, topic: string, matches: boolean][] = [
    ['a', 'a', true],
    ['a', 'b', false],
    ['a', 'a.b', false],
    ['a.b', 'a.b', true],
    ['a.b', 'a', false],
    ['a.*', 'a.b', true],
    ['a.*', 'a', false],
    ['a.*', 'a.b.c', false],
    ['*', 'a', true],
    ['*', 'a.b', false],
    ['*.b', 'a.b', true],
    ['*.b', 'a.c', false],
    ['*.*', 'a.b', true],
    ['a.*.c', 'a.b.c', true],
    ['a.*.c', 'a.b.d', false],
    ['a.>', 'a.b', true],
    ['a.>', 'a.b.c.d', true],
    ['a.>', 'a', false],
    ['a.>', 'b.c', false],
    ['>', 'a', true],
    ['>', 'a.b.c', true],
    ['*.>', 'a', false],
    ['*.>', 'a.b', true],
    ['a.*.>', 'a.b.c', true],
    ['a.*.>', 'a.b', false],
    ['a*', 'a*', true],
    ['a*', 'ab', false],
    ['ä.🦉', 'ä.🦉', true],
  ]

  test.each(MATCHES)('%s and %s: %s', (pattern, topic, matches) => {
    const pubSub = new PubSub<number>()
    const subscription = pubSub.subscribe(pattern)
    expect(pubSub.tryPublish(topic, 1)).toBe(matches ? 1 : 0)
    expect(taken(subscription)).toEqual(matches ? [1] : [])
  })

  test('that are none are refused, and nothing is subscribed or published', async () => {
    const pubSub = new PubSub<number>()
    for (const topic of ['', '.', 'a.', '.a', 'a..b']) {
      expect(() => pubSub.subscribe(topic)).toThrow(/^PubSub: a pattern is names joined by dots/)
      expect(() => pubSub.tryPublish(topic, 1)).toThrow(/^PubSub: a topic is names joined by dots/)
      await expect(pubSub.publish(topic, 1)).rejects.toThrow(RangeError)
    }
    for (const topic of ['*', 'a.*', '>', 'a.>'])
      expect(() => pubSub.tryPublish(topic, 1)).toThrow(/^PubSub: a topic has no wildcards, got "/)
    for (const pattern of ['>.a', 'a.>.b'])
      expect(() => pubSub.subscribe(pattern)).toThrow(/^PubSub: ">" stands at the end of a pattern only/)
    expect(() => pubSub.subscribe(7 as never)).toThrow(TypeError)
    expect(pubSub.stats).toMatchObject({ subscriptions: 0, published: 0 })
  })

  test('a tree of topics keeps nothing that is not needed any more', () => {
    const tree = new TopicTree<number>()
    const patterns = ['a', 'a.b', 'a.b.c', 'a.*.c', '>', 'a.>'].map(pattern => pattern.split('.'))
    for (const [i, pattern] of patterns.entries()) tree.add(pattern, i)
    expect(tree.match(['a', 'b', 'c']).sort()).toEqual([2, 3, 4, 5])
    for (const [i, pattern] of patterns.entries()) tree.delete(pattern, i)
    tree.delete(['never', 'there'], 1)
    expect(tree.isEmpty).toBe(true)
  })

  test('a tree of topics finds what a look at every pattern finds', () => {
    let seed = 1
    const random = (n: number) => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
      return seed % n
    }
    const names = ['a', 'b', 'c']
    const isMatch = (pattern: string[], topic: string[]): boolean =>
      pattern.every((name, i) => i < topic.length && (name === '>' || name === '*' || name === topic[i])) &&
      (pattern.at(-1) === '>' ? topic.length >= pattern.length : topic.length === pattern.length)
    for (let round = 0; round < 50; round++) {
      const tree = new TopicTree<number>()
      const patterns = numbers(40).map(() => {
        const pattern = numbers(1 + random(4)).map(() => [...names, '*'][random(4)]!)
        return random(3) === 0 ? [...pattern, '>'] : pattern
      })
      for (const [i, pattern] of patterns.entries()) tree.add(pattern, i)
      for (let i = 0; i < 20; i++) {
        const topic = numbers(1 + random(5)).map(() => names[random(3)]!)
        const expected = [...patterns.keys()].filter(key => isMatch(patterns[key]!, topic))
        expect(tree.match(topic).sort((a, b) => a - b)).toEqual(expected)
      }
    }
  })
})

describe('subscribe', () => {
  test('gives a channel of the values, in order, each to every subscriber', async () => {
    const pubSub = new PubSub<{ n: number }>()
    const all = [pubSub.subscribe('a'), pubSub.subscribe('*'), pubSub.subscribe('>')]
    expectTypeOf(all[0]!).toExtend<ReceiveChan<{ n: number }>>()
    const values = numbers(10).map(n => ({ n }))
    for (const value of values) await pubSub.publish('a', value)
    pubSub.close()
    for (const subscription of all) {
      const seen = await collect(subscription)
      expect(seen).toEqual(values)
      expect(seen[0]).toBe(values[0])
    }
  })

  test('hears nothing of before', async () => {
    const pubSub = new PubSub<number>()
    await pubSub.publish('a', 1)
    const late = pubSub.subscribe('a')
    await pubSub.publish('a', 2)
    expect(taken(late)).toEqual([2])
  })

  test('can be a case of select', async () => {
    const pubSub = new PubSub<string>()
    const [a, b] = [pubSub.subscribe('a'), pubSub.subscribe('b')]
    const hit = select({ a, b })
    await turn()
    await pubSub.publish('b', 'x')
    expect(await hit).toEqual({ case: 'b', value: 'x', ok: true })
  })

  test('the same pattern twice is two subscriptions', () => {
    const pubSub = new PubSub<number>()
    const two = [pubSub.subscribe('a'), pubSub.subscribe('a')]
    expect(pubSub.tryPublish('a', 1)).toBe(2)
    two[0]!.unsubscribe()
    expect(pubSub.tryPublish('a', 2)).toBe(1)
    expect(two.map(taken)).toEqual([[1], [1, 2]])
  })
})

describe('unsubscribe', () => {
  test('ends it: what is in the buffer can be received, and then the end', async () => {
    const pubSub = new PubSub<number>()
    const subscription = pubSub.subscribe('a')
    await pubSub.publish('a', 1)
    subscription.unsubscribe()
    subscription.unsubscribe()
    expect(pubSub.tryPublish('a', 2)).toBe(0)
    expect(await collect(subscription)).toEqual([1])
    expect(pubSub.stats.subscriptions).toBe(0)
    expect(subscription.dropped).toBe(0)
  })

  test('wakes who waits for the next value', async () => {
    const pubSub = new PubSub<number>()
    const subscription = pubSub.subscribe('a')
    const next = subscription.receiveOk()
    subscription.unsubscribe()
    expect(await next).toEqual({ value: undefined, ok: false })
  })

  test('is what leaving a block does', () => {
    const pubSub = new PubSub<number>()
    pubSub.subscribe('a')[Symbol.dispose]()
    expect(pubSub.stats.subscriptions).toBe(0)
  })

  test('while publishers wait for it lets them go on', async () => {
    const pubSub = new PubSub<number>()
    const slow = pubSub.subscribe('a', { buffer: 0, policy: 'block' })
    const other = pubSub.subscribe('a')
    const published = pubSub.publish('a', 1)
    expect(await isPending(published)).toBe(true)
    slow.unsubscribe()
    await published
    expect(taken(other)).toEqual([1])
    expect(slow.dropped).toBe(1)
    expect(pubSub.stats).toMatchObject({ published: 1, delivered: 1, dropped: 1 })
  })

  test('in the middle of a loop over the subscription ends the loop', async () => {
    const pubSub = new PubSub<number>()
    const subscription = pubSub.subscribe('a')
    for (const n of numbers(5)) pubSub.tryPublish('a', n)
    const seen: number[] = []
    for await (const n of subscription) {
      seen.push(n)
      if (n === 2) subscription.unsubscribe()
    }
    expect(seen).toEqual(numbers(5))
  })

  test('leaving a loop does not unsubscribe', async () => {
    const pubSub = new PubSub<number>()
    const subscription = pubSub.subscribe('a')
    for (const n of numbers(3)) pubSub.tryPublish('a', n)
    for await (const _ of subscription) break
    expect(taken(subscription)).toEqual([1, 2])
    expect(pubSub.stats.subscriptions).toBe(1)
  })
})

describe('a slow subscriber', () => {
  const slow = (policy: Policy, buffer = 2) => {
    const pubSub = new PubSub<number>()
    return { pubSub, subscription: pubSub.subscribe('a', { buffer, policy }), quick: pubSub.subscribe('>') }
  }

  test('loses the newest values, unless it has said otherwise', async () => {
    const pubSub = new PubSub<number>()
    const subscription = pubSub.subscribe('a', { buffer: 2 })
    for (const n of numbers(5)) await pubSub.publish('a', n)
    expect([taken(subscription), subscription.dropped]).toEqual([[0, 1], 3])
    await pubSub.publish('a', 9)
    expect(taken(subscription)).toEqual([9])
  })

  test('drop-oldest: loses the oldest values', async () => {
    const { pubSub, subscription, quick } = slow('drop-oldest')
    for (const n of numbers(5)) expect(pubSub.tryPublish('a', n)).toBe(2)
    expect([taken(subscription), subscription.dropped]).toEqual([[3, 4], 3])
    expect(taken(quick)).toEqual(numbers(5))
    expect(pubSub.stats).toMatchObject({ published: 5, delivered: 10, dropped: 3, evicted: 0 })
  })

  test('block: publish waits for it, when all others have the value', async () => {
    const { pubSub, subscription, quick } = slow('block', 1)
    await pubSub.publish('a', 1)
    const second = pubSub.publish('a', 2)
    expect(await isPending(second)).toBe(true)
    expect(taken(quick)).toEqual([1, 2])
    expect(await subscription.receive()).toBe(1)
    await second
    expect([taken(subscription), subscription.dropped]).toEqual([[2], 0])
  })

  test('block: publishers are served in the order they came', async () => {
    const { pubSub, subscription } = slow('block', 0)
    const published = Promise.all(numbers(10).map(n => pubSub.publish('a', n)))
    for (const n of numbers(10)) expect(await subscription.receive()).toBe(n)
    await published
  })

  test('block: tryPublish does not wait; the value is dropped', () => {
    const { pubSub, subscription } = slow('block', 1)
    expect(pubSub.tryPublish('a', 1)).toBe(2)
    expect(pubSub.tryPublish('a', 2)).toBe(1)
    expect(subscription.dropped).toBe(1)
  })

  test('block: a publish that is given up rejects with the reason; who has the value keeps it', async () => {
    const { pubSub, subscription, quick } = slow('block', 0)
    const controller = new AbortController()
    const reason = new Error('enough')
    const published = pubSub.publish('a', 1, { signal: controller.signal })
    expect(await isPending(published)).toBe(true)
    controller.abort(reason)
    await expect(published).rejects.toBe(reason)
    expect([taken(quick), taken(subscription), subscription.dropped]).toEqual([[1], [], 1])
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
  })

  test('evict: is unsubscribed, and still gets what it has', async () => {
    const { pubSub, subscription, quick } = slow('evict')
    for (const n of numbers(5)) await pubSub.publish('a', n)
    expect(await collect(subscription)).toEqual([0, 1])
    expect(subscription.closed).toBe(true)
    expect(subscription.dropped).toBe(1)
    expect(taken(quick)).toEqual(numbers(5))
    expect(pubSub.stats).toMatchObject({ subscriptions: 1, evicted: 1, dropped: 1 })
    subscription.unsubscribe()
  })

  test('without a buffer gets a value only while it waits', async () => {
    const { pubSub, subscription } = slow('drop-newest', 0)
    expect(pubSub.tryPublish('a', 1)).toBe(1)
    const next = subscription.receive()
    expect(pubSub.tryPublish('a', 2)).toBe(2)
    expect(await next).toBe(2)
    expect(subscription.dropped).toBe(1)
  })

  test('misuse is a RangeError, and nothing is subscribed', () => {
    const pubSub = new PubSub<number>()
    for (const buffer of [-1, 1.5, Number.NaN])
      expect(() => pubSub.subscribe('a', { buffer })).toThrow(RangeError)
    expect(() => pubSub.subscribe('a', { policy: 'newest' as never })).toThrow(
      /^PubSub: policy must be one of drop-newest, drop-oldest, block, evict, got newest$/,
    )
    expect(() => pubSub.subscribe('a', { policy: 'drop-oldest', buffer: 0 })).toThrow(RangeError)
    expect(pubSub.stats.subscriptions).toBe(0)
  })
})

describe('publish', () => {
  test('to nobody is fine', async () => {
    const pubSub = new PubSub<number>()
    await pubSub.publish('a', 1)
    expect(pubSub.tryPublish('a', 1)).toBe(0)
    expect(pubSub.stats).toMatchObject({ published: 2, delivered: 0, dropped: 0 })
  })

  test('given an aborted signal or a context that has ended gives nobody anything', async () => {
    const pubSub = new PubSub<number>()
    const subscription = pubSub.subscribe('a')
    const reason = new Error('gone')
    await expect(pubSub.publish('a', 1, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const [ctx, cancel] = withCancel(background())
    cancel()
    await expect(pubSub.publish('a', 1, ctx)).rejects.toThrow(Canceled)
    expect(taken(subscription)).toEqual([])
    expect(pubSub.stats.published).toBe(0)
  })

  test('in a loop that never stops lets timers have their turn', async () => {
    const pubSub = new PubSub<number>()
    let isOver = false
    setTimeout(() => {
      isOver = true
    }, 0)
    let n = 0
    while (!isOver && n < 1e6) await pubSub.publish('a', n++)
    expect(isOver).toBe(true)
  })

  test('who subscribes and unsubscribes meanwhile disturbs nobody', async () => {
    const pubSub = new PubSub<number>()
    const all = numbers(100).map(() => pubSub.subscribe('a', { buffer: 0, policy: 'block' }))
    const published = pubSub.publish('a', 1)
    await turn()
    const seen = all.map(async (subscription, i) => {
      if (i % 3 === 0) {
        subscription.unsubscribe()
        pubSub.subscribe('a')
        return undefined
      }
      return subscription.receive()
    })
    await published
    expect((await Promise.all(seen)).filter(value => value === 1)).toHaveLength(66)
  })
})

describe('close', () => {
  test('ends all subscriptions, once and for all', async () => {
    const pubSub = new PubSub<number>()
    const subscription = pubSub.subscribe('a')
    const waiting = pubSub.subscribe('b').receiveOk()
    const blocked = pubSub.subscribe('a', { buffer: 0, policy: 'block' })
    const published = pubSub.publish('a', 1)
    await turn()
    pubSub.close()
    pubSub.close()
    await published
    expect(pubSub.closed).toBe(true)
    expect(await collect(subscription)).toEqual([1])
    expect((await waiting).ok).toBe(false)
    expect(blocked.closed).toBe(true)
    expect(blocked.dropped).toBe(1)
    expect(pubSub.stats).toMatchObject({ published: 1, delivered: 1, dropped: 1 })
    subscription.unsubscribe()
    expect(pubSub.stats.subscriptions).toBe(0)
  })

  test('refuses what comes after it', async () => {
    const pubSub = new PubSub<number>()
    pubSub.close()
    const refusal = { code: 'ERR_CHAN_CLOSED', message: expect.stringMatching(/^send on closed channel \(/) }
    await expect(pubSub.publish('a', 1)).rejects.toMatchObject(refusal)
    expect(() => pubSub.tryPublish('a', 1)).toThrow(expect.objectContaining(refusal))
    expect(() => pubSub.subscribe('a')).toThrow(expect.objectContaining(refusal))
  })
})

test('ten thousand subscribers come and go, and nothing is left of them', async () => {
  const pubSub = new PubSub<number>()
  for (let round = 0; round < 10; round++) {
    const all = numbers(1000).map(n => pubSub.subscribe(`room.${n % 50}.*`, { buffer: 1 }))
    expect(pubSub.tryPublish('room.7.said', round)).toBe(20)
    for (const subscription of all) subscription.unsubscribe()
  }
  expect(pubSub.stats).toEqual({ subscriptions: 0, published: 10, delivered: 200, dropped: 0, evicted: 0 })
})
