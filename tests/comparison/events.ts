import { setTimeout as sleep } from 'node:timers/promises'

// What a situation waits for, and how it tells what has become of a promise.

/** Lets everything happen that is ready, timers of a few milliseconds that libraries start things with included. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    await new Promise(resolve => setImmediate(resolve))
    await sleep(2)
  }
}

export { sleep }

export interface Watched {
  outcome: 'pending' | 'resolved' | 'rejected'
  reason: unknown
}

/** Tells at any time what has become of a promise. */
export function watch(promise: Promise<unknown>): Watched {
  const watched: Watched = { outcome: 'pending', reason: undefined }
  promise.then(
    () => {
      watched.outcome = 'resolved'
    },
    reason => {
      watched.outcome = 'rejected'
      watched.reason = reason
    },
  )
  return watched
}

export interface Gate {
  readonly passed: Promise<void>
  open(): void
}

export function gate(): Gate {
  let open = (): void => {}
  const passed = new Promise<void>(resolve => {
    open = resolve
  })
  return { passed, open }
}
