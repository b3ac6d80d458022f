import type { Client } from './client.js'
import type { User } from './users.js'

/** A room: the sessions in it, and how many of them each user has. Private to the hub. */
export class Room {
  readonly name: string
  readonly members = new Set<Client>()
  readonly #sessions = new Map<User, number>()
  #seq = 0

  constructor(name: string) {
    this.name = name
  }

  /** The position of the newest message. */
  get seq(): number {
    return this.#seq
  }

  nextSeq(): number {
    return ++this.#seq
  }

  get userCount(): number {
    return this.#sessions.size
  }

  /** The names of up to `limit` users, those who came first. */
  names(limit: number): string[] {
    const names: string[] = []
    for (const user of this.#sessions.keys()) {
      if (names.length === limit) break
      names.push(user.name)
    }
    return names
  }

  /** Adds a session; true if its user was not in the room before. */
  add(client: Client, user: User): boolean {
    this.members.add(client)
    const sessions = this.#sessions.get(user) ?? 0
    this.#sessions.set(user, sessions + 1)
    return sessions === 0
  }

  /** Takes a session out; true if its user is not in the room any more. */
  delete(client: Client, user: User): boolean {
    if (!this.members.delete(client)) return false
    const sessions = this.#sessions.get(user)! - 1
    if (sessions > 0) {
      this.#sessions.set(user, sessions)
      return false
    }
    this.#sessions.delete(user)
    return true
  }
}
