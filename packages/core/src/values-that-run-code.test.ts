import { SHARE, SHARE_HERE } from '@millrace/kernel'
import { describe, expect, test } from 'vitest'
import { type Chan, type Channel, chan } from './chan.js'
import { i32, struct } from './element-type.js'
import { select, send } from './select.js'

// A struct is read by the names of its fields, and reading one may run code: a getter's.

interface Point {
  readonly x: number
}

const point = (capacity: number) => chan<Point>(capacity, struct({ x: i32 }))

/** Runs `fn` when it is read for the `time`-th time. */
function running(fn: () => void, time = 1): Point {
  let times = 0
  return {
    get x() {
      if (++times === time) fn()
      return 1
    },
  }
}

/** As if the channel were sent to another thread. */
const cross = (channel: Chan<Point>): void => void (channel as Channel<Point>)[SHARE]()

test('a value is sent on the channel that has crossed while it was read', () => {
  const channel = point(1)
  expect(channel.trySend(running(() => cross(channel)))).toBe(true)
  expect([channel.length, channel.tryReceive()]).toEqual([1, { x: 1 }])
})

test.each([1, 2])(
  'a sender waits on the channel that has crossed while its value was read (reading %i)',
  async time => {
    const channel = point(0)
    const sent = channel.send(running(() => cross(channel), time))
    expect(await channel.receive()).toEqual({ x: 1 })
    await sent
  },
)

test.each([1, 2])(
  'a signal that is aborted while the value is read (reading %i) ends the wait',
  async time => {
    const controller = new AbortController()
    const value = running(() => controller.abort('enough'), time)
    const channel = point(0)
    await expect(channel.send(value, controller)).rejects.toBe('enough')
    expect(channel.tryReceiveOk()).toBeUndefined()
  },
)

test('and that of a select', async () => {
  const controller = new AbortController()
  const value = running(() => controller.abort('enough'), 2)
  const channel = point(0)
  await expect(select([send(channel, value), point(0)], controller)).rejects.toBe('enough')
  expect(channel.tryReceiveOk()).toBeUndefined()
})

// What is in a channel when that crosses, to another thread or where there is one only, is read as well.
describe.each([
  ['to another thread', (channel: Chan<unknown>) => void (channel as Channel<unknown>)[SHARE]()],
  ['where there is one thread', (channel: Chan<unknown>) => (channel as Channel<unknown>)[SHARE_HERE]()],
])('a channel that crosses %s', (_, cross) => {
  test('a sender whose signal is aborted while its value is read has sent nothing, and those behind it have', async () => {
    const controller = new AbortController()
    const channel = chan<unknown>()
    const first = channel.send(
      running(() => controller.abort('enough')),
      controller,
    )
    const others = [channel.send('second'), channel.send('third')]
    cross(channel)
    await expect(first).rejects.toBe('enough')
    expect([await channel.receive(), await channel.receive()]).toEqual(['second', 'third'])
    await Promise.all(others)
  })

  test('a value that is received while another is read is there once', async () => {
    const channel = chan<unknown>(3)
    const received: unknown[] = []
    const take = (): void => void received.push(channel.tryReceive())
    for (const value of ['first', running(take), 'third']) await channel.send(value)
    cross(channel)
    while (channel.length > 0) received.push(channel.tryReceive())
    expect(received).toEqual(['first', { x: 1 }, 'third'])
  })

  test('a value that is sent while another is read is there', async () => {
    const channel = chan<unknown>(3)
    await channel.send(running(() => channel.trySend('second')))
    cross(channel)
    expect([channel.tryReceive(), channel.tryReceive(), channel.length]).toEqual([{ x: 1 }, 'second', 0])
  })

  test('a sender whose value is received while it is read has sent it once', async () => {
    const channel = chan<unknown>()
    const received: unknown[] = []
    const value = running(() => void received.push(channel.tryReceive()))
    const sent = [channel.send(value), channel.send('second')]
    cross(channel)
    received.push(await channel.receive())
    expect(received).toEqual([value, 'second'])
    await Promise.all(sent)
    expect(channel.tryReceiveOk()).toBeUndefined()
  })

  test('what a getter takes out need not be able to cross', async () => {
    const channel = chan<unknown>(2)
    const received: unknown[] = []
    await channel.send(running(() => void received.push(channel.tryReceive(), channel.tryReceive())))
    await channel.send(() => {})
    cross(channel)
    expect([received.length, channel.length]).toEqual([2, 0])
  })

  test('many others, each of which changes once while it is read', async () => {
    const all = Array.from({ length: 150 }, () => {
      const one = chan<unknown>(2)
      one.trySend(running(() => one.trySend('more')))
      return one
    })
    const channel = chan<unknown>(all.length)
    for (const one of all) await channel.send(one)
    cross(channel)
    expect(all.map(({ length }) => length)).toEqual(all.map(() => 2))
  })

  test('is refused if reading what is in it changes it each time, and holds what it held', async () => {
    const channel = chan<unknown>(2)
    const value = {
      get x(): number {
        channel.tryReceive()
        const times = channel.tryReceive() as number
        return [value, times + 1].filter(one => channel.trySend(one)).length
      },
    }
    await channel.send(value)
    await channel.send(0)
    expect(() => cross(channel)).toThrow('could not be cloned: to read what is in it changes what is in it')
    expect([channel.length, channel.tryReceive()]).toEqual([2, value])
    expect(channel.tryReceive()).toBeGreaterThanOrEqual(100)
  })
})
