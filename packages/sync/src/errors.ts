/** A use that cannot be right, such as to unlock what is not locked. In Go these panic or are fatal. Nothing has changed. */
export class SyncMisuseError extends Error {
  override readonly name = 'SyncMisuseError'
  readonly code = 'ERR_SYNC_MISUSE'
}

/** Somebody else gave up waiting at the barrier, or reset it: not all parties will come. */
export class BrokenBarrierError extends Error {
  override readonly name = 'BrokenBarrierError'
  readonly code = 'ERR_BARRIER_BROKEN'

  constructor(message = 'sync: broken barrier (a party gave up waiting, or the barrier was reset)') {
    super(message)
  }
}
