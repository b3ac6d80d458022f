import { type Chan, parallel, runtime, type SendChan, select, send } from '@millrace/core'
import { randomFrom } from '../laws/expect.js'

// Senders and receivers of the traffic. A value is {sender, sequence} as one number, in one of several forms.

const thread = Math.random().toString(36).slice(2)
const SEQUENCES = 2 ** 20

export type Manner = 'plain' | 'try' | 'select' | 'cancel' | 'many' | 'mixed' | 'close' | 'swap'

export interface Got {
  readonly thread: string
  /** What came over each channel, in order. */
  readonly values: readonly Int32Array[]
}

export interface Sent extends Got {
  /** How many of its values were sent; those are the first ones. */
  readonly count: number
}

export const senderOf = (value: number): number => Math.floor(value / SEQUENCES)
export const sequenceOf = (value: number): number => value % SEQUENCES

/** The forms that a number may cross in: a word, a cell, blocks. */
function disguise(value: number, manner: Manner): unknown {
  if (manner !== 'mixed') return value
  const forms = [value, value + 0.5, `${value}`, { value }, [value], new Map([[value, value]]), BigInt(value)]
  return forms[value % forms.length]
}

function undisguise(form: unknown): number {
  if (typeof form === 'number') return Math.floor(form)
  if (form instanceof Map) return form.keys().next().value
  if (Array.isArray(form)) return form[0]
  return typeof form === 'object' && form !== null ? (form as { value: number }).value : Number(form)
}

/** A signal that is aborted at some moment soon: at once, in this turn, in the next, or never. */
function soon(random: (n: number) => number): { signal: AbortSignal } {
  const controller = new AbortController()
  const abort = () => controller.abort('changed my mind')
  const moment = random(6)
  if (moment === 0) abort()
  else if (moment === 1) queueMicrotask(abort)
  else if (moment === 2) void runtime.gosched().then(abort)
  else if (moment === 3) setTimeout(abort, random(3))
  return { signal: controller.signal }
}

async function sendOne(
  channels: Chan<unknown>[],
  value: unknown,
  manner: Manner,
  random: (n: number) => number,
) {
  const channel = channels[0]!
  switch (manner) {
    case 'try':
      while (!channel.trySend(value)) await runtime.gosched()
      return
    case 'select':
      await select(channels.map(each => send(each, value)))
      return
    case 'cancel':
      for (;;) {
        try {
          if (random(2) === 0) await channel.send(value, soon(random))
          else await select({ sent: send(channel, value), never: null }, soon(random))
          return
        } catch (reason) {
          if (reason !== 'changed my mind') throw reason
        }
      }
    default:
      await channel.send(value)
  }
}

const asWords = (values: number[][]): Int32Array[] => values.map(each => Int32Array.from(each))

/** Sends and receives on all channels at once, whatever goes: an operation must not meet itself, and meets each other once. */
async function swap(
  channels: Chan<unknown>[],
  id: number,
  most: number,
  got: number[][],
  sentAll: SendChan<void>,
): Promise<void> {
  for (let sent = 0; sent < most; ) {
    const value = id * SEQUENCES + sent
    const hit = await select([...channels, ...channels.map(each => send(each, value))])
    if (hit.case < channels.length) got[hit.case]!.push(hit.value as number)
    else sent++
  }
  await sentAll.send()
  const open: (Chan<unknown> | null)[] = [...channels]
  while (open.some(each => each)) {
    const hit = await select(open)
    if (hit.ok) got[hit.case]!.push(hit.value as number)
    else open[hit.case] = null
  }
}

export const sender = parallel(
  import.meta.url,
  async function sender(
    channels: Chan<unknown>[],
    id: number,
    most: number,
    manner: Manner,
    seed: number,
    sentAll: SendChan<void>,
  ): Promise<Sent> {
    const random = randomFrom(seed)
    let count = 0
    const values: number[][] = channels.map(() => [])
    if (manner === 'swap') {
      await swap(channels, id, most, values, sentAll)
      return { thread, count: most, values: asWords(values) }
    }
    try {
      for (; count < most; count++) {
        await sendOne(channels, disguise(id * SEQUENCES + count, manner), manner, random)
      }
    } catch (error) {
      if (manner !== 'close' || (error as { code?: string }).code !== 'ERR_CHAN_CLOSED') throw error
    }
    return { thread, count, values: [] }
  },
)

export const receiver = parallel(
  import.meta.url,
  async function receiver(channels: Chan<unknown>[], manner: Manner, seed: number): Promise<Got> {
    const random = randomFrom(seed)
    const values: number[][] = channels.map(() => [])
    const channel = channels[0]!
    const got = values[0]!
    switch (manner) {
      case 'try':
        // Two that only try never meet without a buffer.
        while (channel.capacity > 0) {
          const received = channel.tryReceiveOk()
          if (received?.ok) got.push(undisguise(received.value))
          else if (received) break
          else await runtime.gosched()
        }
        for await (const value of channel) got.push(undisguise(value))
        break
      case 'select':
      case 'swap': {
        const open: (Chan<unknown> | null)[] = [...channels]
        while (open.some(each => each)) {
          const hit = await select(open)
          if (hit.ok) values[hit.case]!.push(undisguise(hit.value))
          else open[hit.case] = null
        }
        break
      }
      case 'cancel':
        for (;;) {
          try {
            const received = await channel.receiveOk(soon(random))
            if (!received.ok) break
            got.push(undisguise(received.value))
          } catch (reason) {
            if (reason !== 'changed my mind') throw reason
          }
        }
        break
      case 'many':
        for (;;) {
          const some = await channel.receiveMany(1 + random(50))
          if (some.length === 0) break
          got.push(...some.map(undisguise))
        }
        break
      default:
        for await (const value of channel) got.push(undisguise(value))
    }
    return { thread, values: asWords(values) }
  },
)
