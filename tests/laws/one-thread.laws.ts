import { chan, DataCloneError, DeadlockError, go, runtime } from '@millrace/core'
import { equal, ok, range, rejects, show, throws } from './expect.js'
import type { Law } from './law.js'
import * as fixtures from './parallel-fixtures.js'

const warnings: unknown[] = []

/** Asks for one thread, and listens to what is warned of from then on. */
export function askForOneThread(): void {
  const { warn } = console
  console.warn = (...words) => {
    warnings.push(words)
    warn(...words)
  }
  runtime.configure({ mode: 'single-thread' })
}

/** Rule 9 of the API where one thread was asked for, whatever the host has. */
export const oneThreadLaws: Law[] = [
  {
    name: 'where one thread was asked for there is one, without a warning and without shared memory',
    rule: 'API 9',
    async run() {
      equal(runtime.stats().mode, 'single-thread')
      const ran = await Promise.all(range(20).map(() => go(fixtures.isMain)))
      equal(new Set(ran), new Set([true]), 'whether goroutines ran here')
      const { threads, memory, mode } = runtime.stats()
      equal(
        { threads, memory, mode },
        {
          threads: { max: 1, running: 0, lost: 0 },
          memory: { used: 0, maximum: 0 },
          mode: 'single-thread',
        },
      )
      equal([runtime.gomaxprocs(), runtime.gomaxprocs(4), runtime.gomaxprocs()], [1, 1, 1])
      await runtime.shutdown()
      equal(await go(fixtures.add, 1, 2), 3)
      equal(warnings, [], 'warnings')
    },
  },
  {
    name: 'where one thread was asked for everything crosses by copy and is refused as between threads',
    rule: 'API 9',
    async run() {
      const argument = { list: [1] }
      const back = await go(fixtures.identity, argument)
      equal(back, argument)
      ok(back !== argument, 'the object itself came back')
      const error = await rejects(go(fixtures.nop, { deep: [() => 1] }), 'go')
      ok(error instanceof DataCloneError && error.path === 'args[0].deep[0]', show(error))
      const channel = chan<object>(1)
      await go(fixtures.nop, channel)
      await channel.send(argument)
      const received = await channel.receive()
      equal(received, argument)
      ok(received !== argument, 'the object itself was received')
    },
  },
  {
    name: 'where one thread was asked for to block for another goroutine is a deadlock',
    rule: 'API 9',
    needs: ['blocking'],
    run() {
      const error = throws(() => chan<number>().receiveSync(), 'receiveSync')
      ok(error instanceof DeadlockError, show(error))
    },
  },
  {
    name: 'threads cannot be asked for any more once there is one',
    rule: 'API 9',
    async run() {
      await go(fixtures.nop)
      const error = throws(() => runtime.configure({ mode: 'threads' }), 'configure')
      ok(error instanceof Error && error.message.includes('before first use'), show(error))
      const wrong = throws(() => runtime.configure({ mode: 'one' as 'threads' }), 'configure')
      ok(wrong instanceof RangeError && wrong.message.includes('got one'), show(wrong))
      runtime.configure({ mode: 'single-thread' })
    },
  },
]
