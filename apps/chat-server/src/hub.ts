// The hub: one goroutine that owns who is here and in which room. Everybody else talks to it over channels, so nothing here
// is ever locked; and it never waits for a client: what a client's queue cannot take evicts that client.
//
//    register ───┐
//    unregister ─┤
//    membership ─┼─▶ select ─▶ users, rooms ─▶ trySend on each client's queue
//    broadcast ──┘
//
// True whenever the hub waits in its select:
//
//   H1  a client is in a user's `sessions`  <=>  its `user` is that user, and it has not been unregistered, or evicted here
//   H2  a client is in a room               <=>  its user's `sessions` has the room under it
//   H3  a room exists                       <=>  somebody is in it

import { randomBytes } from 'node:crypto'
import { type Chan, type Context, chan, type SendChan, select, Ticker } from '@millrace/core'
import type { Client } from './client.js'
import type { Config } from './config.js'
import type { Outcome } from './processing.js'
import {
  type ClientFrame,
  type Destination,
  type ErrorCode,
  encode,
  errorFrame,
  type LinkRange,
  type ServerFrame,
} from './protocol.js'
import { Room } from './room.js'
import { turns } from './turns.js'
import { type User, Users } from './users.js'

type FrameOf<T extends ClientFrame['t']> = Extract<ClientFrame, { t: T }>

/** A client that says hello. `reply` is told once the hub has decided; whether it was accepted shows in `client.user`. */
export interface Registration {
  readonly client: Client
  readonly hello: FrameOf<'hello'>
  readonly reply: SendChan<void>
}

export interface Membership {
  readonly client: Client
  readonly frame: FrameOf<'join' | 'leave'>
}

/** A message on its way, whose text is with a worker. */
export interface Task {
  readonly client: Client
  readonly ref: string | undefined
  readonly to: Destination
}

/** What became of a task: undefined if the worker died with it. */
export interface Processed {
  readonly task: Task
  readonly outcome: Outcome | undefined
}

export interface HubStats {
  readonly sessions: number
  readonly users: number
  readonly rooms: number
  readonly evicted: number
}

/** Above this many users a room does not announce who comes and goes: in a crowd that is all there would be to send. */
const MAX_ANNOUNCED_USERS = 200
const SWEEP_MS = 10_000

export class Hub {
  readonly register: Chan<Registration> = chan()
  readonly unregister: Chan<Client> = chan()
  readonly membership: Chan<Membership> = chan()
  readonly broadcast: Chan<Processed> = chan()

  readonly #config: Config
  readonly #users: Users
  readonly #rooms = new Map<string, Room>()
  /** Evicted during the current event, and still in the tables. */
  readonly #evicted: Client[] = []
  // Message ids differ between runs of the server.
  readonly #epoch = randomBytes(6).toString('base64url')
  #messages = 0
  #sessions = 0
  #evictions = 0

  constructor(config: Config) {
    this.#config = config
    this.#users = new Users(config)
  }

  /** A snapshot, for those who only watch. */
  get stats(): HubStats {
    return {
      sessions: this.#sessions,
      users: this.#users.count,
      rooms: this.#rooms.size,
      evicted: this.#evictions,
    }
  }

  /** The goroutine. Ends with `ctx`. */
  async run(ctx: Context): Promise<void> {
    const { register, unregister, membership, broadcast } = this
    const sweep = new Ticker(SWEEP_MS)
    const turn = turns(this.#config.queueMessages)
    for (;;) {
      const hit = await select({
        register,
        unregister,
        membership,
        broadcast,
        sweep: sweep.c,
        quit: ctx.done(),
      })
      if (hit.case === 'quit') break
      if (hit.ok) {
        if (hit.case === 'register') this.#onRegister(hit.value)
        else if (hit.case === 'unregister') this.#remove(hit.value)
        else if (hit.case === 'membership') this.#onMembership(hit.value)
        else if (hit.case === 'broadcast') this.#onProcessed(hit.value)
        else this.#users.sweep()
      }
      this.#removeEvicted()
      await turn()
    }
    sweep.stop()
  }

  // --- who is here --------------------------------------------------------------------------------------------------------

  #onRegister({ client, hello, reply }: Registration): void {
    const user = client.user ?? this.#users.claim(hello.name, hello.key)
    if (client.user || typeof user === 'string') {
      this.#refuse(client, typeof user === 'string' ? user : 'already_greeted', hello.id)
    } else if (client.isOpen) {
      client.user = user
      user.sessions.set(client, new Set())
      this.#sessions++
      this.#welcome(client, user, hello)
    }
    reply.trySend()
  }

  #welcome(client: Client, user: User, { id, rooms }: FrameOf<'hello'>): void {
    const { maxTextLength, maxPayloadBytes } = this.#config
    this.#send(client, {
      t: 'welcome',
      ...refOf(id),
      user: user.name,
      key: user.key,
      session: client.id,
      limits: { textLength: maxTextLength, payloadBytes: maxPayloadBytes },
    })
    for (const room of rooms) this.#join(client, user, room, id)
  }

  /** Forgets a session. Does nothing the second time. */
  #remove(client: Client): void {
    const { user } = client
    const rooms = user?.sessions.get(client)
    if (!user || !rooms) return
    for (const room of rooms) this.#leave(client, user, room)
    user.sessions.delete(client)
    this.#sessions--
    if (client.isEvicted) this.#evictions++
    if (user.sessions.size === 0) this.#users.hold(user)
  }

  /** An eviction announces that its user has gone, which may overflow other queues: until that ends. */
  #removeEvicted(): void {
    for (let client = this.#evicted.pop(); client; client = this.#evicted.pop()) this.#remove(client)
  }

  // --- rooms --------------------------------------------------------------------------------------------------------------

  #onMembership({ client, frame }: Membership): void {
    const { user } = client
    if (!user?.sessions.has(client)) return
    if (frame.t === 'join') {
      this.#join(client, user, frame.room, frame.id)
      return
    }
    const room = this.#rooms.get(frame.room)
    if (!room?.members.has(client)) {
      this.#refuse(client, 'not_in_room', frame.id)
      return
    }
    this.#leave(client, user, room)
    this.#send(client, { t: 'left', ...refOf(frame.id), room: room.name })
  }

  #join(client: Client, user: User, name: string, ref: string | undefined): void {
    const known = this.#rooms.get(name)
    if (!known && this.#rooms.size >= this.#config.maxRooms) {
      this.#refuse(client, 'server_full', ref)
      return
    }
    const room = known ?? new Room(name)
    const rooms = user.sessions.get(client)!
    if (!rooms.has(room)) {
      if (rooms.size >= this.#config.maxRoomsPerClient) {
        this.#refuse(client, 'too_many_rooms', ref)
        return
      }
      this.#rooms.set(name, room)
      rooms.add(room)
      const isNew = room.add(client, user)
      if (isNew) this.#announce(room, user, true, client)
    }
    const users = room.names(MAX_ANNOUNCED_USERS)
    this.#send(client, {
      t: 'joined',
      ...refOf(ref),
      room: name,
      users,
      count: room.userCount,
      seq: room.seq,
    })
  }

  #leave(client: Client, user: User, room: Room): void {
    user.sessions.get(client)?.delete(room)
    const isLast = room.delete(client, user)
    if (room.members.size === 0) this.#rooms.delete(room.name)
    else if (isLast) this.#announce(room, user, false)
  }

  #announce(room: Room, user: User, online: boolean, except?: Client): void {
    if (room.userCount > MAX_ANNOUNCED_USERS) return
    const frame = encode({ t: 'presence', room: room.name, user: user.name, online, count: room.userCount })
    for (const member of room.members) if (member !== except) this.#deliver(member, frame)
  }

  // --- messages -----------------------------------------------------------------------------------------------------------

  #onProcessed({ task, outcome }: Processed): void {
    const { client, ref, to } = task
    const { user } = client
    if (user?.sessions.has(client)) {
      if (!outcome) this.#refuse(client, 'message_lost', ref)
      else if (!outcome.ok) this.#refuse(client, outcome.code, ref)
      else if (to.room !== undefined) this.#say(client, user, to.room, outcome, ref)
      else this.#tell(client, user, to.user, outcome, ref)
    }
    client.messageEnded()
  }

  #say(client: Client, from: User, roomName: string, { text, links }: Text, ref: string | undefined): void {
    const room = this.#rooms.get(roomName)
    if (!room?.members.has(client)) {
      this.#refuse(client, 'not_in_room', ref)
      return
    }
    const id = this.#nextMessageId()
    const seq = room.nextSeq()
    const frame = encode({
      t: 'message',
      id,
      room: roomName,
      seq,
      from: from.name,
      text,
      links,
      at: Date.now(),
    })
    for (const member of room.members) this.#deliver(member, frame)
    if (ref !== undefined) this.#send(client, { t: 'ack', ref, id, seq })
  }

  /** A private message: every session of both sees it. */
  #tell(client: Client, from: User, toName: string, { text, links }: Text, ref: string | undefined): void {
    const to = this.#users.get(toName)
    if (!to || to.sessions.size === 0) {
      this.#refuse(client, 'no_such_user', ref)
      return
    }
    const id = this.#nextMessageId()
    const frame = encode({ t: 'message', id, to: to.name, from: from.name, text, links, at: Date.now() })
    for (const session of new Set([...to.sessions.keys(), ...from.sessions.keys()]))
      this.#deliver(session, frame)
    if (ref !== undefined) this.#send(client, { t: 'ack', ref, id })
  }

  #nextMessageId(): string {
    return `${this.#epoch}.${++this.#messages}`
  }

  // --- towards clients ----------------------------------------------------------------------------------------------------

  #send(client: Client, frame: ServerFrame): void {
    this.#deliver(client, encode(frame))
  }

  #refuse(client: Client, code: ErrorCode, ref: string | undefined): void {
    this.#send(client, errorFrame(code, ref))
  }

  #deliver(client: Client, frame: Buffer): void {
    const wasOpen = client.isOpen
    if (!client.deliver(frame) && wasOpen) this.#evicted.push(client)
  }
}

type Text = { readonly text: string; readonly links: LinkRange[] }

const refOf = (ref: string | undefined): { ref?: string } => (ref === undefined ? {} : { ref })
