import { parallel, runtime } from '@millrace/core'

// A module that makes its parallel function on the main thread alone.

const make = () => parallel(import.meta.url, function onlyOnMain() {})

export const onlyOnMain = runtime.isMainThread ? make() : undefined
