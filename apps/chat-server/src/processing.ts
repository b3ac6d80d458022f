// What is done to the text of a message, on a pool thread. Pool threads import this module: it must stay free of everything
// that serves sockets.

import { parallel, type ReceiveChan, type SendChan } from '@millrace/core'
import type { LinkRange } from './protocol.js'

export interface Job {
  readonly id: number
  /** Undefined: nothing to do; the answer tells that every job before this one has been seen. */
  readonly text: string | undefined
}

/** The answer to the job with the same id. */
export type Outcome = { readonly id: number } & ProcessedText

export type ProcessedText =
  | { readonly ok: true; readonly text: string; readonly links: LinkRange[] }
  | { readonly ok: false; readonly code: 'text_empty' | 'text_too_long' }

/** A worker goroutine: answers each job on `outcomes`, in order, until `jobs` is closed. */
export const processMessages = parallel(
  import.meta.url,
  async function processMessages(
    jobs: ReceiveChan<Job>,
    outcomes: SendChan<Outcome>,
    maxTextLength: number,
  ): Promise<void> {
    for await (const { id, text } of jobs) {
      await outcomes.send({ id, ...processText(text ?? '', maxTextLength) })
    }
  },
)

export type Worker = typeof processMessages

// Everything Unicode calls a control character, but for line feed and tab.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/** Normalises a message's text and finds its links. Markup is not touched: it is text, and stays text. */
export function processText(raw: string, maxLength: number): ProcessedText {
  const text = raw.toWellFormed().replace(/\r\n?/g, '\n').replace(CONTROLS, '').trim()
  if (text === '') return { ok: false, code: 'text_empty' }
  if (isLonger(text, maxLength)) return { ok: false, code: 'text_too_long' }
  return { ok: true, text, links: findLinks(text) }
}

/** Whether `text` has more than `maxLength` characters: code points, as a person would rather count. */
function isLonger(text: string, maxLength: number): boolean {
  if (text.length <= maxLength) return false
  if (text.length > 2 * maxLength) return true
  let length = 0
  for (const _ of text) length++
  return length > maxLength
}

const MAX_LINKS = 20
const LINK = /\bhttps?:\/\/[^\s<>"'`]+/gi
const CLOSES = new Map([
  [')', '('],
  [']', '['],
  ['}', '{'],
])

/** The http(s) links in `text`, without the punctuation that ends the sentence around them. */
export function findLinks(text: string): LinkRange[] {
  const links: LinkRange[] = []
  for (const match of text.matchAll(LINK)) {
    if (links.length === MAX_LINKS) break
    const link = match[0].slice(0, lengthOfLink(match[0]))
    if (URL.canParse(link)) links.push([match.index, match.index + link.length])
  }
  return links
}

function lengthOfLink(candidate: string): number {
  let end = candidate.length
  while (end > 0) {
    const last = candidate[end - 1]!
    const opening = CLOSES.get(last)
    // "(see https://a.example/b)" does not end in a bracket; "https://a.example/b_(c)" does.
    const isOutside = opening !== undefined && !candidate.slice(0, end).includes(opening)
    if (!isOutside && !'.,;:!?'.includes(last)) break
    end--
  }
  return end
}
