// Starts chat servers as processes of their own, and talks to them as users would. Nothing here waits for time to pass: every
// wait is for a frame, a line of the log, or the end of something.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type ClientOptions, WebSocket } from 'ws'

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))
export const CRASHING_MAIN = fileURLToPath(new URL('./crashing-server.mjs', import.meta.url))

type Fields = Record<string, unknown>

/** Any frame of the server: the fields of all of them. */
export interface Frame {
  t: string
  ref: string
  id: string
  room: string
  user: string
  users: string[]
  online: boolean
  count: number
  seq: number
  from: string
  to: string
  text: string
  links: [number, number][]
  at: number
  key: string
  session: string
  afterMs: number
  code: string
  message: string
  retryAfterMs: number
}

export interface Health {
  status: string
  uptimeSeconds: number
  threads: { mode: string }
  workers: { count: number; restarts: number }
}

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

/** Things that arrive, and those who wait for one of them. */
class Arrivals<T> {
  #arrived: T[] = []
  #waiting: { match: (item: T) => boolean; resolve: (item: T) => void; reject: (error: Error) => void }[] = []
  #ended: Error | undefined

  add(item: T): void {
    const index = this.#waiting.findIndex(({ match }) => match(item))
    if (index < 0) this.#arrived.push(item)
    else this.#waiting.splice(index, 1)[0]!.resolve(item)
  }

  end(error: Error): void {
    this.#ended = error
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }

  /** Takes the first that matches; waits for it. */
  take(match: (item: T) => boolean): Promise<T> {
    const index = this.#arrived.findIndex(match)
    if (index >= 0) return Promise.resolve(this.#arrived.splice(index, 1)[0]!)
    if (this.#ended) return Promise.reject(this.#ended)
    return new Promise((resolve, reject) => this.#waiting.push({ match, resolve, reject }))
  }

  /** Takes all that match and are here. */
  takeAll(match: (item: T) => boolean): T[] {
    const taken = this.#arrived.filter(match)
    this.#arrived = this.#arrived.filter(item => !match(item))
    return taken
  }
}

export class Chat {
  readonly process: ChildProcess
  readonly exit: Promise<Exit>
  /** The first line on standard output. */
  readonly printed: Promise<string>
  stderr = ''
  url = ''
  readonly #log = new Arrivals<Fields>()
  readonly #users: User[] = []

  constructor(env: Record<string, string>, entry: string) {
    this.process = spawn(process.execPath, [entry], {
      env: { PATH: process.env.PATH, PORT: '0', WORKERS: '2', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.exit = once(this.process, 'close').then(([code, signal]) => {
      this.#log.end(new Error(`the server has ended (${code ?? signal}): ${this.stderr}`))
      return { code, signal }
    })
    createInterface({ input: this.process.stderr! }).on('line', line => {
      this.stderr += `${line}\n`
      if (line.startsWith('{')) this.#log.add(JSON.parse(line))
    })
    const stdout = createInterface({ input: this.process.stdout! })
    this.printed = new Promise(resolve => stdout.on('line', resolve))
  }

  /** Waits for a line of the log. */
  logged(event: string, fields: Fields = {}): Promise<Fields> {
    return this.#log.take(
      line => line.event === event && Object.entries(fields).every(([key, value]) => line[key] === value),
    )
  }

  get socketUrl(): string {
    return `${this.url.replace('http', 'ws')}/ws`
  }

  async health(): Promise<{ status: number; body: Health }> {
    const response = await fetch(`${this.url}/healthz`)
    return { status: response.status, body: (await response.json()) as Health }
  }

  /** A connection that has not said hello. */
  async open(options: ClientOptions = {}): Promise<User> {
    const user = new User(new WebSocket(this.socketUrl, options))
    this.#users.push(user)
    await once(user.socket, 'open')
    return user
  }

  /** A connection that has, and is in its rooms. */
  async enter(
    name: string,
    more: { rooms?: string[]; key?: string } = {},
    options: ClientOptions = {},
  ): Promise<User> {
    const user = await this.open(options)
    user.send({ t: 'hello', name, ...more })
    const welcome = await user.next('welcome')
    user.key = welcome.key
    user.session = welcome.session
    for (const room of more.rooms ?? ['lobby']) await user.next('joined', { room })
    return user
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal)
  }

  async stop(): Promise<void> {
    for (const user of this.#users) user.socket.terminate()
    this.process.kill('SIGKILL')
    await this.exit
  }
}

export async function startChat(env: Record<string, string> = {}, entry = MAIN): Promise<Chat> {
  const chat = new Chat(env, entry)
  chat.url = String((await chat.logged('listening')).url)
  return chat
}

/** Starts one that is not expected to get as far as listening. */
export function startFailingChat(env: Record<string, string>): Chat {
  return new Chat(env, MAIN)
}

export class User {
  readonly socket: WebSocket
  readonly closed: Promise<{ code: number; reason: string }>
  key = ''
  session = ''
  readonly #frames = new Arrivals<Frame>()
  #pings = 0

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', data => this.#frames.add(JSON.parse(data.toString())))
    socket.on('error', () => {})
    this.closed = new Promise(resolve => {
      socket.on('close', (code, reason) => {
        this.#frames.end(new Error(`closed with ${code} ${reason}`))
        resolve({ code, reason: String(reason) })
      })
    })
  }

  send(frame: object | string): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
  }

  say(room: string, text: string, id?: string): void {
    this.send({ t: 'message', room, text, id })
  }

  tell(to: string, text: string, id?: string): void {
    this.send({ t: 'message', to, text, id })
  }

  /** Takes the next frame of a type, or of one of several, with these fields; waits for it. */
  next(t: string | string[], fields: Fields = {}): Promise<Frame> {
    return this.#frames.take(
      frame =>
        [t].flat().includes(frame.t) &&
        Object.entries(fields).every(([key, value]) => frame[key as keyof Frame] === value),
    )
  }

  /** Waits until whatever the server has sent so far has arrived. */
  async caughtUp(): Promise<void> {
    const id = `caught-up-${++this.#pings}`
    this.send({ t: 'ping', id })
    await this.next('pong', { ref: id })
  }

  /** Takes all frames of a type that have arrived. */
  all(t: string): Frame[] {
    return this.#frames.takeAll(frame => frame.t === t)
  }
}
