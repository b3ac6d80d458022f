import { registerError } from './codec/errors.js'

// Errors of ours are known by their code, so that two copies of a package still recognise each other's.

/** Shared memory is used up, and has reached its maximum. Nothing was sent or changed. */
export class OutOfSharedMemoryError extends Error {
  override readonly name = 'OutOfSharedMemoryError'
  readonly code = 'ERR_OUT_OF_SHARED_MEMORY'

  /** `bytes` more were needed, and there may be `maximum` in all. */
  static of(bytes: number, maximum: number, options?: ErrorOptions): OutOfSharedMemoryError {
    return new OutOfSharedMemoryError(
      `out of shared memory: ${bytes} bytes more were needed and the maximum is ${maximum} ` +
        '(raise it with runtime.configure({ memory: { maximum: bytes } }) before first use)',
      options,
    )
  }
}

/**
 * The thread that ran a goroutine has died before the goroutine ended. Its `cause` is what the thread died of, if known. It is also the
 * cause of a context whose own thread has died, and with it whoever could cancel it.
 */
export class ThreadLostError extends Error {
  override readonly name = 'ThreadLostError'
  readonly code = 'ERR_THREAD_LOST'

  constructor(message = 'the thread that ran this goroutine has ended before it', options?: ErrorOptions) {
    super(message, options)
  }
}

/** Something that cannot happen did: a fault of Millrace. Please report it. */
export class BugError extends Error {
  override readonly name = 'BugError'
  readonly code = 'ERR_BUG'

  constructor(message: string) {
    super(`${message}. This is a bug in Millrace: please report it`)
  }
}

registerError('ERR_OUT_OF_SHARED_MEMORY', message => new OutOfSharedMemoryError(message))
registerError('ERR_THREAD_LOST', message => new ThreadLostError(message))
