import { currentThread, hasThreads, host, pause } from '@millrace/kernel'
import { nextAlarm, ringDueAlarms } from './alarm.js'
import { withoutBudget } from './budget.js'
import {
  CANCELLATION,
  type Cancellable,
  type Cancellation,
  cancellationOf,
  type WaitOptions,
} from './cancellation.js'
import { clock } from './clock.js'
import { DeadlockError, MainThreadBlockedError } from './errors.js'

/**
 * What every operation that blocks its thread takes last. A Context fits, and ends the wait whichever thread cancels it; an
 * AbortSignal is only looked at beforehand, as nothing can abort it while its thread stands still.
 */
export interface SyncOptions extends WaitOptions {}

type Outcome<T> = { ok: true; value: T } | { ok: false; error: unknown }

/** @throws the reason, if `options` has been cancelled already. */
export function throwIfCanceled(options: SyncOptions | undefined): void {
  const cancellation = options && cancellationOf(options)
  if (cancellation?.canceled) throw cancellation.reason
}

/**
 * Parks an operation and blocks the thread until it is over. What other threads do, and the time, goes on reaching this thread: its
 * parked operations are committed, its timers ring; only code of its goroutines does not run.
 *
 * `park` parks the operation, which calls one of the first two arguments once and may be cancelled by the third; it answers the
 * operation. `isHere`
 * tells whether only goroutines of this thread know what it waits for.
 */
export function block<T>(
  what: string,
  isHere: () => boolean,
  options: SyncOptions | undefined,
  park: (
    resolve: (value: T | PromiseLike<T>) => void,
    reject: (error: unknown) => void,
    context: Cancellation | undefined,
  ) => Cancellable,
): T {
  if (host.name === 'web' && 'document' in globalThis) {
    throw new MainThreadBlockedError(
      `${what}: a page's main thread must not block; await the operation without "Sync", or do this in a parallel goroutine`,
    )
  }
  // Undefined: there is no other thread that could end the wait, only the time.
  const thread = hasThreads() ? currentThread() : undefined
  const ended: { outcome?: Outcome<T> } = {}
  const context = options && CANCELLATION in options ? cancellationOf(options) : undefined
  return withoutBudget(() => {
    const operation = park(
      value => {
        ended.outcome = { ok: true, value: value as T } // no promise: there is no budget
      },
      error => {
        ended.outcome = { ok: false, error }
      },
      context,
    )
    const wait = (): T => {
      for (;;) {
        const { outcome } = ended
        if (outcome?.ok) return outcome.value
        if (outcome) throw outcome.error
        const due = nextAlarm()
        const others = thread && (context || !isHere())
        if (due === Infinity && !others) {
          operation.cancel(deadlock(what))
        } else {
          if (thread) thread.standStill(due - clock.now())
          else pause(due - clock.now())
          ringDueAlarms()
        }
      }
    }
    return ended.outcome || !thread ? wait() : thread.blocking(wait)
  })
}

const deadlock = (what: string): DeadlockError =>
  new DeadlockError(
    `all goroutines are asleep - deadlock! (${what} blocks this thread, and only goroutines of this thread could end that: await the operation without "Sync")`,
  )
