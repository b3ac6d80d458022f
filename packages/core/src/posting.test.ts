import { currentThread, type Kernel, OK, OutOfSharedMemoryError, RECEIVE } from '@millrace/kernel'
import { afterEach, expect, test } from 'vitest'
import { Channel } from './chan.js'
import { elementOfType, i32 } from './element-type.js'
import { LocalMedium } from './local-medium.js'
import type { Posting } from './posting.js'
import { RendezvousMedium } from './rendezvous-medium.js'
import { select, send } from './select.js'
import { NOTHING, SingleWaiter } from './wait-queue.js'

// What another thread does is done here by hand, between two steps of this thread.

const NOT_TAKEN = -1

const thread = currentThread()
const { kernel } = thread

afterEach(() => void Object.assign(thread, { kernel }))

/** Lets these stand in for calls of the kernel, for the rest of a test. */
function instead(calls: Partial<Kernel>): void {
  Object.assign(thread, { kernel: { ...kernel, ...calls } })
}

/** Does these instead of the kernel's looks at a case, one after the other; then the kernel's own again. */
function insteadOfLooks(...steps: ((look: () => number) => number)[]): void {
  instead({
    rendezvousLook(...args) {
      const look = (): number => kernel.rendezvousLook(...args)
      return steps.shift()?.(look) ?? look()
    },
  })
}

const unbuffered = () => RendezvousMedium.empty(thread, new LocalMedium(0, elementOfType(i32)))

const sender = (value: number) => new SingleWaiter(value, NOTHING, () => {}, undefined)

function anotherThread(): number {
  const other = kernel.threadReserve()
  expect(kernel.threadAttach(other, kernel.threadLife(other))).toBeTruthy()
  return other
}

/** Another thread parks a receiver on the channel: its token. */
function parkReceiverOf(other: number, { address }: RendezvousMedium): number {
  const token = kernel.tokenCreate(other, 1)
  kernel.tokenCase(token, 0, address, RECEIVE, 0)
  expect(kernel.tokenPost(other, token)).toBeTruthy()
  kernel.tokenOpen(token)
  return token
}

test('a sender leaves a receiver that has just come to the first in line, which had looked in vain before that', () => {
  const other = anotherThread()
  const channel = unbuffered()
  const first = sender(1)
  const second = sender(2)
  channel.parkSender(first)
  let receiver = 0
  insteadOfLooks(
    () => 1, // The second sees somebody,
    look => {
      const seen = look() // who has gone when it is the first's turn to look.
      receiver = parkReceiverOf(other, channel)
      return seen
    },
  )
  channel.parkSender(second)
  expect(kernel.tokenTaken(other, receiver)).toBe(NOT_TAKEN)

  // A receiver that is opened looks, and is served in turn.
  expect(kernel.tokenHold(receiver)).toBeTruthy()
  expect(kernel.rendezvousReceive(other, channel.address)).toBe(OK)
  ;(first.post as Posting).look()
  expect([first.queue, second.queue]).toEqual([undefined, channel.senders])
})

test('a newcomer does not overtake a sender that is parked behind a select', () => {
  const other = anotherThread()
  const medium = unbuffered()
  const channel = new Channel<number>(medium)
  void select([send(channel, 0)])
  void channel.send(1)
  let receiver = 0
  insteadOfLooks(look => {
    const seen = look()
    receiver = parkReceiverOf(other, medium) // comes when the select has looked in vain
    return seen
  })
  expect(channel.trySend(2)).toBe(false)
  expect(kernel.tokenTaken(other, receiver)).toBe(NOT_TAKEN)
})

test('an operation that finds no memory to be parked with is in no line', () => {
  const channel = unbuffered()
  const one = sender(1)
  instead({ tokenCreate: () => 0 })
  expect(() => channel.parkSender(one)).toThrow(OutOfSharedMemoryError)
  expect([one.queue, channel.senders.first]).toEqual([undefined, undefined])
  expect(channel.trySend(2)).toBe(false)
})
