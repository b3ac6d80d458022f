import { DataCloneError, isParallel } from '@millrace/core'

/**
 * Answers options that are to cross to another thread.
 *
 * @throws {DataCloneError} A function among them is not parallel. Its path begins with the option.
 */
export function checkCrossing<T extends object>(options: T, what: string): T {
  for (const [name, value] of Object.entries(options)) {
    if (typeof value !== 'function' || isParallel(value)) continue
    throw new DataCloneError(
      `it is a function of this thread; for a ${what} that crosses make it parallel(import.meta.url, …)`,
      `.${name}`,
    )
  }
  return options
}
