import {
  arriveReference,
  type Crossing,
  crossReference,
  currentThread,
  DataCloneError,
  keepReference,
  type Parked,
  registerKind,
  SHARE,
  type Thread,
  ThreadLostError,
  wordOf,
  wordPeek,
} from '@millrace/kernel'
import { CancelContext } from './cancel-context.js'
import { clock } from './clock.js'
import type { Context, ContextKey } from './context.js'
import { DeadlineContext, deadlineOf } from './context-source.js'
import { BACKGROUND, DetachedContext, OwnContext, RootContext, TODO, ValueContext } from './context-tree.js'
import { DONE } from './done-medium.js'
import { CANCELED, DEADLINE_EXCEEDED, Ending, type State } from './ending.js'

// Contexts that other threads know. One that can be cancelled has a record in shared memory (the kernel's cancellation.ts),
// which the thread that made it writes once, when it ends, and everybody reads. Deadlines need no telling: each thread looks
// at its own clock. A context with a value has a record too, which only says that it is the same one.
//
// A context takes along the nearest one above it that another thread has made. So it ends with that one everywhere at once,
// whatever the threads in between are busy with; and as its own thread is the only one that could end it otherwise, it ends when
// that thread dies. (A thread that leaves in good order has nobody left who could: its contexts last.)

const CONTEXT = 'core/context'
const VALUE = 'core/context-value'
const DETACHED = 'core/context-without-cancel'
const ROOT = 'core/context-root'

// A record's fields: assembly/cancellation.ts.
const CAUSE = 68
const RECORD_BYTES = 256
/** The state of one whose thread has died. */
const LOST = 3

/** How many contexts a context takes along at most, each above the last. Of one further up it hears through the threads in between. */
const MOST_ABOVE = 16

type Values = Map<string, unknown>

interface Sent {
  record: number
  /** The nearest scope above that is another thread's. */
  up: CancelContext | undefined
  values: Values
  /** What `deadline()` says. */
  date: number | undefined
  /** When it ends by itself, by the wall clock, and with which cause. */
  due: number | undefined
  tooLate: unknown
}

interface SentValue {
  record: number
  parent: Context
  values: Values
}

/** How a context of ours crosses. @throws {DataCloneError} A value is under a key that other threads could not name. */
export function contextCrossing(context: OwnContext): Crossing {
  if (context instanceof CancelContext) return crossScope(context)
  if (context instanceof ValueContext) return crossValue(context)
  if (context instanceof RootContext) return { kind: ROOT, payload: context === TODO }
  return { kind: DETACHED, payload: valuesFrom(context.parent)[0] }
}

/** Lets contexts arrive at this thread. */
export function registerContexts(): void {
  registerKind(ROOT, (isTodo: boolean) => (isTodo ? TODO : BACKGROUND))
  registerKind(DETACHED, (values: Values) => new DetachedContext(valuesOver(BACKGROUND, values)))
  registerKind(DONE, (context: Context) => context.done())
  registerKind(VALUE, ({ record, parent, values }: SentValue) =>
    arriveReference(currentThread(), record, () => {
      const context = valuesOver(parent, values) as ValueContext
      context.record = record
      return context
    }),
  )
  registerKind(CONTEXT, (sent: Sent) => {
    const thread = currentThread()
    return arriveReference(thread, sent.record, () => new ArrivedContext(thread, sent))
  })
}

// Values -------------------------------------------------------------------------------------------------------------

/** The values that are seen from `context`, up to one that has a record of its own if `nearest`, and what is above those. */
function valuesFrom(context: Context | undefined, nearest = false): [Values, Context | undefined] {
  const values: Values = new Map()
  let at = context
  while (at instanceof OwnContext && !(nearest && !(at instanceof ValueContext))) {
    if (at instanceof ValueContext) {
      const name = Symbol.keyFor(at.key)
      if (name === undefined) {
        throw new DataCloneError(
          `it is a context with a value under ${String(at.key)}, a key that was not made by contextKey`,
          '',
        )
      }
      // A nearer one of the same key hides it.
      if (!values.has(name)) values.set(name, at.stored)
    }
    at = at.parent
  }
  return [values, at]
}

function valuesOver(parent: Context, values: Values): Context {
  const scope = (parent as OwnContext).scope
  let context = parent
  for (const [name, value] of [...values].reverse()) {
    context = new ValueContext(context, scope, Symbol.for(name) as ContextKey<unknown>, value)
  }
  return context
}

// Departure ----------------------------------------------------------------------------------------------------------

function crossValue(context: ValueContext): Crossing {
  const [values, above] = valuesFrom(context, true)
  // A context of somebody else's does not cross; what it cancels does.
  const parent = above instanceof OwnContext ? above : (context.scope ?? BACKGROUND)
  const thread = currentThread()
  context.record ||= newRecord(thread, context)
  return crossReference(thread, VALUE, context.record, {
    record: context.record,
    parent,
    values,
  } satisfies SentValue)
}

function crossScope(context: CancelContext): Crossing {
  const thread = currentThread()
  const [values] = valuesFrom(context.parent)
  if (context.record === 0) {
    context.record = newRecord(thread, context)
    context.publishWith(ending => write(thread, context.record, ending))
  }
  const deadline = deadlineOf(context)
  const sent: Sent = {
    record: context.record,
    up: above(context),
    values,
    date: context.deadline()?.getTime(),
    due: deadline && dueThere(context, deadline),
    tooLate: deadline?.tooLate,
  }
  return crossReference(thread, CONTEXT, context.record, sent)
}

/** The nearest one above that is another thread's; of one that has arrived, whatever it has taken along. */
function above(context: CancelContext): CancelContext | undefined {
  let { up } = context
  if (!(context instanceof ArrivedContext)) while (up && !(up instanceof ArrivedContext)) up = up.up
  return up && crossedFrom(up) <= MOST_ABOVE ? up : undefined
}

/** How many have crossed, of a context and those above it. */
function crossedFrom(context: CancelContext): number {
  let count = 0
  for (let at: CancelContext | undefined = context; at; at = at.up) if (at.record !== 0) count++
  return count
}

function dueThere(context: CancelContext, deadline: DeadlineContext): number | undefined {
  const ending = context.ending()
  if (ending === undefined) return dueByWall(deadline)
  // Has it ended otherwise, then so it does there: by its record, or by the one above.
  return ending.state === DEADLINE_EXCEEDED && ending.at === deadline.due ? 0 : undefined
}

// Later by the millisecond that a wall clock rounds off, and by whatever comes between the two clocks, here and there: so no other
// thread is earlier than this one.
function dueByWall({ due }: DeadlineContext): number {
  const left = due - clock.now()
  return clock.wall() + left + 1
}

function dueByClock(due: number): number {
  const left = due - clock.wall()
  return clock.now() + left
}

function newRecord(thread: Thread, context: OwnContext): number {
  const record = thread.kernel.cancellationCreate(thread.id)
  if (record === 0) throw thread.outOfMemory(RECORD_BYTES)
  thread.memory.reach(record + RECORD_BYTES)
  keepReference(record, context)
  return record
}

function write(thread: Thread, record: number, { state, given }: Ending): void {
  const hasCause = given !== undefined && given !== null
  thread.kernel.cancellationCancel(thread.id, record, state, hasCause ? causeWord(thread, given) : 0)
}

/** A word that many threads may read. Cancelling never fails: a cause that cannot cross is replaced by what says so. */
function causeWord(thread: Thread, cause: unknown): number {
  try {
    return wordOf(thread, withoutReferences(cause), 'cause')
  } catch (refusal) {
    try {
      return wordOf(thread, refusal)
    } catch {
      return 0
    }
  }
}

// A reference can arrive only as often as it was sent, and nobody knows how many threads will read the cause.
function withoutReferences(cause: unknown): unknown {
  const seen = new Set<unknown>([cause])
  for (const thing of seen) {
    if (typeof thing !== 'object' || thing === null) continue
    if (typeof (thing as { [SHARE]?: unknown })[SHARE] === 'function') {
      throw new DataCloneError('it refers to a channel or another shared object', '.cause')
    }
    if (thing instanceof Map) for (const [key, value] of thing) seen.add(key).add(value)
    else if (thing instanceof Set) for (const member of thing) seen.add(member)
    else if (!ArrayBuffer.isView(thing)) for (const value of Object.values(thing)) seen.add(value)
    if (thing instanceof Error) {
      seen.add(thing.cause)
      if (thing instanceof AggregateError) seen.add(thing.errors)
    }
  }
  return cause
}

// Arrival ------------------------------------------------------------------------------------------------------------

/** A context that was made on another thread. */
class ArrivedContext extends DeadlineContext implements Parked {
  readonly address: number
  readonly #thread: Thread
  #isParked = false

  constructor(thread: Thread, { record, up, values, date, due, tooLate }: Sent) {
    super(valuesOver(BACKGROUND, values), up, due === undefined ? Infinity : dueByClock(due), date, tooLate)
    this.#thread = thread
    this.record = this.address = record
    thread.memory.reach(record + RECORD_BYTES)
  }

  protected override firing(): Ending | undefined {
    const { kernel, memory } = this.#thread
    const state = kernel.cancellationState(this.address)
    if (state === 0) return this.due < Infinity ? super.firing() : undefined
    // As if it had ended just now: what came before its thread died comes first.
    if (state === LOST) return super.firing() ?? new Ending(CANCELED, clock.now(), lost())
    const word = memory.i32[(this.address + CAUSE) >> 2]
    return new Ending(state as State, 0, word === 0 ? undefined : wordPeek(this.#thread, word))
  }

  protected override follow(): void {
    super.follow()
    this.#isParked = true
    this.#thread.park(this)
    const { kernel, id } = this.#thread
    // Whoever is about to wait cannot be told before it does. So this thread looks again soon: by its mailbox, which is served
    // even while the thread blocks.
    if (kernel.cancellationPark(id, this.address)) kernel.poke(id, this.address)
  }

  protected override unfollow(): void {
    super.unfollow()
    if (!this.#isParked) return
    this.#isParked = false
    this.#thread.unpark(this)
  }

  /** The record may have been written. */
  look(): void {
    this.ending()
  }
}

const lost = () => new ThreadLostError('the thread that made this context has ended')
