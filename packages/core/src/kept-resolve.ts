import type { Reject, Resolve } from './wait-queue.js'

// Not in wait-queue.ts, whose names tests find among the exports of the package's inner file: what is exported can be replaced at any
// time, as the engine sees it, and made a rendezvous a tenth dearer.

/** What settles the promise that was made last with `new Promise(keepResolve)`: no function is made for each to get at it. */
export let keptResolve: Resolve<never>

export const keepResolve = (resolve: Resolve<never>): void => {
  keptResolve = resolve
}

/** What rejects it, if it was made with `new Promise(keepBoth)`: for waits whose end by an error comes no later than others' by success. */
export let keptReject: Reject

export const keepBoth = (resolve: Resolve<never>, reject: Reject): void => {
  keptResolve = resolve
  keptReject = reject
}
