import {
  currentStrand,
  enterStrand,
  libraryFolder,
  type Monitor,
  onStrand,
  report,
  runtime,
  Stack,
  type Strand,
  type WaitOptions,
} from '@millrace/core'
import type { Locker } from './locker.js'
import { addEdge, cyclesOnceWritten, type Hold, LockNode, remove } from './order-graph.js'
import { againMessage, cycleMessage } from './order-report.js'

// Development mode watches in which order locks are taken, and tells of orders that can end in a deadlock, also when they do not.
//
// Somebody holds a lock, for this purpose, if he is on a strand that has taken it and the function that took it goes on or waits on his
// stack. The strand alone does not do: it is also that of timers that were set, and of functions that were called and not waited for,
// while the lock was held; they run beside it. The stack alone does not either: the same function may run many times at a time.
//
// So a lock counts as held by the function that took it and what that calls and waits for, until it is given back; no longer by
// somebody to whom it was left. Too few are seen to be held, then, rather than too many: what is told is worth reading.

const CODE = 'MILLRACE_LOCK_ORDER'

libraryFolder(import.meta.url)

/** What a strand knows: that it has asked for a lock. */
interface Known {
  readonly hold: Hold
  /** It was taken without waiting, in this part of its function between two waits. */
  readonly part?: object
  /** All of the strand runs while it is held. */
  readonly throughout?: boolean
}

/** What a lock is known by: its monitor, or itself if it has none. */
type Watched = Monitor | Locker

const nodes = new WeakMap<Watched, LockNode>()
const gone = new FinalizationRegistry<LockNode>(node => node.unlink())
let count = 0

function nodeOf(monitor: Watched): LockNode {
  let node = nodes.get(monitor)
  if (!node) {
    const weak = new WeakRef(monitor)
    const isReadWrite = !('rules' in monitor) || monitor.rules.name.includes('rw')
    node = new LockNode(++count, isReadWrite ? 'RWMutex' : 'Mutex', () => addressOf(weak.deref()))
    nodes.set(monitor, node)
    const joined = node
    node.onJoin = () => {
      const lock = weak.deref()
      if (lock) gone.register(lock, joined)
    }
  }
  return node
}

const addressOf = (lock: Watched | undefined): number | undefined =>
  lock && 'address' in lock ? lock.address : undefined

let part: object | undefined

/** The same until the code that runs waits for something. */
function thisPart(): object {
  if (!part) {
    part = {}
    queueMicrotask(() => {
      part = undefined
    })
  }
  return part
}

let isTold = false

/** The strand that runs; undefined, and told once, where there are none. */
function strandHere(): Strand | undefined {
  const strand = currentStrand()
  if (!strand && !isTold) {
    isTold = true
    report(CODE, 'sync: the order of locks cannot be watched here: this host has no AsyncLocalStorage')
  }
  return strand
}

/** A lock has been made here. */
export function made(monitor: Watched): void {
  nodeOf(monitor).made = new Stack()
}

/** Somebody asks for a lock, and waits for it with `waiting`. Answers that. */
export function asks(monitor: Watched, waiting: Promise<void>, write = true): Promise<void> {
  const strand = strandHere()
  if (!strand) return waiting
  const hold = ask(strand, nodeOf(monitor), write, false)
  know(strand, { hold })
  // Before the one who waits goes on, since he has not even got the promise.
  waiting.then(
    () => {
      if (hold.state === 'waiting') hold.state = 'held'
    },
    () => end(hold),
  )
  return waiting
}

/** Somebody is about to block until he has a lock. `takes` follows, if he gets it. */
export function asksSync(monitor: Watched, write = true): void {
  const strand = strandHere()
  if (strand) end(ask(strand, nodeOf(monitor), write, true))
}

/** Somebody has taken a lock. He did not wait for it, so this says nothing about the locks that he holds. */
export function takes(monitor: Watched, write = true): void {
  const strand = strandHere()
  if (!strand) return
  const hold = newHold(strand, nodeOf(monitor), write, new Stack())
  hold.state = 'held'
  know(strand, { hold, part: thisPart() })
}

/** Somebody, whoever it is, has given a lock back. */
export function givesBack(monitor: Watched, write = true): void {
  const holds = nodes.get(monitor)?.holds.filter(hold => hold.write === write) ?? []
  const held = holds.filter(hold => hold.state === 'held')
  const own = currentStrand()?.known as readonly Known[] | undefined
  // Of many readers it is most likely his own. If nobody holds it, the first has not been told yet that he does.
  const hold = held.find(hold => own?.some(known => known.hold === hold)) ?? held[0] ?? holds[0]
  if (hold) end(hold)
}

/** Calls `fn` while it holds a lock. As the caller may not wait for that, it does not concern him. */
export function callsHolding<R>(
  lock: Locker,
  fn: () => R | PromiseLike<R>,
  options: WaitOptions | undefined,
): Promise<R> {
  const run = async (): Promise<R> => {
    await lock.lock(options)
    try {
      const strand = currentStrand()
      return await (strand ? onStrand(throughout(strand), fn) : fn())
    } finally {
      lock.unlock()
    }
  }
  const strand = currentStrand()
  return strand ? onStrand({ ...strand }, run) : run() // on the same one a host may just go on
}

/** A strand that ends before the lock is given back that was taken last. */
function throughout({ goroutine, known }: Strand): Strand {
  const last = known.at(-1) as Known
  return { goroutine, known: [...known.slice(0, -1), { hold: last.hold, throughout: true }] }
}

function know({ goroutine, known }: Strand, news: Known): void {
  const lasting = (known as readonly Known[]).filter(({ hold }) => hold.state !== 'over')
  enterStrand({ goroutine, known: [...lasting, news] })
}

function newHold({ goroutine }: Strand, lock: LockNode, write: boolean, stack: Stack): Hold {
  const hold: Hold = { lock, write, stack, goroutine, state: 'waiting' }
  lock.holds.push(hold)
  return hold
}

function end(hold: Hold): void {
  hold.state = 'over'
  remove(hold.lock.holds, hold)
}

function ask(strand: Strand, lock: LockNode, write: boolean, blocks: boolean): Hold {
  const stack = new Stack()
  const asked = newHold(strand, lock, write, stack)
  for (const known of strand.known as readonly Known[]) {
    if (!holds(known, stack)) continue
    if (known.hold.lock === lock) askAgain(known.hold, asked, blocks)
    else tell(addEdge(known.hold, asked))
  }
  if (write && !lock.written) {
    lock.written = true
    for (const cycle of cyclesOnceWritten(lock)) tell(cycle)
    if (lock.readAgain) report(CODE, againMessage(lock.readAgain))
  }
  return asked
}

/** Whether who has this stack holds what his strand knows of. */
function holds({ hold, part: takenIn, throughout }: Known, stack: Stack): boolean {
  if (hold.state !== 'held') return false
  if (throughout || !stack.isClear) return true
  const { caller } = hold.stack
  if (caller === undefined) return false
  return takenIn !== undefined && takenIn === part ? stack.has(caller) : stack.hasGoneOnIn(caller)
}

function tell(cycle: Parameters<typeof cycleMessage>[0] | undefined): void {
  if (cycle) report(CODE, cycleMessage(cycle))
}

const toldAgain = new WeakSet<LockNode>()

function askAgain(held: Hold, asked: Hold, blocks: boolean): void {
  const { lock } = held
  if (toldAgain.has(lock)) return
  if (!held.write && !asked.write) {
    if (lock.readAgain) return
    lock.readAgain = { held, asked }
    if (lock.written) report(CODE, againMessage(lock.readAgain))
    return
  }
  const tellOnce = (): void => {
    if (toldAgain.has(lock)) return
    toldAgain.add(lock)
    report(CODE, againMessage({ held, asked }))
  }
  if (blocks) return tellOnce()
  // He may ask now, give it back, and wait only then.
  void runtime.gosched().then(() => {
    if (asked.state === 'waiting' && held.state === 'held') tellOnce()
  })
}
