/** Refuses what cannot be called, before anything has happened. @throws {TypeError} */
export function checkFunction(fn: unknown, what: string): void {
  if (typeof fn !== 'function') throw new TypeError(`sync: ${what} needs a function, got ${typeof fn}`)
}
