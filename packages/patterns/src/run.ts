import {
  afterFunc,
  type Context,
  cause,
  go,
  type ReceiveChan,
  type SendChan,
  withCancel,
  withCancelCause,
} from '@millrace/core'
import { WaitGroup } from '@millrace/sync'
import { PipelineError } from './errors.js'

// Who answers for the goroutines behind a channel. A channel that a pattern returns is filled by goroutines; they are its run.
// Whoever reads such a channel in a run of its own adopts it: then what fails there fails here, what stops here stops there,
// and nobody has ended before all that it has adopted have. So errors go down the stream, stops go up, and
// the last run of a stream, a pipeline's, hears of everything.
//
//   S1  a run has ended    =>  its goroutines have ended, its channels are closed, and its context has ended
//   S2  a run has failed   =>  its context, and those of all who adopted it, ended before one of its channels closed
//
// By S2 nobody takes the end of a channel for the end of the values when it is that of a failure. A pipeline that its context
// has cut short is one to those who adopted it.

/** Why a context of a run ended, when nothing went wrong. */
const FINISHED = new Error('pipeline: finished')
const STOPPED = new Error('pipeline: stopped')

const runs = new WeakMap<object, Run>()
const ignore = (): void => {}

export class Run {
  /** Ends when the run is to end: with an error, with a stop, with the context that it was given. */
  readonly ctx: Context
  /**
   * Resolves when the run has ended. Rejects with the error that it has failed with; if it is the last in its stream, also with
   * the cause of the context that it was given. An error that nobody waits for here is a panic, unless somebody adopts the run.
   */
  readonly done: Promise<void>
  readonly #cancel: (cause: unknown) => void
  readonly #isLast: boolean
  readonly #channels: readonly SendChan<never>[]
  readonly #unfinished = new WaitGroup()
  /** Who adopted the run, by the channel that it receives from. */
  readonly #owners = new Map<object, Run>()
  /** Channels that somebody receives from, or may yet; and what to call when nobody does any more. */
  readonly #wanted: Map<object, () => void>
  #failure: PipelineError | undefined

  /**
   * Whoever makes a run starts its goroutines, and adopts, before anything else happens.
   *
   * @param channels What the run sends on. It closes them when it ends.
   */
  constructor(parent: Context, channels: readonly SendChan<never>[], { isLast = false } = {}) {
    const [ctx, cancel] = withCancelCause(parent)
    this.ctx = ctx
    this.#cancel = cancel
    this.#isLast = isLast
    this.#channels = channels
    this.#wanted = new Map(channels.map(channel => [channel, ignore]))
    for (const channel of channels) runs.set(channel, this)
    this.done = this.#end()
  }

  /** Starts a goroutine, unless the run is to end. */
  go(stage: string, body: () => Promise<unknown>): void {
    const unlessEnded = async (): Promise<void> => {
      if (!this.ctx.err()) await body()
    }
    this.own(stage, go(unlessEnded))
  }

  /** Answers for a goroutine that has been started: what it throws is the run's failure, in the name of `stage`. */
  own(stage: string, goroutine: Promise<unknown>): void {
    this.#unfinished.add(1)
    const over = (): void => this.#unfinished.done()
    goroutine.then(over, error => {
      this.fail(stage, error)
      over()
    })
  }

  /** Answers for the run behind `channel`, from which this run receives. @throws {TypeError} It is no channel. */
  adopt(channel: ReceiveChan<unknown>): void {
    if (typeof channel?.receiveOk !== 'function') {
      throw new TypeError(
        `a source must be a channel (generate makes one of anything that can be iterated), got ${typeof channel}`,
      )
    }
    const source = runs.get(channel)
    if (!source || source.#owners.has(channel)) return
    source.#owners.set(channel, this)
    this.#unfinished.add(1)
    let isOver = false
    const over = (): void => {
      if (isOver) return
      isOver = true
      forget()
      this.#unfinished.done()
    }
    const forget = afterFunc(this.ctx, () => {
      if (!source.#abandon(channel)) over()
    })
    source.done.then(over, error => {
      this.fail('pipeline', error) // it had failed before; else this run knows
      over()
    })
  }

  /** Ends the run with an error, unless it is ending already. */
  fail(stage: string, error: unknown): void {
    if (this.ctx.err()) return
    this.#failure = error instanceof PipelineError ? error : new PipelineError(stage, error)
    this.#cancel(this.#failure)
    this.#tellOwners(this.#failure)
  }

  /** Ends the run because there is nothing more to do. */
  finish(): void {
    this.#cancel(FINISHED)
  }

  /** Ends the run because nobody wants more of it. */
  stop(): void {
    this.#cancel(STOPPED)
  }

  /** A context that ends when nobody receives from `channel`, one of the run's, any more; or with the run. Once per channel. */
  whileWanted(channel: object): Context {
    const [ctx, cancel] = withCancel(this.ctx)
    if (this.#wanted.has(channel)) this.#wanted.set(channel, cancel)
    else cancel()
    return ctx
  }

  /** Nobody receives from `channel` any more. Ends the run if that was the last; answers whether. */
  #abandon(channel: object): boolean {
    this.#wanted.get(channel)?.()
    this.#wanted.delete(channel)
    if (this.#wanted.size > 0) return false
    this.stop()
    return true
  }

  async #end(): Promise<void> {
    await undefined // its goroutines are started meanwhile
    await this.#unfinished.wait()
    this.finish()
    const why = cause(this.ctx)
    const isCut = this.#isLast && !this.#failure && why !== FINISHED && why !== STOPPED
    if (isCut) this.#tellOwners(why)
    for (const channel of this.#channels) if (!channel.closed) channel.close() // a stage may have
    if (this.#failure) throw this.#failure
    if (!isCut) return
    // Whoever cancelled it knows; so it is no panic if nobody else asks.
    this.done.catch(ignore)
    throw why
  }

  #tellOwners(error: unknown): void {
    for (const owner of this.#owners.values()) owner.fail('pipeline', error)
  }
}
