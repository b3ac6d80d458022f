import {
  type AtomicInt32,
  after,
  type Chan,
  type Context,
  parallel,
  type ReceiveChan,
  type SendChan,
  selectSync,
  send,
} from '@millrace/core'

// Goroutines that block the thread they run on.

export const doubleSync = parallel(
  import.meta.url,
  function doubleSync(source: ReceiveChan<number>, sink: SendChan<number>) {
    for (let count = 0; ; count++) {
      const value = source.receiveSync()
      if (value === undefined) return count
      sink.sendSync(2 * value)
    }
  },
)

export const chooseSync = parallel(
  import.meta.url,
  function chooseSync(words: ReceiveChan<string>, sink: Chan<string>, ms: number) {
    const hit = selectSync({ word: words, sent: send(sink, 'sent'), late: after(ms) })
    return hit.case === 'word' ? hit.value : hit.case
  },
)

/** Answers the code of what it throws. */
export const failSync = parallel(
  import.meta.url,
  function failSync(way: 'send' | 'receive', channel: Chan<number>, blocked: AtomicInt32, ctx?: Context) {
    blocked.add(1)
    try {
      const value = way === 'send' ? channel.sendSync(1, ctx) : channel.receiveSync(ctx)
      return { value }
    } catch (error) {
      return { code: (error as { code: string }).code }
    }
  },
)
