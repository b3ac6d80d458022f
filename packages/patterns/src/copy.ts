import type { ReceiveChan, SendChan, WaitOptions } from '@millrace/core'

/** Sends what it receives, until the end. */
export async function copy<T>(source: ReceiveChan<T>, to: SendChan<T>, options: WaitOptions): Promise<void> {
  for (;;) {
    const { value, ok } = await source.receiveOk(options)
    if (!ok) return
    await to.send(value as T, options)
  }
}
