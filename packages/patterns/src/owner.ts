import {
  type Chan,
  type Context,
  chan,
  go,
  type ReceiveChan,
  runtime,
  type SendChan,
  select,
  send,
  ThreadLostError,
  type WaitOptions,
  withCancelCause,
} from '@millrace/core'
import { currentThread } from '@millrace/kernel'
import { contextOf } from './context-of.js'

// A thing that lives on one thread, its owner's, and is called from others: what makes a pool or a table of subscribers one and the
// same everywhere. A call is a value on a channel that all threads know, and brings along a channel for its answer and a context
// which tells the owner that the caller has given up.
//
//   O1  a call was sent  =>  it is answered, or the caller has given up, or the owner's thread has died and the caller is told
//   O2  calls of one thread arrive in the order in which they were made

/** A thread, and which of its lives. */
export interface ThreadLife {
  readonly id: number
  readonly life: number
}

type Answer = { value: unknown } | { error: unknown }

/** A call on its way. Without `answer` nobody waits for one. */
export interface Call {
  readonly method: string
  readonly args: readonly unknown[]
  readonly ctx?: Context
  readonly answer?: SendChan<Answer>
}

/** Answers a call. */
export type Serve = (method: string, args: readonly unknown[], ctx: Context | undefined) => unknown

/** How others reach the owner: crosses as part of what it owns. */
export interface Door {
  readonly owner: ThreadLife
  readonly calls: Chan<Call>
}

const ROOM = 256

/** Makes this thread the owner. `serve` may be called until the calls are closed, and all that have come are served. */
export function openDoor(serve: Serve): Door {
  const calls = chan<Call>(ROOM)
  const serveAll = async () => {
    for await (const call of calls) serveCall(call, serve)
  }
  // On the main thread it is none of the program's goroutines. A thread of the pool must not leave while it owns something.
  if (runtime.isMainThread) void serveAll()
  else void go(serveAll)
  return { owner: thisThread(), calls }
}

/** Serves one call; does not wait for its end. */
export function serveCall({ method, args, ctx, answer }: Call, serve: Serve): void {
  const reply = (outcome: Answer): void => {
    try {
      answer?.trySend(outcome)
    } catch (error) {
      if ('error' in outcome) answer?.trySend({ error: new Error(String(outcome.error)) })
      else reply({ error }) // the result cannot cross
    }
  }
  void (async () => {
    try {
      reply({ value: await serve(method, args, ctx) })
    } catch (error) {
      reply({ error })
    }
  })()
}

/**
 * Calls the owner, and waits for the answer. Cancelled, it rejects with the reason at once, and the owner is told.
 *
 * @param onUnsent Called if the call has not been sent: something in it cannot cross, or it was cancelled before.
 */
export async function callOwner(
  { owner, calls }: Door,
  method: string,
  args: readonly unknown[],
  options?: WaitOptions,
  onUnsent: () => void = () => {},
): Promise<unknown> {
  const answer = chan<Answer>(1)
  const lost = lossOf(owner)
  // One of its own: once it has ended nothing of this call stays with the context or the signal that was given.
  const [ctx, cancel] = withCancelCause(contextOf(options))
  try {
    const call: Call = { method, args, ctx, answer }
    const sent = await select({ sent: send(calls, call), lost: lost.happened }, options).catch(error => {
      onUnsent()
      throw error
    })
    if (sent.case === 'lost') throw ownerLost()
    const hit = await select({ answer, lost: lost.happened }, options)
    if (hit.case === 'lost' || !hit.ok) throw ownerLost()
    if ('error' in hit.value) throw hit.value.error
    return hit.value.value
  } finally {
    cancel()
    lost.forget()
  }
}

/** Tells the owner something, without an answer. Arrives after all that this thread has called before. */
export function tellOwner({ calls }: Door, method: string, args: readonly unknown[]): void {
  // Parked if there is no room; refused only if there is nobody to hear it any more.
  calls.send({ method, args }).catch(() => {})
}

export const ownerLost = (): ThreadLostError =>
  new ThreadLostError('the thread that owns this object has ended before it answered')

/** This thread. */
export function thisThread(): ThreadLife {
  const { id, kernel } = currentThread()
  return { id, life: kernel.threadLife(id) }
}

/** Whether a thread has not ended. */
export function isAlive({ id, life }: ThreadLife): boolean {
  const { kernel } = currentThread()
  return Boolean(kernel.threadIsAlive(id)) && kernel.threadLife(id) === life
}

const watchers = new Set<() => void>()
let isWatching = false

/** Calls `look` when a thread may have ended, until `forget`. */
export function onThreadEnd(look: () => void): () => void {
  if (!isWatching) {
    isWatching = true
    currentThread().onRescan(() => {
      for (const watcher of [...watchers]) watcher()
    })
  }
  watchers.add(look)
  return () => watchers.delete(look)
}

/** A channel that is closed when the thread has ended. `forget` when nobody wants to know any more. */
function lossOf(thread: ThreadLife): { happened: ReceiveChan<never>; forget: () => void } {
  const happened = chan<never>()
  const look = (): void => {
    if (!happened.closed && !isAlive(thread)) happened.close()
  }
  const forget = onThreadEnd(look)
  look()
  return { happened, forget }
}
