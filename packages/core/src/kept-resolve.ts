import type { Resolve } from './wait-queue.js'

/** What settles the promise that was made last with `new Promise(keepResolve)`: no function is made for each to get at it. */
export let keptResolve: Resolve<never>

export const keepResolve = (resolve: Resolve<never>): void => {
  keptResolve = resolve
}
