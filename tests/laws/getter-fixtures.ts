import { type Chan, chan, go } from '@millrace/core'
import * as fixtures from './parallel-fixtures.js'

/** A channel that crosses what is sent on it. */
export async function crossedChan(capacity: number): Promise<Chan<unknown>> {
  const channel = chan<unknown>(capacity)
  await go(fixtures.nop, channel)
  return channel
}

/** Runs `fn` when it is read for the first time. */
export function once(fn: () => void): { readonly x: number } {
  let isFirst = true
  return {
    get x() {
      if (isFirst) {
        isFirst = false
        fn()
      }
      return 1
    },
  }
}

export function takeAll(channel: Chan<unknown>): unknown[] {
  const values: unknown[] = []
  while (channel.length > 0) values.push(channel.tryReceive())
  return values
}
