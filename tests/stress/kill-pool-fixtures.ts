import process from 'node:process'
import { type Chan, parallel, type ReceiveChan, runtime, select, send } from '@millrace/core'
import { currentThread } from '@millrace/kernel'
import { randomFrom } from '../laws/expect.js'

// Goroutines that may be killed with their thread at any moment. What a sender knows to be sent it counts in a word of shared
// memory, which outlives it.

/** Values that a life may send. */
export const SEQUENCES = 2 ** 12

export const tagOf = (life: number, sequence: number): number => life * SEQUENCES + sequence
export const lifeOf = (value: number): number => Math.floor(value / SEQUENCES)
export const sequenceOf = (value: number): number => value % SEQUENCES

interface Orders {
  /** Offset of the word that counts what was sent, or marks what was received. */
  readonly counts: number
  readonly most: number
  readonly seed: number
  /** One of how many steps ends the thread; 0 = none. */
  readonly suicidal: number
  /** An unbuffered channel on which nothing ever comes, for selects to wait on beside the one that counts. */
  readonly never: ReceiveChan<number>
}

interface SendOrders extends Orders {
  readonly life: number
}

/** Sometimes lets others have a turn, sometimes ends the thread in the middle of everything. */
async function stumble(random: (n: number) => number, suicidal: number): Promise<void> {
  if (suicidal > 0 && random(suicidal) === 0) process.exit(random(2))
  if (random(100) === 0) await runtime.gosched()
}

export const sendUntilKilled = parallel(
  import.meta.url,
  async function sendUntilKilled(sink: Chan<unknown>, orders: SendOrders) {
    const { life, counts, most, seed, suicidal, never } = orders
    const random = randomFrom(seed)
    const { i32 } = currentThread().memory
    let sequence = 0
    for (; sequence < most && !sink.closed; sequence++) {
      await stumble(random, suicidal)
      const value = tagOf(life, sequence)
      try {
        const form = random(4) === 0 ? { value } : value
        if (random(3) === 0) await select([send(sink, form), never])
        else await sink.send(form)
      } catch (error) {
        if ((error as { code?: string }).code !== 'ERR_CHAN_CLOSED') throw error
        break
      }
      Atomics.store(i32, (counts >> 2) + life, sequence + 1)
    }
    return sequence
  },
)

/** Receives, marking each value first: killed, it loses at most what it had in hand. Answers whether that was the end. */
export const receiveUntilKilled = parallel(
  import.meta.url,
  async function receiveUntilKilled(source: Chan<unknown>, orders: Orders) {
    const { counts, most, seed, suicidal, never } = orders
    const random = randomFrom(seed)
    const { memory } = currentThread()
    const last = new Map<number, number>()
    let received = 0
    for (;;) {
      const { value: form, ok } = random(3) === 0 ? await select([source, never]) : await source.receiveOk()
      if (!ok) return true
      const value = typeof form === 'number' ? form : (form as { value: number }).value
      const [life, sequence] = [lifeOf(value), sequenceOf(value)]
      const bit = 1 << (sequence & 31)
      const word = (counts >> 2) + ((life * SEQUENCES + sequence) >>> 5)
      if (Atomics.or(memory.i32, word, bit) & bit) throw new Error(`${sequence} of life ${life} came twice`)
      if (sequence <= (last.get(life) ?? -1)) throw new Error(`${sequence} of life ${life} came out of order`)
      last.set(life, sequence)
      await stumble(random, suicidal)
      if (++received >= most) return false
    }
  },
)

/** A goroutine of no importance. */
export const pass = parallel(import.meta.url, async function pass(n: number) {
  if (n % 3 === 0) await runtime.gosched()
  return n
})

/** Sends and receives, by select or plainly, on a channel that is closed at some moment. */
export const useUntilClosed = parallel(
  import.meta.url,
  async function useUntilClosed(channel: Chan<number>, never: ReceiveChan<number>, seed: number) {
    const random = randomFrom(seed)
    try {
      for (let n = 0; ; n++) {
        const way = random(4)
        if (way === 0) await channel.send(n)
        else if (way === 1) await select([send(channel, n), channel, never])
        else if (way === 2 && !(await channel.receiveOk()).ok) return n
        else if (way === 3) channel.trySend(n)
        if (random(100) === 0) await runtime.gosched()
      }
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_CHAN_CLOSED') throw error
      return 0
    }
  },
)
