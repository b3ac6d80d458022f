import { go, parallel } from '@millrace/core'

// A program that forgot main(): every thread that imports it starts it again.

export const work = parallel(import.meta.url, function work() {
  return 'worked'
})

export const ofTheTopLevel = go(work).catch(error => [error.code, error.message])

/** What the go at the top level came to, on the thread that runs this. */
export const outcome = parallel(import.meta.url, async function outcome() {
  return ofTheTopLevel
})
