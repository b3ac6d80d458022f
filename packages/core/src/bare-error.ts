/** What can cross of an error that holds what cannot: a socket, a callback. */
export function bareError(error: unknown): Error {
  if (!(error instanceof Error))
    return new Error(`the goroutine threw a value that cannot cross threads: ${String(error)}`)
  const bare = new Error(error.message)
  bare.name = error.name
  bare.stack = error.stack
  return bare
}
