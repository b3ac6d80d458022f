import { type Tasks, type Thread, threadIfStarted } from '@millrace/kernel'
import { parkedGoroutines } from './wait-queue.js'

// How many goroutines of this thread have started and not ended. Other threads see the number once there are any.
let live = 0
let tasks: Tasks | undefined

export function goroutineStarted(): void {
  live++
  tasks?.publishGoroutines(live)
}

export function goroutineEnded(): void {
  live--
  tasks?.publishGoroutines(live)
}

/** Goroutines of this thread. */
export function goroutinesHere(): number {
  return live
}

/** Lets other threads see this thread's number from now on. */
export function publishGoroutines(thread: Thread, to: Tasks): void {
  tasks = to
  tasks.publishGoroutines(live)
  thread.lifetime.busy = () => live - parkedGoroutines.count + (to.serving ? 1 : 0)
}

/** Goroutines of all threads, and the program itself, which is one as in Go. */
export function goroutinesEverywhere(): number {
  const thread = tasks && threadIfStarted()
  return 1 + (thread ? thread.kernel.goroutinesSum() : live)
}
