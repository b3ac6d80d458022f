export interface Range {
  /** The lowest that is right; 0 unless given. */
  least?: number
  /** The highest that is right; Infinity unless given. */
  most?: number
  whole?: boolean
}

/**
 * Answers `value`, which is called `what`.
 *
 * @throws {TypeError} It is not a number. @throws {RangeError} It is NaN or out of range.
 */
export function checkNumber(
  value: number,
  what: string,
  { least = 0, most = Number.POSITIVE_INFINITY, whole = false }: Range = {},
): number {
  const isRight = value >= least && value <= most && (!whole || Number.isSafeInteger(value))
  if (typeof value === 'number' && isRight) return value
  const kind = whole ? 'a whole number' : 'a number'
  const range = most === Number.POSITIVE_INFINITY ? `of at least ${least}` : `from ${least} to ${most}`
  if (typeof value === 'number') throw new RangeError(`${what} must be ${kind} ${range}, got ${value}`)
  throw new TypeError(`${what} must be ${kind} ${range}, got ${typeof value}`)
}

/** Answers a moment, in milliseconds. @throws {TypeError} @throws {RangeError} */
export function checkMoment(ms: number, what: string): number {
  if (typeof ms !== 'number')
    throw new TypeError(`${what} must be a moment in milliseconds, got ${typeof ms}`)
  if (!Number.isFinite(ms)) throw new RangeError(`${what} must be a moment in milliseconds, got ${ms}`)
  return ms
}

/**
 * Answers what a function has answered about `error`. A promise would count as true, whatever came of it.
 *
 * @throws {TypeError} It is a promise.
 */
export function checkAnswer<T>(answer: T, what: string, error: unknown): T {
  if (typeof (answer as Partial<PromiseLike<unknown>> | null | undefined)?.then !== 'function') return answer
  throw new TypeError(`${what} must answer at once, got a promise`, { cause: error })
}

/** Answers an option that is a function or left out. @throws {TypeError} It is something else. */
export function checkFunction<F>(value: F, what: string): F {
  if (value === undefined || typeof value === 'function') return value
  throw new TypeError(`${what} must be a function, got ${typeof value}`)
}
