import { SHARE } from '@millrace/kernel'
import { expect, test } from 'vitest'
import { type Chan, type Channel, chan } from './chan.js'
import { i32, struct } from './element-type.js'
import { select, send } from './select.js'

// A struct is read by the names of its fields, and reading one may run code: a getter's. (What is in a channel when that crosses is read
// as well: the laws of getters.)

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
