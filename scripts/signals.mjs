// How a signal to this process ends what it has started.

import { constants } from 'node:os'

export const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** Answers the exit code of a process that a signal ended, as a shell has it. */
export const exitCodeOf = signal => 128 + (constants.signals[signal] ?? 0)

/**
 * Gives every signal to `passOn`, which sends it to a child. When one came, this process ends after the
 * child has: somebody wants the command to end, so its next step is not to be taken.
 *
 * @returns a function to be called when the child has ended.
 */
export function passSignals(passOn) {
  let received
  const listener = signal => {
    received = signal
    passOn(signal)
  }
  for (const signal of SIGNALS) process.on(signal, listener)
  return () => {
    for (const signal of SIGNALS) process.off(signal, listener)
    if (received) process.exit(exitCodeOf(received))
  }
}
