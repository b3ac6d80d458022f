import type { Chan } from '@millrace/core'
import { ok } from './expect.js'
import type { World } from './law.js'

/** A channel that is full of `values`. */
export async function full<T>(world: World, ...values: T[]): Promise<Chan<T>> {
  const channel = await world.chan<T>(values.length)
  for (const value of values) ok(channel.trySend(value), 'a send with room waited')
  return channel
}
