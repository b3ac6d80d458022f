import {
  type AtomicInt32,
  type Chan,
  parallel,
  type ReceiveChan,
  runtime,
  type SendChan,
  select,
  send,
  trySelect,
} from '@millrace/core'

// What the laws of rendezvous start on other threads.

/** Sends `id` on the channel, or receives what another sends there. */
export const meet = parallel(import.meta.url, async function meet(channel: Chan<number>, id: number) {
  const hit = await select({ sent: send(channel, id), got: channel })
  return hit.case === 'sent' ? { sent: id } : { got: hit.value }
})

export const sendAll = parallel(
  import.meta.url,
  async function sendAll(sink: SendChan<number>, from: number, to: number, sent: AtomicInt32) {
    for (let i = from; i < to; i++) {
      await sink.send(i)
      sent.add(1)
    }
  },
)

/** Receives until the end; answers what came. */
export const collect = parallel(import.meta.url, async function collect(source: ReceiveChan<number>) {
  const values: number[] = []
  for await (const value of source) values.push(value)
  return values
})

/** Parks in one of the ways there are, and answers how that ended. */
export const parkOn = parallel(
  import.meta.url,
  async function parkOn(
    channel: Chan<number>,
    never: Chan<number>,
    way: 'send' | 'receive' | 'select send' | 'select receive',
    parked: SendChan<void>,
  ) {
    const waiting = {
      send: () => channel.send(1),
      receive: () => channel.receiveOk(),
      'select send': () => select({ it: send(channel, 1), never }),
      'select receive': () => select({ it: channel, never }),
    }[way]()
    // Asked for at once: the channel may be closed before `parked` has let this goroutine go on.
    const ended = waiting.then(
      result => (result ? { ok: result.ok } : {}),
      (error: { code: string }) => ({ code: error.code }),
    )
    await parked.send()
    return ended
  },
)

/** Tries each pair of channels that comes; answers whether one was always ready. */
export const tryPairs = parallel(
  import.meta.url,
  async function tryPairs(pairs: ReceiveChan<[Chan<number>, Chan<number>]>, found: SendChan<boolean>) {
    for await (const pair of pairs) await found.send(trySelect(pair) !== undefined)
  },
)

/** The loop that every Go program has: waits for work or for the end, and counts. */
export const workUntilDone = parallel(
  import.meta.url,
  async function workUntilDone(done: ReceiveChan<never>, work: ReceiveChan<number>) {
    for (let rounds = 0; ; rounds++) {
      const hit = await select({ done, work })
      if (hit.case === 'done') return rounds
    }
  },
)

/** Tries to send until somebody is there. */
export const trySendUntil = parallel(
  import.meta.url,
  async function trySendUntil(sink: SendChan<number>, value: number) {
    let tries = 1
    for (; !sink.trySend(value); tries++) await runtime.gosched()
    return tries
  },
)

/** What the i-th of many values is: one of each kind in turn, undefined among them. */
export const anyKind = (i: number): unknown =>
  [undefined, i, null, `${i}`, { i }, BigInt(i), false, [i]][i % 8]

/** Sends one value of any kind after the other, by a select over all channels each second time; answers how many on each. */
export const sendKinds = parallel(
  import.meta.url,
  async function sendKinds(channels: Chan<unknown>[], count: number) {
    const counts = channels.map(() => 0)
    for (let i = 0; i < count; i++) {
      const value = anyKind(i)
      const chosen = i % 2 === 0 ? 0 : (await select(channels.map(channel => send(channel, value)))).case
      if (i % 2 === 0) await channels[0]!.send(value)
      counts[chosen]!++
    }
    return counts
  },
)
