import { KERNEL_BINARY } from './generated/kernel-binary.js'

// What an operation answers: assembly/status.ts.
export const OK = 0
export const OK_SELF = 1
export const WOULD_BLOCK = 2
export const CLOSED = 3
export const OK_NOBODY = 5

export const RECEIVE = 0
export const SEND = 1
export type Direction = typeof RECEIVE | typeof SEND

// What the inbox holds beside hashes, and fixed places of the memory map: assembly/layout.ts.
export const TASK_ENDED = 3968
export const RESCAN = 3969
export const INJECTOR = 76
export const HOLDING = 200
export const WANTED = 204
export const MAX_PROCS = 80
const THREADS = 36864
const THREAD_BYTES = 2048
export const BELL = 72
export const GOROUTINES = 12
export const ANSWER = 16
export const RUNNING = 20
export const CLAIMED = 32
export const MISSED = 44
export const STOP = 40
export const INBOX = 1536
/** Words that an inbox has room for. */
export const INBOX_WORDS = 3970
/** Where a thread's scratch begins, from its inbox on: the numbers of a record. */
export const SCRATCH = 15904
/** Numbers that a record has room for. */
export const RECORD_NUMBERS = 2046
export const PAGE = 65536
export const INITIAL_PAGES = 4

/** The main thread's number: it is the first to attach. */
export const MAIN_THREAD = 0

/** Offset of a thread's block. */
export const threadBlock = (thread: number): number => THREADS + thread * THREAD_BYTES

/**
 * The kernel's contract: what every thread may do with shared memory. All numbers are 32-bit words or offsets; `me` is
 * the caller's thread number; nothing here waits. Each call is documented where it is implemented, in assembly/.
 */
export interface Kernel {
  kernelInit(): number
  injectorCreate(me: number): number
  threadReserve(): number
  threadLife(thread: number): number
  threadAttach(me: number, life: number): number
  threadIsAlive(thread: number): number
  lifeIsAlive(life: number): number
  threadDisown(thread: number): void
  threadReap(me: number, dead: number): void
  poolHasRoom(): number
  poolIsOver(): number
  blockedSet(me: number, isBlocked: number): void
  blockedCount(): number
  goroutinesSum(): number
  activitySet(me: number, idle: number): void
  othersAreIdle(me: number): number

  heapAllocate(me: number, bytes: number): number
  heapFree(me: number, block: number): void
  heapUsed(): number
  floatCreate(me: number, value: number): number
  floatTake(me: number, cell: number): number
  floatsFree(me: number, count: number): void
  wordDrop(me: number, word: number): void

  bellArm(me: number): number
  bellLower(me: number): void
  hashOf(object: number): number
  mailboxDirty(me: number): number
  mailboxDrain(me: number): number
  poke(thread: number, object: number): void
  pokeHolders(me: number, object: number): void

  referenceSend(object: number): void
  referenceArrive(me: number, object: number): void
  referenceDrop(me: number, object: number): void
  referenceRelease(me: number, object: number, holder: number): void

  ringCreate(me: number, capacity: number, start: number, contents?: number): number
  ringSend(me: number, ring: number, value: number): number
  ringReceive(me: number, ring: number): number
  ringReceiveMany(me: number, ring: number, max: number): number
  ringClose(me: number, ring: number): number
  ringCanReceive(ring: number): number
  ringCanSend(ring: number): number
  ringAwait(me: number, ring: number, direction: Direction, looks: number, slips: boolean): number
  ringPark(me: number, ring: number, direction: Direction): number
  ringPassBaton(me: number, ring: number, direction: Direction): number
  ringUnpark(me: number, ring: number, direction: Direction): void
  ringLength(ring: number): number
  ringMoves(ring: number): number
  ringCapacity(ring: number): number
  ringClosed(ring: number): number

  rendezvousCreate(me: number, contents?: number): number
  rendezvousSend(me: number, channel: number, value: number): number
  offerWait(
    me: number,
    channel: number,
    direction: Direction,
    value: number,
    looks: number,
    others?: number,
  ): number
  rendezvousReceive(me: number, channel: number): number
  rendezvousReady(channel: number, direction: Direction): number
  rendezvousLook(me: number, token: number, index: number): number
  rendezvousClose(me: number, channel: number): number
  rendezvousClosed(channel: number): number
  rendezvousPosts(channel: number): number
  tokenCreate(me: number, cases: number): number
  tokenCase(token: number, index: number, channel: number, direction: Direction, value: number): void
  tokenPost(me: number, token: number): number
  tokenOpen(token: number): void
  tokenHold(token: number): number
  tokenTaken(me: number, token: number): number
  tokenFree(me: number, token: number): void

  cancellationCreate(me: number): number
  cancellationCancel(me: number, cancellation: number, state: number, cause: number): void
  cancellationState(cancellation: number): number
  cancellationPark(me: number, cancellation: number): number
  cancellationsBequeath(me: number, heir: number): void

  taskCreate(me: number, ticket: number, fn: number, args: number): number
  taskPost(me: number, task: number): number
  taskPark(me: number): number
  taskUnpark(me: number): number
  taskArrive(me: number): void
  taskPassBaton(me: number): number
  taskIsReady(): number
  tasksToSpare(taken: number): number
  taskTake(me: number): number
  taskEnd(me: number, task: number, outcome: number, result: number): number
  tasksCollect(me: number): number
  taskIsMine(me: number, task: number): number
  taskIsLost(task: number): number
  taskAbandon(task: number): number
  taskFree(me: number, task: number): void

  recordCreate(me: number): number
  recordRead(me: number, record: number): number
  recordWrite(me: number, record: number, count: number, hot: number, gate: number): number
  recordHold(me: number, record: number, looks: number): number
  recordLet(record: number): number

  atomicCreate(me: number): number
  sharedArrayCreate(me: number, bytes: number): number
  counterCreate(me: number): number
  counterAdd(me: number, counter: number, delta: number): void
  counterSum(counter: number): number
}

/** The binary, for tests that read it. */
export function kernelBinary(): Uint8Array<ArrayBuffer> {
  // A loop that runs once is never compiled: where there is a Buffer it is some milliseconds faster.
  if (typeof Buffer !== 'undefined') return new Uint8Array(Buffer.from(KERNEL_BINARY, 'hex'))
  const bytes = new Uint8Array(KERNEL_BINARY.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = (digit(2 * i) << 4) | digit(2 * i + 1)
  return bytes
}

function digit(at: number): number {
  const code = KERNEL_BINARY.charCodeAt(at)
  return (code & 15) + 9 * (code >> 6) // the letters come after 64, and 'a' is 1 after a multiple of 16
}

let compiled: WebAssembly.Module | undefined

/** The binary, compiled on first use. Threads are given it: compiling is for one of them. */
export function kernelModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(kernelBinary())
  return compiled
}

/** The WebAssembly kernel over a shared memory. Each thread has an instance of its own; the state is all in the memory. */
export function instantiateKernel(memory: WebAssembly.Memory, module = kernelModule()): Kernel {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernel
}
