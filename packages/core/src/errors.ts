import { registerError } from '@millrace/kernel'

/** Send on, or close of, a closed channel. In Go these panic. */
export class ChanClosedError extends Error {
  override readonly name = 'ChanClosedError'
  readonly code = 'ERR_CHAN_CLOSED'
}

/** A capacity that no channel can have. */
export class ChanSizeError extends RangeError {
  override readonly name = 'ChanSizeError'
  readonly code = 'ERR_CHAN_SIZE'
}

/** A function that cannot run on another thread as it was given: anonymous, duplicate, or not found in its module. */
export class ParallelError extends Error {
  override readonly name = 'ParallelError'
  readonly code = 'ERR_PARALLEL'
}

/** `err()` of a context that was cancelled. */
export class Canceled extends Error {
  override readonly name = 'Canceled'
  readonly code = 'ERR_CANCELED'

  constructor(message = 'context canceled') {
    super(message)
  }
}

/** `err()` of a context whose deadline has passed. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded'
  readonly code = 'ERR_DEADLINE_EXCEEDED'

  constructor(message = 'context deadline exceeded') {
    super(message)
  }

  /** True: it is a timeout, as Go's net.Error tells. */
  timeout(): true {
    return true
  }
}

/** A page's main thread must not block. */
export class MainThreadBlockedError extends Error {
  override readonly name = 'MainThreadBlockedError'
  readonly code = 'ERR_MAIN_THREAD_BLOCKED'
}

/** A goroutine waits for what cannot happen any more. In Go a fatal error. */
export class DeadlockError extends Error {
  override readonly name = 'DeadlockError'
  readonly code = 'ERR_DEADLOCK'
}

export const sendOnClosed = (): ChanClosedError => new ChanClosedError('send on closed channel')
export const closeOfClosed = (): ChanClosedError => new ChanClosedError('close of closed channel')

registerError('ERR_CANCELED', message => new Canceled(message))
registerError('ERR_CHAN_CLOSED', message => new ChanClosedError(message))
registerError('ERR_CHAN_SIZE', message => new ChanSizeError(message))
registerError('ERR_DEADLOCK', message => new DeadlockError(message))
registerError('ERR_MAIN_THREAD_BLOCKED', message => new MainThreadBlockedError(message))
registerError('ERR_DEADLINE_EXCEEDED', message => new DeadlineExceeded(message))
registerError('ERR_PARALLEL', message => new ParallelError(message))
