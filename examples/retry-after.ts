// The retry pattern: a server that is busy says when to come again, one that refuses for good is not asked again, and a limit on the time
// of it all cuts short what would take too long.

import { main } from '@millrace/core'
import { RetryError, retry } from '@millrace/patterns'

class Answer extends Error {
  readonly status: number
  readonly retryAfterMs: number | undefined

  constructor(status: number, retryAfterMs?: number) {
    super(`status ${status}`)
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}

/** Answers from a list, the last of them for ever. */
function serverOf(...statuses: number[]) {
  let i = 0
  return () => {
    const status = statuses[Math.min(i++, statuses.length - 1)]!
    if (status !== 200) throw new Answer(status, status === 429 ? 2 : undefined)
    return 'welcome'
  }
}

const options = {
  initialMs: 1,
  jitter: 'none',
  retryIf: (error: unknown) => {
    const { status, retryAfterMs } = error as Answer
    return retryAfterMs ?? status >= 500
  },
  onRetry: (error: unknown, attempt: number, waitMs: number) =>
    console.log(`attempt ${attempt}: ${(error as Error).message}, again in ${waitMs} ms`),
} as const

main(async () => {
  console.log(await retry(serverOf(503, 429, 503, 200), options))
  await retry(serverOf(404), options).catch(error => console.log(`for good: ${error.message}`))
  await retry(serverOf(500), { ...options, retries: 2 }).catch(error => {
    if (error instanceof RetryError) console.log(error.message)
  })
  await retry(serverOf(500), { ...options, initialMs: 60_000, maxElapsedMs: 1000 }).catch(error =>
    console.log(error.message),
  )
})
