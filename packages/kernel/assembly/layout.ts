// The memory map. Offsets are bytes from the start of the one shared memory; nothing else lives anywhere else,
// so a thread is fully described by its number, and the module needs neither globals nor data segments.
//
//   0        null             never a valid offset
//   64       alive      u64   bit t: thread t runs. Cleared first when it is reaped
//   72       heapTop    u32   first byte that no chunk has taken yet
//   76       injector   u32   the ring of goroutines that no thread has started yet
//   80       maxProcs   u32   how many threads the pool may have
//   128      slots      u64   bit t: number t is taken. Cleared last
//   200      holding    u32   1 while the main thread is kept alive only by what others do (lifetime)
//   204      wanted     u32   1 while goroutines wait for another thread to be started
//   216      resting    u64   bit t: thread t waits for goroutines to start (set and cleared by t; its ticket at the
//                             injector is claimed by whoever wakes it: a resting thread without a ticket is on its way)
//   224      starting   u64   bit t: number t is taken by a thread that has not begun its life yet
//   232      disowned   u64   bit t: thread t counts as dead and may still run: its number and its memory stay its own
//   240      blocked    u64   bit t: thread t stands still in a call that blocks (set and cleared by t)
//   248      deques     u64   bit t: number t has a deque. Never cleared
//   256      depot[60]  u64   per size class: a stack of chains of free blocks, {tag32, block32}, 64 bytes apart
//   4096     chunkClass u8[]  per 64 KiB chunk: 1 + the size class it is cut into; 32 768 entries
//   36864    thread[64]       2 KiB each, below
//   196608   heap             chunks of 64 KiB (the map ends on a chunk boundary)
//
// What hardly ever changes and is read all the time (64 to 127) does not share a cache line with what changes.
//
// A thread's block. What others write or read all the time does not share a cache line with what the thread itself writes all the time.
//
//   4        activity   u32   {epoch31, idle1}: idle = its event loop has nothing left that could happen by itself
//   12       goroutines i32   that run here (owner adds, anybody sums)
//   16       answer     u32   second result of a kernel call, read by the owner at once
//   20       running    u32   tasks of other threads that run here (owner adds; its reaper reads)
//   24       closeness  u32   ring | direction of the operations that `close` counts (owner only; ring.ts, slip)
//   28       close      u32   how many of them in a row came close to the other side
//   32       claimed    u32   third result of a kernel call: the token of the operation that was claimed
//   40       stop       u32   what the pool wants of the thread, and its answer (src/leaving.ts)
//   44       missed     u32   claims that gave up on a counterpart that stayed busy (rendezvous.ts)
//   48       doomed     u32   stack of objects that are about to be freed (owner; its reaper when it is dead)
//   52       spun       u32   what came of computing for a while (owner only; spin.ts)
//   64       sum        u64   bit i < 62: leaf i may be non-zero; 62: a task of ours ended; 63: look at everything
//   72       bell       u32   1 = armed: the thread sleeps, or will; whoever lowers it must notify
//   128      leaf[62]   u64   bit h: an object with this hash was poked
//   640      completed  u32   stack of ended tasks that this thread started
//   704      counter cells    one per sharded counter (owner adds, anybody sums)
//   1024     magazine[27]     per small class {head u32, count u32, carve u32, carveEnd u32}, owner only
//   1536     inbox            offset of the buffer that drain() writes poked hashes to; the thread's scratch is behind it
//   1600     deque      u32   top: thieves and the owner (deque.ts)
//   1664     deque      u32   bottom, u32 array: the owner; u32 takes: how many times it has looked for a task
//   1728     incarnation u32  how often this number was given to a thread (life.ts)
//   1732     phase      u32   {incarnation30, phase2}: how far that life is

export const ALIVE: usize = 64
export const HEAP_TOP: usize = 72
export const INJECTOR: usize = 76
export const MAX_PROCS: usize = 80
export const SLOTS: usize = 128
export const HOLDING: usize = 200
export const WANTED: usize = 204
export const RESTING: usize = 216
export const STARTING: usize = 224
export const DISOWNED: usize = 232
export const BLOCKED: usize = 240
export const DEQUES: usize = 248
export const DEPOTS: usize = 256
export const DEPOT_SHIFT: usize = 6
export const CHUNK_CLASSES: usize = 4096
export const THREADS: usize = 36864
export const THREAD_SHIFT: usize = 11
export const MAX_THREADS: u32 = 64
export const HEAP: usize = 196608

export const ACTIVITY: usize = 4
export const GOROUTINES: usize = 12
export const ANSWER: usize = 16
export const RUNNING: usize = 20
export const CLOSENESS: usize = 24
export const CLOSE: usize = 28
export const CLAIMED: usize = 32
export const STOP: usize = 40
export const MISSED: usize = 44
export const DOOMED: usize = 48
export const SPUN: usize = 52
export const SUM: usize = 64
export const BELL: usize = 72
export const LEAVES: usize = 128
export const LEAF_COUNT: u32 = 62
export const HASHES: u32 = 3968 // 62 leaves of 64 bits
export const COMPLETED: usize = 640
export const MAGAZINES: usize = 1024
export const INBOX: usize = 1536
/** From the inbox on: a word, and numbers of one record (record.ts). */
export const SCRATCH: usize = 15888
export const SCRATCH_BYTES: usize = 16384
export const DEQUE_TOP: usize = 1600
export const DEQUE_BOTTOM: usize = 1664
export const DEQUE_ARRAY: usize = 1668
export const TAKES: usize = 1672
export const INCARNATION: usize = 1728
export const PHASE: usize = 1732

export const TASK_ENDED_BIT: u64 = 1 << 62
export const RESCAN_BIT: u64 = 1 << 63
/** What drain() writes for the two bits above: numbers that no hash has. */
export const TASK_ENDED: u32 = 3968
export const RESCAN: u32 = 3969

// @ts-expect-error: decorator
@inline
export function threadAt(thread: u32): usize {
  return THREADS + (<usize>thread << THREAD_SHIFT)
}

// A waitable (a channel, a cancellation): 256 bytes from a class of its own, so that a dead thread's bits can be
// swept from all of them by walking the chunks of that class. The first 12 bytes hold the links of a free block.
//
//   0        refs       u32   threads that hold it + references on their way inside values
//   4        next       u32   the next of a stack of doomed ones
//   12       kind       u32   0 = free
//   16       holders    u64   bit t: thread t holds at least one reference
//   24       interest   u64   wake tickets: bit t: thread t has receivers parked here
//   32       interest   u64   … senders
//   40       contents   u32   of a channel: what the words in it own (cells.ts)
//   44       owner      u32   of a cancellation: the life (life.ts) of the thread that may write it; 0 in all other kinds
//   64 …                      the body of the kind: ring.ts, rendezvous.ts, cancellation.ts, …

export const REFS: usize = 0
export const NEXT_DOOMED: usize = 4
export const KIND: usize = 12
export const HOLDERS: usize = 16
export const INTEREST: usize = 24
export const CONTENTS: usize = 40
export const OWNER: usize = 44
export const WAITABLE_BYTES: usize = 256

export const RECEIVE: u32 = 0
export const SEND: u32 = 1

export const KIND_FREE: u32 = 0
export const KIND_RING: u32 = 1
export const KIND_CANCELLATION: u32 = 2
export const KIND_ATOMIC: u32 = 3
export const KIND_COUNTER: u32 = 4
export const KIND_RENDEZVOUS: u32 = 5
export const KIND_SHARED_ARRAY: u32 = 6
export const KIND_RECORD: u32 = 7
