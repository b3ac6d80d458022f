import { ParkingLot } from '@millrace/core'

/**
 * Nobody waits here. Passing costs a place in the event loop's budget, so that a loop over what never has to wait, or is refused
 * every time, does not keep timers from their turns; and a signal that was aborted before is heeded.
 */
export const passing = new ParkingLot(() => true)
