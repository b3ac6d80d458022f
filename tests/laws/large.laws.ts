import { chan, go, runtime } from '@millrace/core'
import { equal, ok } from './expect.js'
import type { Law } from './law.js'
import * as fixtures from './typed-fixtures.js'

const MEGABYTE = 2 ** 20

/** Values of megabytes. */
export const largeLaws: Law[] = [
  {
    name: 'values of megabytes arrive whole and give their memory back when they are taken',
    rule: 'API 5',
    timeoutMs: 60_000,
    async run() {
      const source = chan<Uint8Array>(2)
      const sums = chan<number>(2)
      const summing = go(fixtures.sumEnds, source, sums)
      const used = runtime.stats().memory.used
      for (let i = 0; i < 100; i++) {
        const value = new Uint8Array(4 * MEGABYTE)
        value[0] = i
        value[value.length - 1] = i + 1
        await source.send(value)
        if (i > 1) equal(await sums.receive(), 2 * i - 3)
        // Two in the channel, one that is being sent, one that is being received.
        const more = runtime.stats().memory.used - used
        ok(more <= 5 * 4 * MEGABYTE, `${more} bytes are used by four values of 4 MiB (message ${i})`)
      }
      source.close()
      await sums.receiveMany(2)
      await sums.receive()
      await summing
    },
  },
]
