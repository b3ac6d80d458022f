import { host } from './host/current.js'
import type { ThreadData } from './thread.js'

// Development mode. Whatever it does begins with a look at this variable, and costs no more while it is off.

/** Whether this is development mode: see `RuntimeOptions.debug`. */
export let debugging = host.variable('MILLRACE_DEBUG') === '1'

export function setDebugging(on: boolean): void {
  debugging = on
}

/** A thread of the pool does as the main thread, once it has been told. */
export function followDebugging(): void {
  const data = host.threadData() as ThreadData | undefined
  if (data) debugging = data.debug === true
}
