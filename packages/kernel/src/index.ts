// Not for direct use: what @millrace/core builds on.

export {
  type Crossing,
  DataCloneError,
  encode,
  type Message,
  providesKinds,
  registerError,
  registerKind,
  SHARE,
  SHARE_HERE,
  type Shareable,
} from './codec.js'
export { copy } from './copy.js'
export { debugging, followDebugging, setDebugging } from './debug.js'
export { elementOf } from './element/described.js'
export { bool, f64, i32, i64, u32 } from './element/scalars.js'
export { StructElement } from './element/struct.js'
export { TypedElement } from './element/typed.js'
export { anyValue, type Description, type Element, NUMBERS } from './element.js'
export { BugError, OutOfSharedMemoryError, ThreadLostError } from './errors.js'
export { host } from './host/current.js'
export type { AsyncStorage, HostTimer } from './host/host.js'
export {
  CLOSED,
  type Direction,
  INBOX_WORDS,
  instantiateKernel,
  type Kernel,
  kernelBinary,
  MAIN_THREAD,
  OK,
  OK_NOBODY,
  OK_SELF,
  RECEIVE,
  RECORD_NUMBERS,
  SEND,
  WOULD_BLOCK,
} from './kernel.js'
export { Leaving } from './leaving.js'
export { type MemoryLimits, SharedMemory } from './memory.js'
export { configureMode, hasThreads, type Mode, mode } from './mode.js'
export { Patience, SHORT_LOOK } from './patience.js'
export { pause } from './pause.js'
export { MAX_POOL_THREADS, maxProcs, Pool, sayGoesOn, sayStarted, wantThread } from './pool.js'
export { arriveReference, crossReference, keepReference, thingsHere } from './reference.js'
export { type TaskOutcome, type TaskRunner, Tasks } from './tasks.js'
export {
  configureMemory,
  currentThread,
  isPoolThread,
  type Parked,
  providersAtStart,
  Thread,
  threadIfStarted,
} from './thread.js'
export { OUT_OF_MEMORY, wordDrop, wordOf, wordPeek, wordTake } from './value.js'
