import process from 'node:process'
import { type Context, cause, parallel, type ReceiveChan, runtime, ThreadLostError } from '@millrace/core'
import { Group } from '@millrace/errgroup'
import { randomFrom, range } from '../laws/expect.js'

/** What the goroutines of a group fail with, if their thread lives. */
const TOIL_FAILED = 'this toil has failed'

/** What became of a group's goroutines. */
export interface Tally {
  started: number
  refused: number
  /** Groups that ended well, with an error of a goroutine, with a lost thread, or with the parent's cause. */
  well: number
  failed: number
  lost: number
  aborted: number
}

/** Ends somehow: at once, later, with an error, with its thread, or when its context does, which it waits for or looks at. */
export const toil = parallel(
  import.meta.url,
  async function toil(ctx: Context, never: ReceiveChan<never>, seed: number) {
    const random = randomFrom(seed)
    for (let steps = random(4); steps > 0; steps--) await runtime.gosched()
    const fate = random(100)
    if (fate < 4) process.exit(0)
    if (fate < 10) throw new RangeError(TOIL_FAILED)
    if (fate < 30) await never.receive(ctx)
    if (fate < 40) while (!ctx.err()) await runtime.gosched()
    if (fate < 45) for (const end = performance.now() + 20; !ctx.err() && performance.now() < end; );
  },
)

/** Runs a group whose goroutines end in every way; throws if it breaks a promise. The end of `parent` ends it, at the latest. */
export const runGroup = parallel(
  import.meta.url,
  async function runGroup(parent: Context, never: ReceiveChan<never>, seed: number): Promise<Tally> {
    const random = randomFrom(seed)
    const [group, ctx] = Group.withContext(parent)
    const tally = { started: 0, refused: 0, well: 0, failed: 0, lost: 0, aborted: 0 }
    const limit = random(4) === 0 ? -1 : 1 + random(6)
    group.setLimit(limit)
    let running = 0
    const here = async (work: number) => {
      running++
      if (limit > 0 && running > limit) throw new Error(`${running} run with a limit of ${limit}`)
      try {
        await toil(ctx, never, work)
      } finally {
        running--
      }
    }
    const starts = range(1 + random(20)).map(async () => {
      // Here only with what does not end the thread.
      const work = random(2 ** 30)
      try {
        await (random(4) === 0 && endsHarmlessly(work)
          ? group.go(here, work)
          : group.go(toil, ctx, never, work))
        tally.started++
      } catch (reason) {
        if (!ctx.err() || reason !== cause(ctx))
          throw new Error('refused for another reason', { cause: reason })
        tally.refused++
      }
    })
    let error: unknown
    let ended = true
    await group.wait().catch(thrown => {
      ended = false
      error = thrown
    })
    if (running > 0) throw new Error(`${running} goroutines run after wait`)
    if (!ctx.err()) throw new Error('the context has not ended with wait')
    await Promise.all(starts)
    if (ended && tally.refused > 0) throw new Error(`${tally.refused} were left out, and wait did not tell`)
    if (!ended && cause(ctx) !== error && cause(ctx) !== cause(parent)) {
      throw new Error('the error is not the cause', { cause: error })
    }
    for (let i = 0; i < limit; i++)
      if (!group.tryGo(() => {})) throw new Error(`place ${i} of ${limit} is lost`)
    await group.wait().catch(() => {})
    if (ended) tally.well++
    else if (error instanceof ThreadLostError) tally.lost++
    else if (error instanceof RangeError && error.message === TOIL_FAILED) tally.failed++
    else if (parent.err() && (error as Error).message === (cause(parent) as Error).message) tally.aborted++
    else throw error
    return tally
  },
)

const endsHarmlessly = (seed: number): boolean => {
  const random = randomFrom(seed)
  random(4)
  return random(100) >= 4
}
