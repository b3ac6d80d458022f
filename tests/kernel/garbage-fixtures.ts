import { type Chan, parallel, type ReceiveChan } from '@millrace/core'

export const collect = parallel(import.meta.url, async function collect(_carrier?: Chan<unknown>) {
  ;(globalThis as { gc?: () => void }).gc?.()
  await new Promise(resolve => setTimeout(resolve, 1))
})

/** Gets channels, uses each, and forgets them. */
export const forget = parallel(
  import.meta.url,
  async function forget(source: ReceiveChan<Chan<unknown>>, count: number) {
    for (let i = 0; i < count; i++) (await source.receive())!.trySend(i)
  },
)
