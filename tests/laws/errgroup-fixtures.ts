import {
  type AtomicInt32,
  type Context,
  cause,
  parallel,
  type ReceiveChan,
  runtime,
  type SendChan,
} from '@millrace/core'

// Goroutines of groups, on other threads.

type Exits = { process: { exit(code: number): never } }

const here = Math.random().toString(36).slice(2)

/** A name of the thread it is called on. */
export const threadHere = (): string => here

export const squareInto = parallel(
  import.meta.url,
  async function squareInto(n: number, sink: SendChan<number>) {
    await sink.send(n * n)
  },
)

export const failWhole = parallel(import.meta.url, function failWhole(message: string) {
  throw Object.assign(new RangeError(message, { cause: new TypeError('why') }), { code: 'ERR_OWN' })
})

/** Says that it runs, and fails when told to. */
export const failWhenTold = parallel(
  import.meta.url,
  async function failWhenTold(message: string, started: SendChan<unknown>, told: ReceiveChan<unknown>) {
    await started.send(message)
    await told.receive()
    throw new RangeError(message, { cause: new TypeError('why') })
  },
)

/** Waits under `ctx` for what never comes; tells what ended it. */
export const parkUnder = parallel(
  import.meta.url,
  async function parkUnder(ctx: Context, never: ReceiveChan<never>, ends: SendChan<unknown>) {
    await ends.send('parked')
    await never.receive(ctx).catch(error => ends.send(error))
  },
)

/** Computes under `ctx` without ever waiting, unless it is on the thread `home`; tells what ended it. */
export const spinUnder = parallel(
  import.meta.url,
  async function spinUnder(ctx: Context, home: string, ends: SendChan<unknown>) {
    spin(5)
    await ends.send(here === home ? 'at home' : 'spins')
    if (here === home) return
    const end = performance.now() + 8000 // a law that fails must not leave a thread spinning
    while (!ctx.err() && performance.now() < end);
    await ends.send(cause(ctx))
  },
)

/** Ends its thread, unless that is `home`. */
export const exitElsewhere = parallel(import.meta.url, function exitElsewhere(home: string) {
  if (here !== home) (globalThis as unknown as Exits).process.exit(3)
})

/** Notes how many of its kind there are at once. */
export const countActive = parallel(
  import.meta.url,
  async function countActive(active: AtomicInt32, most: AtomicInt32, ran: AtomicInt32) {
    const n = active.add(1)
    for (let seen = most.load(); seen < n && !most.compareAndSwap(seen, n); ) seen = most.load()
    if (ran.add(1) % 3 === 0) await runtime.gosched()
    active.add(-1)
  },
)

export const takeAny = parallel(import.meta.url, function takeAny(_value: unknown) {})

/** Keeps this thread busy. */
export function spin(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}
