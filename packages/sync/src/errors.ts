import { registerError } from '@millrace/core'

/** A use that cannot be right, such as to unlock what is not locked. In Go these panic or are fatal. Nothing has changed. */
export class SyncMisuseError extends Error {
  override readonly name = 'SyncMisuseError'
  readonly code = 'ERR_SYNC_MISUSE'
}

/**
 * The thread whose goroutine held a lock has died, and what the lock protects may be half done. Whoever asks for the lock next is told,
 * once, and does not hold it; after that it is free.
 */
export class OwnerLostError extends Error {
  override readonly name = 'OwnerLostError'
  readonly code = 'ERR_OWNER_LOST'
}

/** Somebody else gave up waiting at the barrier, or its thread has died, or somebody reset it: not all parties will come. */
export class BrokenBarrierError extends Error {
  override readonly name = 'BrokenBarrierError'
  readonly code = 'ERR_BARRIER_BROKEN'

  constructor(
    message = 'sync: broken barrier (a party gave up waiting, or its thread has ended, or the barrier was reset)',
  ) {
    super(message)
  }
}

registerError('ERR_SYNC_MISUSE', message => new SyncMisuseError(message))
registerError('ERR_OWNER_LOST', message => new OwnerLostError(message))
registerError('ERR_BARRIER_BROKEN', message => new BrokenBarrierError(message))
