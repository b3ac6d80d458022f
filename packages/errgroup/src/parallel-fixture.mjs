// For parallel.test.ts: threads of the pool import this file, so it is plain JavaScript.
import { parallel, runtime } from '@millrace/core'

export const square = parallel(import.meta.url, function square(n) {
  if (n === 13) throw new RangeError('thirteen')
  return { result: n * n, isMainThread: runtime.isMainThread }
})
