export {
  DataCloneError,
  debugging,
  OutOfSharedMemoryError,
  providesKinds,
  registerError,
  ThreadLostError,
} from '@millrace/kernel'
export { AtomicBool, AtomicInt32, AtomicInt64, AtomicUint32, Counter } from './atomic.js'
export { type SyncOptions, throwIfCanceled } from './block.js'
export { signalOf, type WaitOptions } from './cancellation.js'
export { type Chan, chan, type ReceiveChan, type Received, type SendChan } from './chan.js'
export {
  afterFunc,
  background,
  type CancelCauseFunc,
  type CancelFunc,
  type Context,
  type ContextKey,
  cause,
  contextKey,
  fromSignal,
  todo,
  withCancel,
  withCancelCause,
  withDeadline,
  withDeadlineCause,
  withoutCancel,
  withTimeout,
  withTimeoutCause,
  withValue,
} from './context.js'
export { crossesAs, crossesByReference, crossesWith, type Parts } from './crosses-as.js'
export { currentStrand, type DebugReport, enterStrand, onStrand, report, type Strand } from './debug.js'
export {
  bool,
  type ElementType,
  type Fields,
  f64,
  i32,
  i64,
  type StructOf,
  struct,
  u32,
} from './element-type.js'
export {
  Canceled,
  ChanClosedError,
  ChanSizeError,
  DeadlineExceeded,
  DeadlockError,
  MainThreadBlockedError,
  ParallelError,
} from './errors.js'
export { type FlightKey, flightKey } from './flight-key.js'
export { type Flight, type FlightEnd, type FlightLost, FlightTable, type Follower } from './flight-table.js'
export { go } from './go.js'
export { Monitor, monitorRules } from './monitor.js'
export {
  FAILED,
  LOST,
  PASS,
  type Rules,
  type ShapedRules,
  type Standing,
  type State,
  WAIT,
} from './monitor-rules.js'
export { isParallel, type Parallel, parallel } from './parallel.js'
export { ParkingLot } from './parking-lot.js'
export { main, type RuntimeOptions, type RuntimeStats, runtime } from './runtime.js'
export {
  type Case,
  type Cases,
  type Selected,
  type SendCase,
  select,
  selectSync,
  send,
  trySelect,
} from './select.js'
export { type SharedArrayKind, type SharedArrays, sharedArray } from './shared-array.js'
export { libraryFolder, Stack } from './stack.js'
export { stayOnThread } from './stay-on-thread.js'
export { after, sleep, Ticker, Timer, tick } from './time.js'
