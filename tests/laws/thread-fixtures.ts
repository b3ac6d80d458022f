import { type AtomicBool, go, parallel, type ReceiveChan, type SendChan } from '@millrace/core'
import { currentThread } from '@millrace/kernel'
import { here } from './parallel-fixtures.js'

// Goroutines that end their thread, keep it busy or make it stand still.

type Exits = { process: { exit(code: number): never } }

/** A name of the thread it runs on. */
export const threadName = parallel(import.meta.url, function threadName() {
  return here
})

export const nap = parallel(import.meta.url, async function nap(ms: number) {
  await new Promise(resolve => setTimeout(resolve, ms))
  return here
})

/** The thread that runs it ends. */
export const exit = parallel(import.meta.url, function exit(code: number): void {
  ;(globalThis as unknown as Exits).process.exit(code)
})

/** Says where it runs, and ends that thread when told to. */
export const exitWhenTold = parallel(
  import.meta.url,
  async function exitWhenTold(started: SendChan<string>, told: ReceiveChan<unknown>) {
    await started.send(here)
    await told.receive()
    ;(globalThis as unknown as Exits).process.exit(0)
  },
)

/** Says which code its thread will end with, one for each thread, and ends it when told to. */
export const exitWithOwnCode = parallel(
  import.meta.url,
  async function exitWithOwnCode(index: number, codes: SendChan<[number, number]>, told: ReceiveChan<never>) {
    const code = 10 + currentThread().id
    await codes.send([index, code])
    await told.receive()
    ;(globalThis as unknown as Exits).process.exit(code)
  },
)

/** An exception that nobody can catch ends its thread. */
export const failInTimer = parallel(import.meta.url, async function failInTimer() {
  setTimeout(() => {
    throw new Error('from a timer')
  }, 0)
  await new Promise(() => {})
})

/** Says that it runs, and keeps its thread busy until told. */
export const spinUntilTold = parallel(
  import.meta.url,
  function spinUntilTold(started: SendChan<string>, told: AtomicBool) {
    started.trySend(here)
    while (!told.load());
  },
)

/** When told, starts `count` goroutines from its own thread; answers where they ran. */
export const spreadWhenTold = parallel(
  import.meta.url,
  async function spreadWhenTold(started: SendChan<string>, told: ReceiveChan<unknown>, count: number) {
    await started.send(here)
    await told.receive()
    return Promise.all(Array.from({ length: count }, () => go(threadName)))
  },
)

/** Lets whoever stands still on the word at `cell` go on. */
export const release = parallel(import.meta.url, function release(cell: number) {
  const { i32 } = currentThread().memory
  Atomics.store(i32, cell >> 2, 1)
  Atomics.notify(i32, cell >> 2)
  return here
})

/** Starts the goroutine that releases it, and stands still until it does. Answers how that ended, and where each ran. */
export const standStill = parallel(import.meta.url, async function standStill(ms: number) {
  const thread = currentThread()
  const cell = thread.allocate(16)
  const { i32 } = thread.memory
  Atomics.store(i32, cell >> 2, 0)
  const released = go(release, cell)
  const ended = thread.blocking(() => Atomics.wait(i32, cell >> 2, 0, ms))
  const other = await released
  thread.free(cell)
  return { ended, here, other }
})
