// The frames of the chat: JSON objects in WebSocket text frames, told apart by `t`. README.md documents every one.
//
// Whatever arrives here was written by a stranger. A frame is checked field by field, own properties only, and a new object is
// made of what was checked; what is not known is ignored.

/** What a client may say. `id` is the client's own mark: what answers the frame carries it as `ref`. */
export type ClientFrame =
  | { t: 'hello'; id?: string; name: string; key?: string; rooms: string[] }
  | { t: 'join'; id?: string; room: string }
  | { t: 'leave'; id?: string; room: string }
  | { t: 'message'; id?: string; to: Destination; text: string }
  | { t: 'ping'; id?: string }

/** A room by its name, or a user by theirs. */
export type Destination = { room: string; user?: never } | { user: string; room?: never }

/** Where links are in a text: [start, end) in UTF-16 units. */
export type LinkRange = [start: number, end: number]

export type ServerFrame =
  | {
      t: 'welcome'
      ref?: string
      user: string
      key: string
      session: string
      limits: { textLength: number; payloadBytes: number }
    }
  | { t: 'joined'; ref?: string; room: string; users: string[]; count: number; seq: number }
  | { t: 'left'; ref?: string; room: string }
  | { t: 'presence'; room: string; user: string; online: boolean; count: number }
  | {
      t: 'message'
      id: string
      room: string
      seq: number
      from: string
      text: string
      links: LinkRange[]
      at: number
    }
  | { t: 'message'; id: string; to: string; from: string; text: string; links: LinkRange[]; at: number }
  | { t: 'ack'; ref: string; id: string; seq?: number }
  | { t: 'pong'; ref?: string }
  | { t: 'reconnect'; afterMs: number }
  | { t: 'error'; ref?: string; code: ErrorCode; message: string; retryAfterMs?: number }

export type ErrorCode = keyof typeof ERRORS

/** Stable codes, and what they say to a person. */
export const ERRORS = {
  bad_json: 'The frame is not valid JSON.',
  unknown_type: 'There is no such frame type.',
  bad_field: 'A field is missing or wrong.',
  bad_name:
    "A name has 1 to 32 letters, digits, spaces or any of . _ ' - and begins with a letter or a digit.",
  bad_room: 'A room name has 1 to 32 letters, digits, _ or -.',
  hello_first: 'Say hello first.',
  already_greeted: 'This connection has a name already.',
  name_taken: 'Someone else has this name.',
  not_in_room: 'You are not in this room.',
  too_many_rooms: 'You are in too many rooms.',
  server_full: 'The server has no room for more rooms or users.',
  no_such_user: 'Nobody of this name is here.',
  text_empty: 'The message is empty.',
  text_too_long: 'The message is too long.',
  rate_limited: 'You are sending too fast.',
  busy: 'The server is busy. Try again.',
  message_lost: 'The message was lost inside the server and was not delivered. Send it again.',
  draining: 'The server is restarting.',
} as const

/** What is not worth a reply more than a few times: whoever sends it does not speak this protocol. */
export const isGarbage = (code: ErrorCode): boolean =>
  code === 'bad_json' || code === 'unknown_type' || code === 'bad_field'

/** Close codes of our own; the others are RFC 6455's. */
export const CLOSE = {
  goingAway: 1001,
  policy: 1008,
  internalError: 1011,
  rateLimited: 4008,
  slowConsumer: 4009,
} as const

export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  readonly code: ErrorCode
  readonly ref: string | undefined

  constructor(code: ErrorCode, ref?: string, message: string = ERRORS[code]) {
    super(message)
    this.code = code
    this.ref = ref
  }
}

const MAX_ID_LENGTH = 64
const MAX_KEY_LENGTH = 64
const MAX_HELLO_ROOMS = 100
const NAME = /^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._'-]{0,31}$/u
const ROOM = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}_-]{0,31}$/u

/** The frame in `text`. @throws {ProtocolError} */
export function parseClientFrame(text: string): ClientFrame {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new ProtocolError('bad_json')
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new ProtocolError('bad_json')
  const fields = new Fields(json)
  switch (fields.get('t')) {
    case 'hello': {
      const key = fields.optionalString('key', MAX_KEY_LENGTH)
      return {
        t: 'hello',
        ...fields.id,
        name: fields.name('name'),
        ...(key !== undefined && { key }),
        rooms: fields.rooms(),
      }
    }
    case 'join':
      return { t: 'join', ...fields.id, room: fields.room('room') }
    case 'leave':
      return { t: 'leave', ...fields.id, room: fields.room('room') }
    case 'message':
      return { t: 'message', ...fields.id, to: fields.destination(), text: fields.string('text') }
    case 'ping':
      return { t: 'ping', ...fields.id }
    default:
      throw new ProtocolError('unknown_type', fields.ref)
  }
}

/** The fields of one frame. All methods throw ProtocolErrors that carry the frame's id. */
class Fields {
  readonly #json: object
  readonly ref: string | undefined
  readonly id: { id?: string }

  constructor(json: object) {
    this.#json = json
    this.ref = this.optionalString('id', MAX_ID_LENGTH)
    this.id = this.ref === undefined ? {} : { id: this.ref }
  }

  get(field: string): unknown {
    return Object.hasOwn(this.#json, field) ? (this.#json as Record<string, unknown>)[field] : undefined
  }

  #wrong(field: string, expected: string): ProtocolError {
    return new ProtocolError('bad_field', this.ref, `The field "${field}" must be ${expected}.`)
  }

  string(field: string): string {
    const value = this.get(field)
    if (typeof value !== 'string') throw this.#wrong(field, 'a string')
    return value
  }

  optionalString(field: string, maxLength: number): string | undefined {
    const value = this.get(field)
    if (value === undefined) return undefined
    if (typeof value !== 'string' || value.length === 0 || value.length > maxLength) {
      throw this.#wrong(field, `a string of 1 to ${maxLength} characters`)
    }
    return value
  }

  name(field: string): string {
    const name = normalName(this.string(field))
    if (!NAME.test(name)) throw new ProtocolError('bad_name', this.ref)
    return name
  }

  room(field: string): string {
    return this.#normalRoom(this.string(field))
  }

  rooms(): string[] {
    const rooms = this.get('rooms')
    if (rooms === undefined) return ['lobby']
    if (
      !Array.isArray(rooms) ||
      rooms.length > MAX_HELLO_ROOMS ||
      !rooms.every(room => typeof room === 'string')
    ) {
      throw this.#wrong('rooms', `a list of up to ${MAX_HELLO_ROOMS} strings`)
    }
    return [...new Set(rooms.map(room => this.#normalRoom(room)))]
  }

  destination(): Destination {
    const isPrivate = this.get('to') !== undefined
    if (isPrivate === (this.get('room') !== undefined)) {
      throw new ProtocolError(
        'bad_field',
        this.ref,
        'A message has either a "room" or, if it is private, a "to".',
      )
    }
    return isPrivate ? { user: this.name('to') } : { room: this.room('room') }
  }

  #normalRoom(text: string): string {
    const room = text.normalize('NFKC').trim().toLowerCase()
    if (!ROOM.test(room)) throw new ProtocolError('bad_room', this.ref)
    return room
  }
}

const normalName = (text: string): string => text.normalize('NFKC').trim().replace(/ +/g, ' ')

/** Names that have the same key are one user's: Ada, ada and ＡＤＡ. */
export const keyOfName = (name: string): string => normalName(name).toLowerCase()

/** The bytes of a frame, to be sent to any number of clients. */
export function encode(frame: ServerFrame): Buffer {
  return Buffer.from(JSON.stringify(frame))
}

export function errorFrame(
  code: ErrorCode,
  ref?: string,
  more?: { message?: string; retryAfterMs?: number },
): ServerFrame {
  return { t: 'error', ...(ref !== undefined && { ref }), code, message: ERRORS[code], ...more }
}
