import { background, type Context, parallel, type ReceiveChan, runtime, type SendChan } from '@millrace/core'
import { generate, map, pipeline, retry } from '@millrace/patterns'
import { here } from './parallel-fixtures.js'

// What the laws of pipelines, retry and futures start on other threads.

type Exits = { process: { exit(code: number): never } }

export const double = parallel(import.meta.url, function double(n: number) {
  return { n, double: n * 2, thread: here }
})

export const isEven = parallel(import.meta.url, async function isEven(n: number) {
  await runtime.gosched()
  return n % 2 === 0
})

export const failsAt = parallel(import.meta.url, async function failsAt(n: number) {
  if (n === 7) throw new RangeError('seven')
  return n
})

export const exitsAt = parallel(import.meta.url, async function exitsAt(n: number) {
  if (n === 3) (globalThis as unknown as Exits).process.exit(0)
  return n
})

/** A goroutine as a stage. */
export const evens = parallel(
  import.meta.url,
  async function evens(
    source: ReceiveChan<number>,
    sink: SendChan<{ n: number; thread: string }>,
    ctx: Context,
  ) {
    for (;;) {
      const { value, ok } = await source.receiveOk(ctx)
      if (!ok) return
      if (value % 2 === 0) await sink.send({ n: value, thread: here }, ctx)
      if (value === 1001) throw new Error('too many')
    }
  },
)

/** Takes a few and returns. */
export const firstThree = parallel(
  import.meta.url,
  async function firstThree(source: ReceiveChan<number>, sink: SendChan<number>, ctx: Context) {
    for (let i = 0; i < 3; i++) await sink.send((await source.receive(ctx))!, ctx)
    sink.close() // as one would in Go
  },
)

export const flaky = parallel(import.meta.url, async function flaky(attempt: number, ctx: Context) {
  if (ctx.err()) throw new Error('its context has ended')
  if (attempt < 3) throw new TypeError(`attempt ${attempt}`)
  return { attempt, thread: here }
})

export const spinsOn = parallel(import.meta.url, function spinsOn(ctx: Context) {
  const end = performance.now() + 8000
  while (!ctx.err() && performance.now() < end);
  return here
})

export const sum = parallel(import.meta.url, async function sum(...numbers: number[]) {
  return numbers.reduce((a, b) => a + b, 0)
})

/** A pipeline of its own, and a retry, that fail. */
export const failsHere = parallel(import.meta.url, async function failsHere(how: 'pipeline' | 'retry') {
  const fail = () => {
    throw new RangeError('deep')
  }
  if (how === 'retry') await retry(fail, { retries: 1, initialMs: 0 })
  const line = pipeline(background(), generate([1]), map(fail, { name: 'far away' }))
  for await (const _ of line);
})
