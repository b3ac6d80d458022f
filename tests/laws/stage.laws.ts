import { background, go } from '@millrace/core'
import {
  Future,
  filter,
  generate,
  map,
  PipelineError,
  pipeline,
  RetryError,
  retry,
  stage,
  take,
  tap,
} from '@millrace/patterns'
import { equal, ok, range, rejects } from './expect.js'
import type { Law } from './law.js'
import { here } from './parallel-fixtures.js'
import * as fixtures from './stage-fixtures.js'
import { threadName } from './thread-fixtures.js'

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const value of values) all.push(value)
  return all
}

function* endless() {
  for (let i = 0; ; i++) yield i
}

const ascending = (a: number, b: number) => a - b
const stageOf = (error: unknown) => (error as { stage?: string }).stage
const causeOf = (error: unknown) => (error as { cause?: Error }).cause

/** Rules 4 and 8 of the API: stages, retry and futures on threads of the pool. */
export const stageLaws: Law[] = [
  {
    name: 'a stage whose function is parallel runs on the pool’s threads, in order or as it comes',
    rule: 'API 4',
    async run({ lacks }) {
      for (const ordered of [true, false]) {
        const all = await collect(
          pipeline(background(), generate(range(50)), map(fixtures.double, { workers: 4, ordered })),
        )
        const numbers = all.map(({ n }) => n)
        equal(ordered ? numbers : [...numbers].sort(ascending), range(50))
        equal(
          all.map(result => result.double),
          numbers.map(n => n * 2),
        )
        equal(
          all.some(({ thread }) => thread === here),
          lacks.threads !== undefined,
          'that it ran here',
        )
      }
    },
  },
  {
    name: 'filter and tap with a parallel function send the very values, in order',
    rule: 'API 4',
    async run() {
      const values = range(20)
      const line = pipeline(
        background(),
        generate(values),
        filter(fixtures.isEven, { workers: 3 }),
        tap(fixtures.isEven, { workers: 2 }),
      )
      equal(
        await collect(line),
        values.filter(n => n % 2 === 0),
      )
    },
  },
  {
    name: 'an error on another thread ends the pipeline, its stage named, and nothing is left',
    rule: 'API 3',
    async run() {
      const line = pipeline(
        background(),
        generate(endless()),
        map(fixtures.failsAt, { workers: 3 }),
        map(fixtures.double, { workers: 2 }),
      )
      const error = await rejects(collect(line), 'the loop')
      equal(stageOf(error), 'failsAt')
      ok(causeOf(error) instanceof RangeError, `the cause is ${causeOf(error)}`)
    },
  },
  {
    name: 'a thread that dies in a stage is an error of the stage',
    rule: 'API 8',
    needs: ['process.exit'],
    async run() {
      const line = pipeline(background(), generate(endless()), map(fixtures.exitsAt, { workers: 2 }))
      const error = await rejects(collect(line), 'the loop')
      equal(stageOf(error), 'exitsAt')
      equal((causeOf(error) as { code?: string }).code, 'ERR_THREAD_LOST')
    },
  },
  {
    name: 'goroutines on several threads are one stage, which back-pressure and an early leave reach',
    rule: 'API 4',
    async run({ lacks }) {
      const seen: number[] = []
      const threads = new Set<string>()
      const line = pipeline(
        background(),
        generate(endless()),
        stage(fixtures.evens, { workers: 3, buffer: 2 }),
      )
      for await (const { n, thread } of line) {
        threads.add(thread)
        if (seen.push(n) === 100) break
      }
      equal(new Set(seen).size, 100)
      ok(
        seen.every(n => n % 2 === 0),
        'an odd number came',
      )
      equal(threads.has(here), lacks.threads !== undefined)
      await line.done
    },
  },
  {
    name: 'a stage that returns early ends the pipeline; one that throws names itself',
    rule: 'API 4',
    async run() {
      equal(await collect(pipeline(background(), generate(endless()), stage(fixtures.firstThree))), [0, 1, 2])
      const failing = pipeline(
        background(),
        generate(endless()),
        stage(fixtures.evens, { workers: 2 }),
        take(10_000),
      )
      const error = await rejects(collect(failing), 'the loop')
      equal([stageOf(error), causeOf(error)?.message], ['evens', 'too many'])
    },
  },
  {
    name: 'the errors of a pipeline and of retry keep their class between threads',
    rule: 'API 5',
    async run() {
      const failed = (await rejects(go(fixtures.failsHere, 'pipeline'), 'a pipeline')) as PipelineError
      ok(failed instanceof PipelineError, `the error is ${failed}`)
      equal([failed.stage, failed.message], ['far away', 'pipeline: stage "far away": deep'])
      ok(failed.cause instanceof RangeError, `the cause is ${failed.cause}`)
      const gaveUp = (await rejects(go(fixtures.failsHere, 'retry'), 'retry')) as RetryError
      ok(gaveUp instanceof RetryError, `the error is ${gaveUp}`)
      equal([gaveUp.attempts, gaveUp.message], [2, 'retry: gave up after 2 attempts: deep'])
      ok(gaveUp.cause instanceof RangeError, `the cause is ${gaveUp.cause}`)
    },
  },
  {
    name: 'retry runs a parallel function on the pool until it succeeds',
    rule: 'API 4',
    async run({ lacks }) {
      const { attempt, thread } = await retry(fixtures.flaky, { initialMs: 0 })
      equal(attempt, 3)
      equal(thread === here, lacks.threads !== undefined)
      const error = await rejects(retry(fixtures.flaky, { retries: 1, initialMs: 0 }), 'retry')
      equal((error as { attempts: number }).attempts, 2)
      ok(causeOf(error) instanceof TypeError, `the cause is ${causeOf(error)}`)
    },
  },
  {
    name: 'a future runs a parallel function on the pool, and cancelling reaches it there',
    rule: 'API 4',
    async run({ lacks }) {
      equal(await Future.run(fixtures.sum, 1, 2, 3).get(), 6)
      equal((await Future.run(threadName).get()) === here, lacks.threads !== undefined)
      if (lacks.threads) return
      const futures = range(3).map(() => new Future(fixtures.spinsOn))
      const first = Future.race(futures)
      for (const future of futures) future.cancel(new Error('enough'))
      equal(((await rejects(first, 'race')) as Error).message, 'enough')
      const settled = await Future.allSettled(futures)
      equal(
        settled.map(({ status }) => status),
        ['rejected', 'rejected', 'rejected'],
      )
    },
  },
]
