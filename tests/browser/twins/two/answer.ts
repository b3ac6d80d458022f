import { parallel } from '@millrace/core'
import { number } from './number.js'

/** The other twin has the same text, and answers another number. */
export const answer = parallel(import.meta.url, function answer(): number {
  return number
})
