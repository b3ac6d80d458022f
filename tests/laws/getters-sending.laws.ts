import { type Chan, ChanClosedError, chan, i32, select, send, struct } from '@millrace/core'
import { equal, ok, rejects, show } from './expect.js'
import { crossedChan, once, takeAll } from './getter-fixtures.js'
import type { Law } from './law.js'

const point = (capacity: number): Chan<{ readonly x: number }> => chan(capacity, struct({ x: i32 }))

/** Runs `fn` when it is read for the `time`-th time. */
function running(fn: () => void, time: number): { readonly x: number } {
  let times = 0
  return {
    get x() {
      if (++times === time) fn()
      return 1
    },
  }
}

/** The channels that read what is sent on them: each is tried with a getter that does something when it is read for the first time, or later. */
async function forEachReading(
  attempt: (
    make: (capacity: number) => Promise<Chan<unknown>>,
    at: (fn: () => void) => object,
  ) => Promise<void>,
): Promise<void> {
  await attempt(crossedChan, once)
  for (const time of [1, 2]) {
    await attempt(
      async capacity => point(capacity) as Chan<unknown>,
      fn => running(fn, time),
    )
  }
}

/** What is sent is read while the send, or the select, is about to wait: whatever a getter does then, it takes notice. */
export const getterSendingLaws: Law[] = [
  {
    name: 'a send does not wait for what a getter of its value has done already',
    rule: 'API 5',
    async run() {
      await forEachReading(async (make, at) => {
        const closed = await make(0)
        const error = await rejects(closed.send(at(() => closed.close())), 'a send on what its getter closes')
        ok(error instanceof ChanClosedError, show(error))

        const full = await make(1)
        full.trySend({ x: 0 })
        await full.send(at(() => full.tryReceive()))
        equal(takeAll(full), [{ x: 1 }])

        const empty = await make(0)
        let received: Promise<unknown> | undefined
        await empty.send(
          at(() => {
            received = empty.receive()
          }),
        )
        equal(await received, { x: 1 })
      })
    },
  },
  {
    name: 'a select that a getter of one case serves by another has not sent that one',
    rule: 19,
    async run() {
      await forEachReading(async (make, at) => {
        for (const capacity of [0, 1]) {
          for (const isFirst of [true, false]) {
            const [channel, other] = [await make(capacity), chan<string>(1)]
            while (channel.trySend({ x: 0 })) {}
            const getter = at(() => other.trySend('served'))
            const sent = send(channel, getter)
            const result = await (isFirst ? select([sent, other]) : select([other, sent]))
            equal(result.value as unknown, 'served')
            equal(takeAll(channel), capacity === 0 ? [] : [{ x: 0 }])
            // Nothing of it is left: the next to send is the next to be received.
            const last = channel.send({ x: 2 })
            equal(await channel.receive(), { x: 2 })
            await last
          }
        }
      })
    },
  },
  {
    name: 'a select whose getter parks a receiver for it sends, though it has a receive of the same channel',
    rule: 23,
    async run() {
      await forEachReading(async (make, at) => {
        const channel = await make(0)
        let received: Promise<unknown> | undefined
        const getter = at(() => {
          received = channel.receive()
        })
        const { case: chosen } = await select({ received: channel, sent: send(channel, getter) })
        equal(chosen, 'sent')
        equal(await received, { x: 1 })
      })
    },
  },
  {
    name: 'a getter of one case of a select finds its other cases as they are, whatever their order',
    rule: 19,
    async run() {
      await forEachReading(async (make, at) => {
        for (const isFirst of [true, false]) {
          const selectWith = async (plain: Chan<unknown>, fn: () => void) => {
            const cases = [send(await make(0), at(fn)), send(plain, 'plain')]
            return select(isFirst ? cases : cases.reverse())
          }
          const empty = chan<unknown>()
          let received: Promise<unknown> | undefined
          const hit = await selectWith(empty, () => {
            received = empty.receive()
          })
          equal([hit.case as unknown, await received], [isFirst ? 1 : 0, 'plain'])

          const full = chan<unknown>(1)
          full.trySend('old')
          await selectWith(full, () => full.tryReceive())
          equal(takeAll(full), ['plain'])

          const closed = chan<unknown>()
          const error = await rejects(
            selectWith(closed, () => closed.close()),
            'a select that sends on what a getter closes',
          )
          ok(error instanceof ChanClosedError, show(error))
          equal(closed.tryReceiveOk(), { value: undefined, ok: false })

          const given = chan<unknown>()
          equal(
            (
              await select([
                send(
                  await make(0),
                  at(() => void given.send('given')),
                ),
                given,
              ])
            ).value,
            'given',
          )
        }
      })
    },
  },
]
