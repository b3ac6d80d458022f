// The timers of the program itself, on a thread whose host cannot tell when it has nothing left to do.

type TimerFunction = (fn: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => unknown
type Timers = { [name: string]: unknown }

const pending = new Set<unknown>()
/** Timers, where they are objects, that will not ring any more. */
const over = new WeakSet<object>()

/** How many of the timers that were set since `countProgramTimers` have not rung for the last time. */
export const pendingProgramTimers = (): number => pending.size

/**
 * Counts the global timers from now on. For threads of the pool, which belong to Millrace: a goroutine may be parked on a channel and
 * have a timer that ends the wait.
 */
export function countProgramTimers(): void {
  const timers = globalThis as unknown as Timers
  for (const kind of ['Timeout', 'Interval']) {
    const set = timers[`set${kind}`] as TimerFunction
    const clear = timers[`clear${kind}`] as (id: unknown) => void
    const counted: TimerFunction = (fn, ms, ...args) => {
      const id = set(
        (...given) => {
          if (kind === 'Timeout') end(id)
          fn(...given)
        },
        ms,
        ...args,
      )
      pending.add(keyOf(id))
      followRefs(id)
      return id
    }
    timers[`set${kind}`] = Object.assign(counted, set)
    timers[`clear${kind}`] = (id: unknown) => {
      end(id)
      clear(id)
    }
  }
}

function end(id: unknown): void {
  pending.delete(keyOf(id))
  if (typeof id === 'object' && id !== null) over.add(id)
}

/** A timer that is told not to keep the thread alive does not count. */
function followRefs(id: unknown): void {
  const timer = id as { ref?(): unknown; unref?(): unknown } | undefined
  if (typeof timer !== 'object' || typeof timer?.unref !== 'function') return
  const { ref, unref } = timer
  timer.unref = () => {
    pending.delete(keyOf(id))
    return unref.call(timer)
  }
  timer.ref = () => {
    if (!over.has(timer)) pending.add(keyOf(id))
    return ref?.call(timer)
  }
}

/** A timer may be given back as the number that it can be turned into. */
const keyOf = (id: unknown): unknown => (typeof id === 'object' && id !== null ? Number(id) : id)
