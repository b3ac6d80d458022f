import {
  chan,
  f64,
  go,
  i32,
  i64,
  OutOfSharedMemoryError,
  runtime,
  select,
  send,
  sharedArray,
  struct,
  trySelect,
} from '@millrace/core'
import { equal, isError, ok, range, rejects, show, throws, turn } from './expect.js'
import type { Law } from './law.js'
import * as fixtures from './memory-fixtures.js'

const MAXIMUM = 3 * 2 ** 20
const TOO_LARGE = 4 * 2 ** 20
const HUGE = new Uint8Array(TOO_LARGE)

function isRefusal(error: unknown): void {
  ok(error instanceof OutOfSharedMemoryError, `${show(error)} is not an OutOfSharedMemoryError`)
  isError(error, 'ERR_OUT_OF_SHARED_MEMORY', 'out of shared memory')
  ok(error.message.includes('runtime.configure({ memory: { maximum'), `no setting is named: ${error.message}`)
  ok(error.message.includes(String(MAXIMUM)), `the maximum is not named: ${error.message}`)
}

/** Configures little memory. Call before the first law. */
export function prepareSmallMemory(): void {
  runtime.configure({ threads: 1, memory: { maximum: MAXIMUM } })
}

/**
 * What happens when shared memory is used up. Once a size of block has used it all, other sizes find nothing: each of these
 * lists, which are tried in a process each, ends with a law that does so.
 */
export const memoryLaws: Law[][] = [
  [
    {
      name: 'arguments that do not fit are refused, with the setting, and the pool works on',
      rule: 'API 3',
      async run() {
        for (let i = 0; i < 5; i++) {
          isRefusal(await rejects(go(fixtures.take, HUGE), 'go'))
          equal(await go(fixtures.take, new Uint8Array(1000)), 1000)
        }
        equal(runtime.stats().memory.maximum, MAXIMUM)
      },
    },
    {
      name: 'a value that does not fit is refused by every form of send, and the channel is still good',
      rule: 'API 3',
      async run() {
        const channel = chan<unknown>(2)
        await go(fixtures.take, { length: 0, channel })
        const { signal } = new AbortController()
        for (let i = 0; i < 3; i++) {
          isRefusal(await rejects(channel.send(HUGE), 'send'))
          isRefusal(await rejects(channel.send({ deep: [HUGE] }, { signal }), 'send with a signal'))
          isRefusal(throws(() => channel.trySend(HUGE), 'trySend'))
          isRefusal(await rejects(select([send(channel, HUGE)]), 'select'))
          isRefusal(throws(() => trySelect([send(channel, HUGE)]), 'trySelect'))
          equal(channel.length, 0)
          await channel.send('fine')
          ok(channel.trySend([i]), 'no room')
          isRefusal(await rejects(channel.send(HUGE), 'a send that would wait'))
          const parked = channel.send('third')
          equal(
            [await channel.receive(), await channel.receive(), await channel.receive()],
            ['fine', [i], 'third'],
          )
          await parked
        }
      },
    },
    {
      name: 'a channel that does not fit is refused when it would cross, and stays as it was',
      rule: 'API 3',
      async run() {
        const channel = chan<number>(2 ** 19)
        for (const i of range(10)) channel.trySend(i)
        for (let i = 0; i < 5; i++) isRefusal(await rejects(go(fixtures.take, { length: 0, channel }), 'go'))
        const [beside, held] = [chan<number>(1), chan<unknown>(1)]
        const waiting = beside.receive()
        isRefusal(await rejects(go(fixtures.take, { length: 0, beside, channel }), 'go'))
        beside.trySend(7)
        equal(await waiting, 7)
        held.trySend(HUGE)
        isRefusal(await rejects(go(fixtures.take, { length: 0, held }), 'go'))
        equal(held.tryReceive(), HUGE)
        equal([channel.length, channel.capacity], [10, 2 ** 19])
        for (const i of range(10)) equal(await channel.receive(), i)
        const small = chan<number>(4)
        await go(fixtures.take, { length: 0, small })
      },
    },
    {
      name: 'a result that does not fit rejects',
      rule: 'API 3',
      async run() {
        for (let i = 0; i < 10; i++) isRefusal(await rejects(go(fixtures.answerLarge, TOO_LARGE), 'go'))
        isRefusal(await rejects(go(fixtures.makeLarge, 2 ** 19), 'go'))
        equal((await go(fixtures.answerLarge, 5000)).length, 5000)
      },
    },
    {
      name: 'a channel that fills the memory gives everything back, again and again',
      rule: 'API 3',
      async run() {
        const channel = chan<Uint8Array>(10_000)
        let first = 0
        for (let round = 0; round < 5; round++) {
          let sent = 0
          try {
            while (channel.length < 10_000) {
              await channel.send(new Uint8Array(3000).fill(sent))
              sent++
              if (round === 0 && sent === 1) await go(fixtures.take, { length: 0, channel })
            }
          } catch (error) {
            isRefusal(error)
          }
          ok(sent > 200 && sent < 10_000, `${sent} values of 3000 bytes fitted into ${MAXIMUM}`)
          if (round === 0) first = sent
          else ok(Math.abs(sent - first) < 0.1 * first, `${sent} values fitted, and ${first} the first time`)
          equal(channel.length, sent)
          for (let i = 0; i < sent; i++) equal((await channel.receive())![2999], i & 255, `value ${i}`)
        }
      },
    },
  ],
  [
    {
      name: 'memory that one thread fills and another empties is used again',
      rule: 'API 3',
      async run() {
        const channel = chan<Uint8Array>(10_000)
        for (let round = 0; round < 4; round++) {
          const sent = await go(fixtures.sendUntilRefused, channel, 2000)
          ok(sent > 200, `round ${round}: only ${sent} values of 2000 bytes fitted into ${MAXIMUM}`)
          for (let i = 0; i < sent; i++) equal((await channel.receive())![0], i & 255)
        }
      },
    },
  ],
  [
    {
      name: 'numbers that need a cell are refused too when nothing is left, and others are not',
      rule: 'API 3',
      async run() {
        const [channel, filler] = [chan<unknown>(4), chan<unknown>(100_000)]
        const [whole, float, big, point] = [
          chan(1, i32),
          chan(1, f64),
          chan(1, i64),
          chan(1, struct({ x: i32 })),
        ]
        await go(fixtures.take, { length: 0, channel, filler, whole, float, big, point })
        const error = throws(() => {
          while (filler.trySend(0.5));
        }, 'filling the memory with floats')
        isRefusal(error)
        isRefusal(throws(() => channel.trySend(1.5), 'trySend'))
        isRefusal(await rejects(channel.send('text'), 'send').catch(error => error))
        isRefusal(throws(() => float.trySend(1.5), 'trySend of an f64'))
        isRefusal(throws(() => big.trySend(1n), 'trySend of an i64'))
        isRefusal(throws(() => point.trySend({ x: 1 }), 'trySend of a struct'))
        isRefusal(throws(() => sharedArray('u8', 100), 'sharedArray'))
        ok(whole.trySend(2 ** 31 - 1) && float.trySend(3), 'they need no memory')
        for (const value of [7, undefined, null, true])
          ok(channel.trySend(value), `${String(value)} needs no memory`)
        equal(await channel.receiveMany(4), [7, undefined, null, true])
        while (filler.length > 0) equal(filler.tryReceive(), 0.5)
        ok(channel.trySend(1.5), 'no room')
        equal(channel.tryReceive(), 1.5)
        ok(big.trySend(1n) && point.trySend({ x: 1 }), 'no room')
        equal([whole.tryReceive(), big.tryReceive(), point.tryReceive()], [2 ** 31 - 1, 1n, { x: 1 }])
      },
    },
  ],
  [
    {
      name: 'a goroutine whose result finds no memory at all rejects, and its thread goes on',
      rule: 'API 3',
      async run() {
        const channel = chan<unknown>(50_000)
        const error = await rejects(go(fixtures.answerWithoutMemory, channel), 'go')
        isError(error, 'ERR_OUT_OF_SHARED_MEMORY', 'out of shared memory')
        equal(runtime.stats().threads.lost, 0, 'threads lost')
        while (channel.length > 0) channel.tryReceive()
        equal(await go(fixtures.take, { length: 7 }), 7)
      },
    },
  ],
  [
    {
      name: 'a channel with more who wait than there is memory for crosses, and tells those who are too many',
      rule: 'API 3',
      async run() {
        const [channel, crowded, other] = [chan<unknown>(1), chan<number>(), chan<string>(1)]
        other.trySend('of the other')
        channel.trySend({ crowded, other })
        const refused: unknown[] = []
        const sent: Promise<void>[] = range(60_000).map(i =>
          crowded.send(i).catch(error => {
            refused.push(error)
          }),
        )
        await go(fixtures.take, { length: 0, channel }).catch(isRefusal) // what is left is too little to start it
        await turn()
        ok(refused.length > 0, 'there was memory for all')
        for (const error of refused) isRefusal(error)
        const received = range(sent.length - refused.length).map(() => crowded.tryReceive())
        equal(crowded.tryReceiveOk(), undefined)
        equal(new Set(received).size, received.length, 'different values')
        await Promise.all(sent)
        const named = channel.tryReceive() as { crowded: unknown; other: unknown }
        ok(named.crowded === crowded && named.other === other, 'other channels')
        equal(other.tryReceive(), 'of the other')
      },
    },
  ],
]
