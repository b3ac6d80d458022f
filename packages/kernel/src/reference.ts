import { type Crossing, HOME } from './codec/share.js'
import { currentThread, type Thread } from './thread.js'

// What this thread knows of the shared objects that it holds: at most one JavaScript thing per object, so that the same
// channel is the same object however often it arrives. When the thing is collected, the thread lets go of the memory; nothing
// that a user waits for depends on when.

const things = new Map<number, WeakRef<object>>()
const registry = new FinalizationRegistry<number>(address => {
  // The object may have arrived again since its thing was collected: then a new thing holds it.
  if (things.get(address)?.deref()) return
  things.delete(address)
  const thread = currentThread()
  thread.kernel.referenceRelease(thread.id, address, thread.id)
})

/** All things that stand for a shared object in this thread. */
export function thingsHere(): object[] {
  return [...things.values()].map(thing => thing.deref()).filter(thing => thing !== undefined)
}

/** Records that `thing` stands, in this thread, for the shared object at `address`, which the thread holds. */
export function keepReference(address: number, thing: object): void {
  things.set(address, new WeakRef(thing))
  registry.register(thing, address)
}

/** The thing for a reference that has arrived inside a value: the one that is here already, or a new one from `make`. */
export function arriveReference<T extends object>(thread: Thread, address: number, make: () => T): T {
  const known = things.get(address)?.deref() as T | undefined
  thread.kernel.referenceArrive(thread.id, address)
  if (known) return known
  const made = make()
  keepReference(address, made)
  return made
}

/** How a shared object that the thread holds crosses: `payload` tells the other side what `arriveReference` needs to know. */
export function crossReference(thread: Thread, kind: string, address: number, payload: unknown): Crossing {
  const { kernel, id } = thread
  kernel.referenceSend(address)
  const release = () => kernel.referenceDrop(id, address)
  return { kind, payload, reference: address, home: HOME, release }
}
