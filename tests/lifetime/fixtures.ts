import { writeSync } from 'node:fs'
import { parallel, type ReceiveChan, runtime, type SendChan } from '@millrace/core'

// What the programs start on other threads. They print past the main thread, which may have ended its part.

export const say = (text: string): void => {
  writeSync(1, `${text}\n`)
}

const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

export const nop = parallel(import.meta.url, function nop() {})

export const park = parallel(
  import.meta.url,
  async function park(started: SendChan<unknown>, gate: ReceiveChan<unknown>) {
    await started.send(true)
    await gate.receive()
  },
)

export const spin = parallel(import.meta.url, function spin(ms: number) {
  const end = performance.now() + ms
  while (performance.now() < end);
  say('spun')
  return 'spun'
})

export const nap = parallel(import.meta.url, async function nap(ms: number) {
  await sleep(ms)
  say('napped')
  return 'napped'
})

/** Waits for a timer of another thread. */
export const awaitOne = parallel(
  import.meta.url,
  async function awaitOne(timer: ReceiveChan<Date>, started: SendChan<unknown>) {
    const rung = timer.receive()
    await started.send(0)
    await rung
    say('rang')
  },
)

const kept: unknown[] = []

/** Keeps what it is given for ever. */
export const keep = parallel(import.meta.url, function keep(thing: unknown): void {
  kept.push(thing)
})

export const read = parallel(import.meta.url, async function read(url: string) {
  const text = await (await fetch(url)).text()
  say(`read ${text}`)
  return text
})

/** Works, waits for a timer, and sends then. */
export const sendLater = parallel(
  import.meta.url,
  async function sendLater(sink: SendChan<string>, ms: number) {
    const end = performance.now() + ms / 2
    while (performance.now() < end);
    await sleep(ms / 2)
    await sink.send('sent later')
  },
)

/** Answers whatever comes, for ever. */
export const echo = parallel(
  import.meta.url,
  async function echo(source: ReceiveChan<string>, sink: SendChan<string>) {
    for await (const value of source) await sink.send(value)
  },
)

export const fail = parallel(import.meta.url, async function fail() {
  await runtime.gosched()
  throw new RangeError('nobody handles this')
})

/** Leaves a timer behind that must not keep anybody alive. */
export const leaveUnrefTimer = parallel(
  import.meta.url,
  function leaveUnrefTimer(started: SendChan<unknown>) {
    const timer = setInterval(() => {}, 1000) as unknown as { unref(): void }
    timer.unref()
    started.trySend(true)
  },
)

export const exit = parallel(import.meta.url, function exit() {
  ;(globalThis as unknown as { process: { exit(code: number): never } }).process.exit(0)
})

/** Says that it runs, and never returns to its event loop. */
export const spinForEver = parallel(import.meta.url, function spinForEver(started: SendChan<unknown>) {
  started.trySend(true)
  for (;;);
})

/** Waits for `channel`, parked, and no longer than `ms`, by a timer of the host's own. */
export const waitAtMost = parallel(
  import.meta.url,
  async function waitAtMost(channel: ReceiveChan<unknown>, ms: number) {
    const late = new AbortController()
    setTimeout(() => late.abort('its time was over'), ms)
    return channel.receive(late).catch((reason: unknown) => reason)
  },
)
