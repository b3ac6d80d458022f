import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Client } from './client.js'
import type { Config } from './config.js'
import { type ErrorCode, keyOfName } from './protocol.js'
import type { Room } from './room.js'

/** A name that somebody has, and their sessions. */
export interface User {
  readonly name: string
  /** Who knows it may open another session under the name. */
  readonly key: string
  /** Their connections, each with the rooms it is in. */
  readonly sessions: Map<Client, Set<Room>>
  /** Without sessions the name stays theirs until then. */
  heldUntil: number
}

/** Who has which name. Private to the hub. */
export class Users {
  readonly #users = new Map<string, User>()
  readonly #holdMs: number
  readonly #maxCount: number

  constructor({ maxConnections, nameHoldMs }: Config) {
    this.#holdMs = nameHoldMs
    // Held names count: they are what somebody could fill the table with.
    this.#maxCount = 2 * maxConnections
  }

  get count(): number {
    return this.#users.size
  }

  get(name: string): User | undefined {
    return this.#users.get(keyOfName(name))
  }

  /** The user of that name, a new one if nobody has it; or why not. */
  claim(name: string, key: string | undefined): User | ErrorCode {
    const id = keyOfName(name)
    const known = this.#users.get(id)
    if (known && isHeld(known)) return key !== undefined && isSame(key, known.key) ? known : 'name_taken'
    if (!known && this.#users.size >= this.#maxCount) return 'server_full'
    const user: User = { name, key: randomBytes(18).toString('base64url'), sessions: new Map(), heldUntil: 0 }
    this.#users.set(id, user)
    return user
  }

  /** Keeps the name for a while for a user whose last session has ended. */
  hold(user: User): void {
    user.heldUntil = Date.now() + this.#holdMs
  }

  /** Forgets who has been gone for long enough. */
  sweep(): void {
    for (const [id, user] of this.#users) if (!isHeld(user)) this.#users.delete(id)
  }
}

const isHeld = (user: User): boolean => user.sessions.size > 0 || user.heldUntil > Date.now()

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
