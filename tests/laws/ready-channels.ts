import type { Chan } from '@millrace/core'
import { range } from './expect.js'
import type { World } from './law.js'

/** `count` channels of one kind, each with a value in it that will not run out. */
export async function readyChannels(world: World, count: number, values: number): Promise<Chan<number>[]> {
  const channels = await world.chans<number>(count, values)
  for (const channel of channels) for (const i of range(values)) channel.trySend(i)
  return channels
}
