// Compiled with the tests and never run: what users get without writing a type.

import {
  background,
  bool,
  type Chan,
  chan,
  type ElementType,
  f64,
  go,
  i32,
  i64,
  parallel,
  type ReceiveChan,
  type SendChan,
  select,
  send,
  sharedArray,
  struct,
  trySelect,
  u32,
} from '@millrace/core'
import {
  type CircuitBreaker,
  type CircuitState,
  generate,
  map,
  type Pipeline,
  pipeline,
  type RateLimiter,
  type Reservation,
} from '@millrace/patterns'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const check = <T extends true>(): T | undefined => undefined

export async function channels(words: Chan<string>): Promise<void> {
  const word = await words.receive()
  check<Equal<typeof word, string | undefined>>()
  const received = await words.receiveOk()
  if (received.ok) check<Equal<typeof received.value, string>>()
  else check<Equal<typeof received.value, undefined>>()
  for await (const each of words) check<Equal<typeof each, string>>()
  const many = await words.receiveMany(3)
  check<Equal<typeof many, string[]>>()

  const receiving: ReceiveChan<string> = words
  const sending: SendChan<string> = words
  // @ts-expect-error closing is the sender's right
  receiving.close()
  // @ts-expect-error a sender cannot receive
  sending.receive()
  // @ts-expect-error not a string
  words.send(1)
  // @ts-expect-error a receiving side does not become a channel again
  const whole: Chan<string> = receiving
  void whole
}

export async function selects(
  inbox: Chan<number>,
  outbox: Chan<string>,
  quit: ReceiveChan<never> | null,
): Promise<void> {
  const hit = await select({ message: inbox, sent: send(outbox, 'hello'), quit })
  check<Equal<typeof hit.case, 'message' | 'sent' | 'quit'>>()
  switch (hit.case) {
    case 'message':
      if (hit.ok) check<Equal<typeof hit.value, number>>()
      break
    case 'sent':
      check<Equal<typeof hit.value, undefined>>()
      break
    case 'quit':
      check<Equal<typeof hit.ok, boolean>>()
  }
  const listed = await select([inbox, outbox])
  if (listed.case === 0 && listed.ok) check<Equal<typeof listed.value, number>>()
  if (listed.case === 1 && listed.ok) check<Equal<typeof listed.value, string>>()
  const channels: ReceiveChan<number>[] = [inbox]
  const dynamic = await select(channels)
  check<Equal<typeof dynamic.case, number>>()
  if (dynamic.ok) check<Equal<typeof dynamic.value, number>>()
  const tried = trySelect({ inbox })
  if (tried) check<Equal<typeof tried.case, 'inbox'>>()
  // @ts-expect-error not a string
  send(outbox, 1)
  // @ts-expect-error not a channel
  void select({ wrong: 7 })
}

export async function goroutines(): Promise<void> {
  const sum = await go(async (a: number, b: number) => a + b, 1, 2)
  check<Equal<typeof sum, number>>()
  const square = parallel(import.meta.url, async function square(n: number, into: SendChan<number>) {
    await into.send(n * n)
    return n
  })
  const result = await go(square, 3, chan<number>(1))
  check<Equal<typeof result, number>>()
  // @ts-expect-error an argument is missing
  void go(square, 3)
  // @ts-expect-error not a number
  void go(square, 'three', chan<number>(1))
}

export function types(): void {
  const [a, b, c, d, e] = [chan(8, i32), chan(8, u32), chan(8, f64), chan(8, i64), chan(8, bool)]
  check<Equal<typeof a, Chan<number>>>()
  check<Equal<typeof b, Chan<number>>>()
  check<Equal<typeof c, Chan<number>>>()
  check<Equal<typeof d, Chan<bigint>>>()
  check<Equal<typeof e, Chan<boolean>>>()
  const points = chan(4, struct({ x: f64, y: f64 }))
  check<Equal<typeof points, Chan<{ x: number; y: number }>>>()
  const nested = struct({ at: struct({ x: f64 }), id: i64, ok: bool })
  check<Equal<typeof nested, ElementType<{ at: { x: number }; id: bigint; ok: boolean }>>>()
  const explicit: Chan<number> = chan<number>(4, f64)
  void explicit
  // @ts-expect-error not a number
  a.trySend('one')
  // @ts-expect-error a number where a bigint is due
  d.trySend(1)
  // @ts-expect-error a field is missing
  points.trySend({ x: 1 })
  // @ts-expect-error not an element type
  chan(4, 'i32')
  // @ts-expect-error strings do not come as i32
  chan<string>(4, i32)
  // @ts-expect-error not an element type
  struct({ name: String })

  const floats = sharedArray('f64', 3)
  check<Equal<typeof floats, Float64Array<SharedArrayBuffer>>>()
  const bigints = sharedArray('u64', 3)
  check<Equal<typeof bigints, BigUint64Array<SharedArrayBuffer>>>()
  // @ts-expect-error no such kind
  sharedArray('f16', 3)
  // A part is a typed array like any other.
  const part: Float64Array<SharedArrayBuffer> = floats.subarray(1)
  void part
}

export async function limitersAndBreakers(limiter: RateLimiter, breaker: CircuitBreaker): Promise<void> {
  const reservation = limiter.reserve()
  check<Equal<typeof reservation, Reservation>>()
  const number = await breaker.call(() => 7)
  check<Equal<typeof number, number>>()
  const text = await breaker.call(async ctx => String(ctx.err()))
  check<Equal<typeof text, string>>()
  const { state } = breaker
  check<Equal<typeof state, CircuitState>>()
  // @ts-expect-error a limit is a number
  limiter.setLimit('10')
}

export function pipelines(): void {
  const eight = pipeline(
    background(),
    generate([1]),
    map(n => n + 1),
    map(n => `${n}`),
    map(text => text.length),
    map(n => ({ n })),
    map(({ n }) => [n]),
    map(list => list.length),
    map(n => n > 1),
    map(isMany => (isMany ? 'many' : 'few')),
  )
  check<Equal<typeof eight, Pipeline<'few' | 'many'>>>()
}
