import { ParkingLot, type WaitOptions } from '@millrace/core'

/**
 * Waits for another goroutine. Cancelled, it rejects at once with the reason; how the goroutine ends is ignored then.
 *
 * A goroutine, not any promise: who waits here counts as parked, and the runtime must know that something is going on.
 */
export async function until<T>(goroutine: Promise<T>, options: WaitOptions): Promise<T> {
  let isOver = false
  const line = new ParkingLot(() => isOver)
  const over = (): void => {
    isOver = true
    line.wake()
  }
  goroutine.then(over, over)
  await line.wait(undefined, options)
  return goroutine
}
