import { runtime } from '@millrace/core'

/**
 * Answers what a goroutine that fills the queues of clients calls with each event, and waits for if it answers something: after
 * each quarter of a queue the event loop has a turn, in which the sockets are written to. Without one a burst of a thousand events would
 * be all in the queues before the first of them is written, and evict clients that read as fast as anybody can.
 */
export function turns(queueMessages: number): () => Promise<void> | undefined {
  const often = Math.ceil(queueMessages / 4)
  let left = often
  return () => {
    if (--left > 0) return undefined
    left = often
    return runtime.gosched()
  }
}
