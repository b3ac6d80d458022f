// What the kernel gives to the threads' JavaScript. `me` is always the calling thread's number.

export { atomicCreate } from './atomic-cell'
export {
  cancellationCancel,
  cancellationCreate,
  cancellationPark,
  cancellationState,
  cancellationsBequeath,
} from './cancellation'
export { floatCreate, floatsFree, floatTake } from './cells'
export { counterAdd, counterCreate, counterSum } from './counter'
export { heapAllocate, heapFree, heapUsed } from './heap'
export { lifeIsAlive } from './life'
export { offerWait } from './offer'
export { bellArm, bellLower, hashOf, mailboxDirty, mailboxDrain, poke, pokeHolders } from './parking'
export { recordCreate, recordHold, recordLet, recordRead, recordWrite } from './record'
export { referenceArrive, referenceDrop, referenceRelease, referenceSend, wordDrop } from './reference'
export {
  rendezvousClose,
  rendezvousClosed,
  rendezvousCreate,
  rendezvousLook,
  rendezvousPosts,
  rendezvousReady,
  rendezvousReceive,
  rendezvousSend,
  tokenOpen,
  tokenPost,
} from './rendezvous'
export {
  ringAwait,
  ringCanReceive,
  ringCanSend,
  ringCapacity,
  ringClose,
  ringClosed,
  ringCreate,
  ringLength,
  ringMoves,
  ringPark,
  ringPassBaton,
  ringReceive,
  ringReceiveMany,
  ringSend,
  ringUnpark,
} from './ring'
export { sharedArrayCreate } from './shared-array'
export {
  taskAbandon,
  taskArrive,
  taskCreate,
  taskEnd,
  taskFree,
  taskIsLost,
  taskIsMine,
  taskIsReady,
  taskPark,
  taskPassBaton,
  taskPost,
  taskTake,
  taskUnpark,
  tasksCollect,
  tasksToSpare,
} from './task'
export {
  activitySet,
  blockedCount,
  blockedSet,
  goroutinesSum,
  injectorCreate,
  kernelInit,
  othersAreIdle,
  poolHasRoom,
  poolIsOver,
  threadAttach,
  threadDisown,
  threadIsAlive,
  threadLife,
  threadReap,
  threadReserve,
} from './threads'
export { tokenCase, tokenCreate, tokenFree, tokenHold, tokenTaken } from './token'
