import { parallel } from '@millrace/core'

/** The first goroutine of a thread. */
export const first = parallel(import.meta.url, function first() {})
