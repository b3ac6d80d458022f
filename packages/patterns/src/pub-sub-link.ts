import { type AtomicInt32, type Chan, chan } from '@millrace/core'
import {
  callOwner,
  type Door,
  isAlive,
  onThreadEnd,
  openDoor,
  ownerLost,
  type ThreadLife,
  tellOwner,
  thisThread,
} from './owner.js'
import { close, type Subscriber } from './subscriber.js'
import type { SubscriberTable } from './subscriber-table.js'

// How the tables of several threads come to say the same. The thread that made a PubSub owns the table; the others have replicas.
// Whoever changes its own table issues the change: it counts it in `issued`, and sends it to the owner, who puts all changes in
// one order, numbers them and sends them to every replica. Values do not go that way: each publisher sends them straight to the
// channels in its own table.
//
//   U1  applied = issued on a thread, once it has looked into its inbox  =>  its table has every change that was issued before
//   U2  who has asked the owner (`sync`) and looked into its inbox then has every change that was sent before it asked
//   U3  a thread's own changes are in its table at once
//
// A change comes to a table perhaps twice; that is no harm, since channels are never opened again. Inboxes have no receiver who
// waits: a thread looks when it is about to publish, so what another has sent is known in the same moment.

export interface Change<T> {
  /** Which one it is, counted by the owner. */
  index: number
  add?: Subscriber<T>
  remove?: Chan<T>
  /** Instead of all changes that came before. */
  all?: Subscriber<T>[]
}

/** What crosses with a PubSub of the ways between the threads that know it. */
export interface Ways<T> {
  readonly door: Door
  /** Changes on their way to the owner. */
  readonly changes: Chan<Change<T>>
  /** How many changes there have been. */
  readonly issued: AtomicInt32
}

/** A thread's table as one of many. */
export interface Link<T> {
  readonly ways: Ways<T>
  /** The number of the last change in the table. */
  readonly applied: number
  /** Looks into the inbox; answers whether the table has every change. Never waits. */
  catchUp(): boolean
  /** Waits until the table has every change that was made before this call. */
  sync(): Promise<void>
  /** Lets others know a change that has been made to the table. */
  issue(change: Omit<Change<T>, 'index'>): void
  /** @throws {ThreadLostError} The owner's thread has died: nobody would learn of a change. */
  checkOwner(): void
  /** Everything ends. */
  close(): void
}

const ROOM = 256

/** The thread that made the PubSub. */
export class OwnerLink<T> implements Link<T> {
  readonly ways: Ways<T>
  applied = 0
  readonly #table: SubscriberTable<T>
  readonly #replicas = new Map<Chan<Change<T>>, ThreadLife>()
  readonly #forget: () => void

  /** @param onClose Called when another thread closes the PubSub. */
  constructor(table: SubscriberTable<T>, issued: AtomicInt32, onClose: () => void) {
    this.#table = table
    const door = openDoor((method, args) => {
      this.catchUp()
      if (method === 'join') this.#join(args[0] as Chan<Change<T>>, args[1] as ThreadLife)
      else if (method === 'close') onClose()
    })
    this.ways = { door, changes: chan(ROOM), issued }
    for (const subscriber of table.all) subscriber.thread = door.owner
    this.#forget = onThreadEnd(() => this.#forgetDead())
  }

  catchUp(): boolean {
    for (;;) {
      const next = this.ways.changes.tryReceiveOk()
      if (!next?.ok) break
      this.#apply(next.value)
    }
    return this.applied === this.ways.issued.load()
  }

  async sync(): Promise<void> {
    await callOwner(this.ways.door, 'sync', [])
  }

  issue(change: Omit<Change<T>, 'index'>): void {
    this.ways.issued.add(1)
    this.#number(change)
  }

  checkOwner(): void {}

  close(): void {
    this.#forget()
    this.catchUp()
    close(this.ways.door.calls)
  }

  #apply({ add, remove }: Change<T>): void {
    if (add) this.#table.add(add)
    if (remove) this.#table.delete(remove)
    this.#number({ ...(add && { add }), ...(remove && { remove }) })
  }

  #number(change: Omit<Change<T>, 'index'>): void {
    this.applied = (this.applied + 1) | 0
    for (const inbox of this.#replicas.keys()) this.#tell(inbox, { ...change, index: this.applied })
  }

  /** A replica that does not look into its inbox for long finds the whole table there. */
  #tell(inbox: Chan<Change<T>>, change: Change<T>): void {
    if (inbox.trySend(change)) return
    while (inbox.tryReceiveOk()?.ok);
    inbox.trySend({ index: this.applied, all: this.#table.all })
  }

  #join(inbox: Chan<Change<T>>, thread: ThreadLife): void {
    this.#replicas.set(inbox, thread)
    this.#tell(inbox, { index: this.applied, all: this.#table.all })
  }

  /** Nobody receives any more what subscribers on a dead thread are sent; who waits for room there goes on. */
  #forgetDead(): void {
    this.catchUp()
    for (const [inbox, thread] of this.#replicas) if (!isAlive(thread)) this.#replicas.delete(inbox)
    for (const channel of forgetDead(this.#table)) this.issue({ remove: channel })
  }
}

/** Takes the subscribers on dead threads out of a table, and closes their channels; answers those. */
function forgetDead<T>(table: SubscriberTable<T>): Chan<T>[] {
  const dead = table.all.filter(({ thread }) => thread && !isAlive(thread)).map(({ channel }) => channel)
  for (const channel of dead) {
    table.delete(channel)
    close(channel)
  }
  return dead
}

/** Any other thread. */
export class ReplicaLink<T> implements Link<T> {
  readonly ways: Ways<T>
  applied: number
  readonly #table: SubscriberTable<T>
  readonly #inbox = chan<Change<T>>(ROOM)
  readonly #here = thisThread()

  constructor(table: SubscriberTable<T>, ways: Ways<T>, applied: number) {
    this.#table = table
    this.ways = ways
    this.applied = applied
    tellOwner(ways.door, 'join', [this.#inbox, this.#here])
    // Dead subscribers are the owner's concern, unless it is dead itself. Nobody else keeps a replica alive.
    const here = new WeakRef(this)
    const forget = onThreadEnd(() => {
      const link = here.deref()
      if (link?.isOrphan) forgetDead(link.#table)
      if (!link || link.isOrphan) forget()
    })
  }

  get isOrphan(): boolean {
    return !isAlive(this.ways.door.owner)
  }

  checkOwner(): void {
    if (this.isOrphan) throw ownerLost()
  }

  catchUp(): boolean {
    for (;;) {
      const next = this.#inbox.tryReceiveOk()
      if (!next?.ok) break
      const { index, add, remove, all } = next.value
      // Its own may be on their way to the owner still.
      if (all)
        this.#table.replace(all, ({ thread, channel }) => isSame(thread, this.#here) && !channel.closed)
      if (add) this.#table.add(add)
      if (remove) this.#table.delete(remove)
      this.applied = index
    }
    return this.applied === this.ways.issued.load()
  }

  async sync(): Promise<void> {
    await callOwner(this.ways.door, 'sync', [])
    this.catchUp()
  }

  issue(change: Omit<Change<T>, 'index'>): void {
    const { door, changes, issued } = this.ways
    issued.add(1)
    changes.send({ ...change, index: 0 }).catch(() => {}) // parked if there is no room, in order all the same
    tellOwner(door, 'look', [])
  }

  close(): void {
    tellOwner(this.ways.door, 'close', [])
  }
}

const isSame = (a: ThreadLife | undefined, b: ThreadLife): boolean => a?.id === b.id && a.life === b.life
