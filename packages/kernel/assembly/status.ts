// What an operation answers. A zero is plain success, so that the usual path tests one register.

export const OK: i32 = 0
/** Success, and a wake-up fell to the calling thread itself: it must serve its own waiters. */
export const OK_SELF: i32 = 1
/** The channel is full (to a sender) or empty (to a receiver): the operation would have to wait. */
export const WOULD_BLOCK: i32 = 2
export const CLOSED: i32 = 3
/** Shared memory is used up, and has reached its configured maximum. */
export const OUT_OF_MEMORY: i32 = 4
/** A task was posted, and no thread was free to be woken for it. */
export const OK_NOBODY: i32 = 5
