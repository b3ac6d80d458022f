// The work on message texts, on pool threads.
//
//    submit ─▶ shard of the room ─▶ jobs ══▶ worker goroutine ══▶ outcomes ─▶ collector ─▶ processed
//                                    (══ crosses threads)
//
// A room, or a pair of users, always has the same shard; a shard has one worker at a time, and both its channels are first in,
// first out. So the order of a room's messages is the order in which they were submitted. True at every moment:
//
//   W1  inWork holds, in the order of their jobs, the tasks whose outcome has not arrived
//   W2  an outcome arrives  =>  the tasks before its own in inWork are lost: their worker died with them
//
// When a worker dies its thread is lost, but not the channels: another worker goes on with the jobs that wait. A job without a
// text is sent after them, so that by W2 the loss shows even if nobody sends anything more.

import { type Chan, chan, go, type SendChan, sleep, ThreadLostError } from '@millrace/core'
import type { Processed, Task } from './hub.js'
import type { Log } from './log.js'
import type { Job, Outcome, Worker } from './processing.js'
import { keyOfName } from './protocol.js'

export interface WorkersOptions {
  readonly count: number
  /** Messages that may be with one worker; who sends more waits. */
  readonly queue: number
  readonly maxTextLength: number
  readonly worker: Worker
  readonly log: Log
}

export class Workers {
  readonly #shards: Shard[]

  constructor(processed: SendChan<Processed>, options: WorkersOptions) {
    this.#shards = Array.from({ length: options.count }, () => new Shard(processed, options))
  }

  /** Resolves when every worker has answered once. */
  async start(): Promise<void> {
    await Promise.all(this.#shards.map(shard => shard.start()))
  }

  /** Hands a message over: waits while its worker has all it may have. What becomes of it is sent to `processed`. */
  async submit(task: Task, text: string): Promise<void> {
    task.client.messageStarted()
    await this.#shards[hash(orderKey(task)) % this.#shards.length]!.submit(task, text)
  }

  get count(): number {
    return this.#shards.length
  }

  /** How often a worker had to be started again. */
  get restarts(): number {
    return this.#shards.reduce((sum, shard) => sum + shard.restarts, 0)
  }

  /** No more messages: workers end when they have done what is there. */
  close(): void {
    for (const shard of this.#shards) shard.close()
  }
}

const RESTART_MS = 100
const MAX_RESTART_MS = 5000

class Shard {
  restarts = 0
  readonly #options: WorkersOptions
  readonly #processed: SendChan<Processed>
  /** One value for each message that is with the worker. */
  readonly #places: Chan<void>
  readonly #jobs: Chan<Job>
  readonly #outcomes: Chan<Outcome>
  readonly #inWork: { id: number; task: Task | undefined }[] = []
  readonly #firstAnswer = chan<never>()
  #lastId = 0
  #closed = false

  constructor(processed: SendChan<Processed>, options: WorkersOptions) {
    this.#processed = processed
    this.#options = options
    this.#places = chan(options.queue)
    this.#jobs = chan(options.queue)
    this.#outcomes = chan(options.queue)
  }

  async start(): Promise<void> {
    void go(() => this.#collect())
    void go(() => this.#supervise())
    void this.#send(undefined, undefined)
    await this.#firstAnswer.receive()
  }

  async submit(task: Task, text: string): Promise<void> {
    await this.#places.send()
    await this.#send(task, text)
  }

  #send(task: Task | undefined, text: string | undefined): Promise<void> {
    const id = ++this.#lastId
    this.#inWork.push({ id, task })
    return this.#jobs.send({ id, text })
  }

  close(): void {
    this.#closed = true
    this.#jobs.close()
  }

  /** A goroutine that keeps a worker going until there are no more jobs. */
  async #supervise(): Promise<void> {
    const { worker, maxTextLength, log } = this.#options
    let pauseMs = 0
    for (;;) {
      const startedAt = performance.now()
      try {
        await go(worker, this.#jobs, this.#outcomes, maxTextLength)
        return
      } catch (error) {
        if (this.#closed) return
        const lost = error instanceof ThreadLostError
        log.error('worker_ended', { lost, error: String(error) })
        // One death is followed at once by a new worker; one that cannot live is not tried in a tight loop.
        if (performance.now() - startedAt > MAX_RESTART_MS) pauseMs = 0
        if (pauseMs > 0) await sleep(pauseMs)
        pauseMs = Math.min(Math.max(RESTART_MS, 2 * pauseMs), MAX_RESTART_MS)
        this.restarts++
        if (!this.#closed) void this.#send(undefined, undefined).catch(() => {})
      }
    }
  }

  /** A goroutine that takes the outcomes, and by their ids finds out what was lost. */
  async #collect(): Promise<void> {
    for await (const outcome of this.#outcomes) {
      for (;;) {
        const { id, task } = this.#inWork.shift()!
        const isIts = id === outcome.id
        if (task) {
          await this.#places.receive()
          await this.#processed.send({ task, outcome: isIts ? outcome : undefined })
        }
        if (isIts) break
      }
      if (!this.#firstAnswer.closed) this.#firstAnswer.close()
    }
  }
}

/** What must stay in order together. */
function orderKey({ client, to }: Task): string {
  if (to.room !== undefined) return `#${to.room}`
  return [keyOfName(client.user!.name), keyOfName(to.user)].sort().join('\n')
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value >>> 0
}
