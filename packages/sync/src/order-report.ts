import type { Edge, Hold, LockNode } from './order-graph.js'

// What development mode says about locks: who holds what and asks for what, with both stacks, and where the locks were made.

/** Locks that are taken in different orders. */
export function cycleMessage(cycle: readonly Edge[]): string {
  const what =
    cycle.length === 2
      ? 'two locks are taken in both orders'
      : `${cycle.length} locks are taken in orders that make a cycle`
  return [
    `sync: potential deadlock: ${what}; take them in the same order everywhere`,
    ...cycle.map(asking),
    ...cycle.map(({ held }) => origin(held.lock)),
  ].join('\n')
}

/** A lock that is asked for by who holds it. */
export function againMessage({ held, asked }: Edge): string {
  const what =
    held.write || asked.write
      ? 'a goroutine asks for a lock that it holds, and waits for itself: no lock is reentrant'
      : 'a goroutine asks to read a lock that it reads already: with a writer in between both wait for ever'
  return [`sync: deadlock: ${what}`, asking({ held, asked }), origin(held.lock)].join('\n')
}

function asking({ held, asked }: Edge): string {
  return [
    `  ${who(asked)} held ${held.lock.name}${how(held)}, taken`,
    held.stack.toString('      '),
    `    and asked for ${asked.lock.name}${how(asked)}`,
    asked.stack.toString('      '),
  ].join('\n')
}

function origin(lock: LockNode): string {
  return lock.made?.isOfProgram
    ? `  ${lock.name} was made\n${lock.made.toString('      ')}`
    : `  ${lock.name} was not made by this thread's code`
}

const who = ({ goroutine }: Hold): string =>
  goroutine === 0 ? 'code outside goroutines' : `goroutine ${goroutine}`

const how = ({ lock, write }: Hold): string =>
  lock.kind === 'Mutex' ? '' : write ? ' for writing' : ' for reading'
