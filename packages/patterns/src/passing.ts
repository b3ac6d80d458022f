import { ParkingLot, type WaitOptions } from '@millrace/core'

// Not made at import, which leaves nothing behind.
let lot: ParkingLot | undefined

/**
 * Passes, as nobody waits here. It costs a place in the event loop's budget, so that a loop over what never has to wait, or is refused
 * every time, does not keep timers from their turns; and a signal that was aborted before is heeded.
 */
export function pass(options?: WaitOptions): Promise<void> {
  lot ??= new ParkingLot(() => true)
  return lot.wait(undefined, options)
}
