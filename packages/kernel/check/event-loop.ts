// How a thread's JavaScript sleeps on its bell and finds out what it was poked for: src/doorbell.ts and src/thread.ts.

import { BELL, INBOX, threadBlock } from './kernel-constants.js'
import { call, type Request, read, sleep } from './program.js'

/** Sleeps until there is something in the mailbox, and takes it out. */
export function* nextMail(me: number): Generator<Request, number[], number> {
  if (yield call('bellArm', me)) {
    if (yield sleep(threadBlock(me) + BELL)) yield call('bellLower', me)
  }
  const count = yield call('mailboxDrain', me)
  const hashes: number[] = []
  if (count === 0) return hashes
  const inbox = yield read(threadBlock(me) + INBOX)
  for (let i = 0; i < count; i++) hashes.push(yield read(inbox + 4 * i))
  return hashes
}
