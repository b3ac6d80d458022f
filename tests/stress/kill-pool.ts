import process from 'node:process'
import { type Chan, chan, go, main, runtime, ThreadLostError } from '@millrace/core'
import { currentThread } from '@millrace/kernel'
import { randomFrom, range, sleep } from '../laws/expect.js'
import { AddedThreads } from './added-threads.js'
import { pass, receiveUntilKilled, SEQUENCES, sendUntilKilled, useUntilClosed } from './kill-pool-fixtures.js'
import { isLong, say, seed } from './seed.js'

// Threads of the pool are killed at random moments, in the middle of whatever their goroutines do. Every goroutine's promise
// settles, the others never stand still, and nothing is lost but what dead threads had taken.
//
//   kill-pool.js terminate     from outside: worker.terminate() on threads that this program has added to the pool
//   kill-pool.js exit          from inside: goroutines call process.exit at random steps

const fromOutside = process.argv[2] !== 'exit'
const KILLS = fromOutside ? (isLong ? 10_000 : 200) : isLong ? 1000 : 60
const ADDED = 3
const PER_CHANNEL = 3 // senders, and as many receivers
const PASSING = 8
const CLOSING = 3
/** Shared memory may grow while everybody finds his place, not after. */
const GROWTH = 2 ** 20
const LIVES = isLong ? 2 ** 17 : 2 ** 13
const STANDSTILL_MS = 15_000

const random = randomFrom(seed)
let [kills, lostGoroutines, passed, lives, ended, closed] = [0, 0, 0, 0, 0, 0]
let receiversLost = 0
let isEnding = false

function giveUp(reason: string): never {
  say({ failed: reason, kills, lostGoroutines, passed, seed })
  process.exit(1)
}

main(async () => {
  say({ seed, long: isLong, kills: KILLS })
  runtime.configure({ threads: fromOutside ? 1 : ADDED + 1, memory: { maximum: 2 ** 30 } })
  const thread = currentThread()
  const { kernel, memory } = thread
  const zeroed = (bytes: number): number => {
    const block = thread.allocate(bytes)
    memory.u8.fill(0, block, block + bytes)
    return block
  }
  const sent = zeroed(4 * LIVES)
  const marks = zeroed((LIVES * SEQUENCES) / 8)
  await go(pass, 0) // the pool is there now

  const channels: Chan<unknown>[] = [0, 1, 3, 64].map(capacity => chan(capacity))
  const never = chan<number>()
  const orders = (counts: number) => ({
    counts,
    never,
    most: 1 + random(SEQUENCES),
    seed: random(2 ** 31),
    suicidal: fromOutside ? 0 : 2000,
  })
  /** What a goroutine answers; undefined if its thread was lost. */
  const settled = async <R>(goroutine: Promise<R>): Promise<R | undefined> => {
    try {
      return await goroutine
    } catch (error) {
      if (!(error instanceof ThreadLostError)) giveUp(`a goroutine failed: ${(error as Error).stack}`)
      lostGoroutines++
      if (!fromOutside) kills = runtime.stats().threads.lost
      return undefined
    } finally {
      ended++
    }
  }
  const added = new AddedThreads(fromOutside ? ADDED : 0, giveUp)
  while (!added.areUp) await sleep(5)
  const roles: Promise<void>[] = []
  for (const channel of channels) {
    for (let i = 0; i < PER_CHANNEL; i++) {
      roles.push(
        (async () => {
          while (!isEnding) {
            if (lives === LIVES) giveUp('there were more lives than thought')
            await settled(go(sendUntilKilled, channel, { life: lives++, ...orders(sent) }))
          }
        })(),
        (async () => {
          for (;;) {
            const wasLast = await settled(go(receiveUntilKilled, channel, orders(marks)))
            if (wasLast) return
            if (wasLast === undefined) receiversLost++
          }
        })(),
      )
    }
  }
  for (let i = 0; i < PASSING; i++) {
    roles.push(
      (async () => {
        for (let n = 0; !isEnding; n++) if ((await settled(go(pass, n))) !== undefined) passed++
      })(),
    )
  }
  for (let i = 0; i < CLOSING; i++) {
    roles.push(
      (async () => {
        while (!isEnding) {
          const channel = chan<number>(random(3))
          const using = range(4).map(() => settled(go(useUntilClosed, channel, never, random(2 ** 30))))
          await sleep(random(20))
          channel.close()
          await Promise.all(using)
          closed++
        }
      })(),
    )
  }
  // One goroutine of this thread takes part too: it cannot die, and what it receives is marked at once.
  const here = receiveUntilKilled(channels[0]!, {
    ...orders(marks),
    most: Number.POSITIVE_INFINITY,
    suicidal: 0,
  })

  const received = () => {
    let count = 0
    for (let word = marks >> 2; word < (marks >> 2) + lives * (SEQUENCES / 32); word++) {
      for (let bits = memory.i32[word]!; bits !== 0; bits &= bits - 1) count++
    }
    return count
  }
  let before = { ended: 0, received: 0, at: performance.now() }
  const watchdog = setInterval(() => {
    const now = { ended, received: received(), at: performance.now() }
    if (now.ended !== before.ended && (isEnding || now.received !== before.received)) before = now
    else if (now.at - before.at > STANDSTILL_MS) {
      const what = now.ended === before.ended ? 'no goroutine ended' : 'no value was received'
      giveUp(
        `${what} for ${STANDSTILL_MS} ms; ${runtime.numGoroutine()} goroutines, values in the channels: ${channels.map(({ length }) => length)}`,
      )
    }
  }, 500)

  let early = 0
  const watchMemory = () => {
    if (kills <= KILLS / 2) early = kernel.heapUsed()
  }
  if (fromOutside) {
    while (kills < KILLS) {
      watchMemory()
      await sleep(random(20))
      if (await added.killOne(random)) kills++
    }
  } else {
    while (kills < KILLS) {
      watchMemory()
      await sleep(20)
    }
  }

  isEnding = true
  for (const channel of channels) channel.close()
  await Promise.all([...roles, here])
  clearInterval(watchdog)

  let lost = 0
  for (let life = 0; life < lives; life++) {
    const known = memory.i32[(sent >> 2) + life]!
    for (let sequence = 0; sequence <= known + 2 && sequence < SEQUENCES; sequence++) {
      const seen = memory.i32[(marks >> 2) + ((life * SEQUENCES + sequence) >>> 5)]! & (1 << (sequence & 31))
      if (sequence < known && !seen) lost++
      if (sequence > known && seen) giveUp(`${sequence} of life ${life} came, and ${known} were sent`)
    }
  }
  // A receiver that was lost may have had one value in hand, and one that its thread had taken for it.
  if (lost > 2 * receiversLost) giveUp(`${lost} values were lost, and only ${receiversLost} receivers`)
  const growth = kernel.heapUsed() - early
  if (growth > GROWTH) giveUp(`shared memory grew by ${growth} bytes in the second half`)
  say({
    ok: true,
    kills,
    closed,
    lostGoroutines,
    receiversLost,
    lost,
    lives,
    passed,
    received: received(),
    heapMiB: kernel.heapUsed() >> 20,
    growth,
    seed,
  })
})
