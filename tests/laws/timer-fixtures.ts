import { parallel, type ReceiveChan, type SendChan, select } from '@millrace/core'

// Goroutines that wait for a timer of another thread.

/** Says that it is there, and receives. */
export const awaitTimer = parallel(
  import.meta.url,
  async function awaitTimer(started: SendChan<void>, timer: ReceiveChan<Date>) {
    const received = timer.receive()
    await started.send()
    return received
  },
)

/** The same, and blocks its thread. */
export const awaitTimerSync = parallel(
  import.meta.url,
  async function awaitTimerSync(started: SendChan<void>, timer: ReceiveChan<Date>) {
    await started.send()
    return timer.receiveSync()
  },
)

/** Takes what a timer gives one after the other, and passes it on. */
export const passOn = parallel(
  import.meta.url,
  async function passOn(timer: ReceiveChan<Date>, sink: SendChan<Date>, end: ReceiveChan<never>) {
    for (;;) {
      const hit = await select({ timer, end })
      if (hit.case === 'end') return
      await sink.send(hit.value!)
    }
  },
)
