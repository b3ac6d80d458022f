import { parallel, runtime } from '@millrace/core'

// A module that other threads cannot import.

if (!runtime.isMainThread) {
  throw Object.assign(new TypeError('this module does not load here'), { code: 'ERR_OWN_IMPORT' })
}

export const unreachable = parallel(import.meta.url, function unreachable() {})
