import { providesKinds } from '@millrace/core'

export { Barrier } from './barrier.js'
export { Cond } from './cond.js'
export { BrokenBarrierError, OwnerLostError, SyncMisuseError } from './errors.js'
export type { Guard } from './guard.js'
export type { Locker } from './locker.js'
export { Mutex } from './mutex.js'
export { Once } from './once.js'
export { onceFunc, onceValue } from './once-value.js'
export { RWMutex } from './rw-mutex.js'
export { Semaphore } from './semaphore.js'
export { type Result, SingleFlight } from './single-flight.js'
export { WaitGroup } from './wait-group.js'

// Threads know locks that they are sent, also where their own modules do not import this.
providesKinds(import.meta.url)
