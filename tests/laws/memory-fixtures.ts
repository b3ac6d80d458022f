import { chan, parallel, type SendChan } from '@millrace/core'

export const take = parallel(import.meta.url, function take(value: { length: number } | undefined) {
  return value?.length
})

export const answerLarge = parallel(import.meta.url, function answerLarge(bytes: number) {
  return new Uint8Array(bytes)
})

/** Sends until that is refused for want of memory; answers how often it went well. */
export const sendUntilRefused = parallel(
  import.meta.url,
  async function sendUntilRefused(sink: SendChan<Uint8Array>, bytes: number) {
    for (let sent = 0; ; sent++) {
      try {
        await sink.send(new Uint8Array(bytes).fill(sent))
      } catch (error) {
        return (error as { code: string }).code === 'ERR_OUT_OF_SHARED_MEMORY' ? sent : -1
      }
    }
  },
)

/** Uses all memory up, in blocks of every size, and then wants some for its result. */
export const answerWithoutMemory = parallel(
  import.meta.url,
  async function answerWithoutMemory(sink: SendChan<unknown>) {
    const sizes = Array.from({ length: 16 }, (_, i) => new Uint8Array(2 ** (15 - i)))
    for (const value of [...sizes, { a: 'result' }, 0.5]) {
      try {
        for (;;) await sink.send(value)
      } catch {}
    }
    return { a: 'result' }
  },
)

export const makeLarge = parallel(import.meta.url, function makeLarge(capacity: number) {
  return chan<number>(capacity)
})
