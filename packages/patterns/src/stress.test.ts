import {
  background,
  type Context,
  type ReceiveChan,
  runtime,
  type SendChan,
  withCancelCause,
} from '@millrace/core'
import { expect, test } from 'vitest'
import {
  fanIn,
  fanOut,
  filter,
  generate,
  map,
  orDone,
  PipelineError,
  pipeline,
  type Stage,
  stage,
  take,
  tap,
  tee,
} from './index.js'

// Seeded: a failure names its seed, and comes again with it.

/** Mulberry32. */
function random(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

const macrotask = () => new Promise(resolve => setImmediate(resolve))
const why = new Error('why')
const inBody = new Error('in the body')

type End = 'by itself' | 'canceled' | 'stopped' | 'left' | 'body throws'
const ENDS: End[] = ['by itself', 'canceled', 'stopped', 'left', 'body throws']

/** A pipeline of random shape, whose functions may fail, ended in one way. */
async function run(seed: number, end: End) {
  const below = random(seed)
  const pause = async () => {
    if (below(10) === 0) await macrotask()
    for (let i = below(5); i > 0; i--) await undefined
  }
  const [ctx, cancel] = withCancelCause(background())
  const count = below(60)
  const failAt = below(3) === 0 ? below(count + 1) : -1
  const at = below(count + 1)
  let hasFailed = false

  const mapStage = () =>
    map(
      async (n: number) => {
        if (below(3) === 0) await pause()
        hasFailed ||= n === failAt
        if (n === failAt) throw new Error(`at ${n}`)
        return n
      },
      { workers: 1 + below(4), ordered: below(2) === 0, buffer: below(3) },
    )
  const others: (() => Stage<number, number>)[] = [
    () => filter((n: number) => n >= 0, { workers: 1 + below(3) }),
    () => tap(pause, { workers: 1 + below(3), ordered: true }),
    () => take<number>(count + 1),
    () => goroutine,
  ]
  const goroutine = stage(
    async function goroutine(source: ReceiveChan<number>, sink: SendChan<number>, ctx: Context) {
      for (;;) {
        const { value, ok } = await source.receiveOk(ctx)
        if (!ok) return
        await sink.send(value, ctx)
      }
    },
    { workers: 1 + below(3) },
  )
  const anyStage = () => (below(2) ? mapStage() : others[below(others.length)]!())
  function* items() {
    for (let i = 0; i < count; i++) yield i
  }
  async function* slowItems() {
    for (const item of items()) {
      await pause()
      yield item
    }
  }
  let source = generate(below(2) ? items() : slowItems(), below(4) === 0 ? ctx : undefined)
  if (below(3) === 0) {
    const parts = fanOut(source, 1 + below(3))
    source = fanIn(...parts.map(part => (below(2) ? anyStage()(part, ctx) : part)))
  }
  if (below(4) === 0) source = tee(source, 1)[0]!
  if (below(4) === 0) source = orDone(ctx, source)
  if (below(4) === 0) source = pipeline(below(2) ? ctx : background(), source, anyStage())
  const line = pipeline(ctx, source, ...Array.from({ length: below(4) }, anyStage))

  if (end === 'canceled') void pause().then(() => cancel(why))
  if (end === 'stopped') void pause().then(() => line.stop())
  const seen: number[] = []
  let error: unknown
  try {
    for await (const value of line) {
      seen.push(value)
      if (seen.length === at && end === 'left') break
      if (seen.length === at && end === 'body throws') throw inBody
      if (below(4) === 0) await pause()
    }
  } catch (thrown) {
    error = thrown
  }
  await line.done.catch(() => {})
  // Sources with nobody to wait for them.
  for (let i = 0; i < 3 && runtime.numGoroutine() > 1; i++) await macrotask()

  expect(runtime.numGoroutine(), 'goroutines left behind').toBe(1)
  expect(new Set(seen).size, 'values that came twice').toBe(seen.length)
  if (error instanceof PipelineError) expect(hasFailed).toBe(true)
  else if (error !== undefined) expect(error).toBe(end === 'canceled' ? why : inBody)
  else if (end !== 'stopped' && end !== 'left') {
    // The end of the values, and not that of a failure.
    expect(hasFailed).toBe(false)
    expect(seen).toHaveLength(count)
  }
}

test.each(ENDS)(
  'a pipeline that ends (%s) loses no error, doubles no value and leaves no goroutine',
  async end => {
    for (let seed = 1; seed <= 150; seed++) {
      try {
        await run(seed, end)
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error })
      }
    }
  },
)
