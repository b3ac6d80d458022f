import { expect, test } from 'vitest'
import { Doorbell } from './doorbell.js'
import { host } from './host/current.js'
import { BELL, threadBlock } from './kernel.js'
import type { Thread } from './thread.js'

/** A thread whose mailbox stays empty. `slept` resolves when it raises its bell. */
function emptyThread(): { thread: Thread; slept: Promise<void> } {
  const bell = (threadBlock(0) + BELL) >> 2
  const i32 = new Int32Array(new SharedArrayBuffer(4 * (bell + 1)))
  let sleeps = (): void => {}
  const slept = new Promise<void>(resolve => {
    sleeps = resolve
  })
  const nothing = (): void => {}
  const thread = {
    id: 0,
    memory: { i32 },
    lifetime: { active: nothing, afterWork: nothing, asleep: nothing },
    drain: nothing,
    kernel: {
      mailboxDirty: () => 0,
      bellArm: () => {
        i32[bell] = 1
        sleeps()
        return 1
      },
    },
  } as unknown as Thread
  return { thread, slept }
}

test('a thread does not go to sleep before those have run that wait for a turn of its event loop', async () => {
  const { thread, slept } = emptyThread()
  const order: string[] = []
  new Doorbell(thread).listen()
  host.macrotask(() => order.push('a turn'))
  await slept.then(() => order.push('asleep'))
  expect(order).toEqual(['a turn', 'asleep'])
})

test('nor while they wait for one turn after the other', async () => {
  const { thread, slept } = emptyThread()
  let turns = 0
  const again = (): void => {
    if (++turns < 100) host.macrotask(again)
  }
  new Doorbell(thread).listen()
  host.macrotask(again)
  await slept
  expect(turns).toBe(100)
})
