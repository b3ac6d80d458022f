// The connection to the server, and what it takes to keep it: back-off with jitter, a heartbeat of our own (a browser does not
// tell when a connection has silently died), and the states a person is shown.
//
//   connecting ──welcome──▶ live ──closed──▶ reconnecting ──time──▶ connecting
//                             └──reconnect──▶ draining ──closed──▶ reconnecting
//   any ──browser is offline──▶ offline        any ──refused──▶ stopped

const FIRST_DELAY_MS = 500
const MAX_DELAY_MS = 30_000
const PING_MS = 20_000
/** Without a word from the server for this long the connection counts as dead. */
const SILENCE_MS = 35_000
/** A handshake that takes longer will not come. */
const HANDSHAKE_MS = 10_000
/** Close codes after which trying again would meet the same answer. */
const FINAL_CODES = new Set([1002, 1003, 1007, 1008, 1009])
/** Closed for sending too fast: not at once again. */
const RATE_CODE = 4008

/**
 * @typedef {'connecting' | 'live' | 'reconnecting' | 'draining' | 'offline' | 'stopped'} StateName
 * @typedef {{ name: StateName, retryAt?: number, reason?: string }} State
 */

export class Connection {
  #hello
  #onFrame
  #onState
  /** @type {WebSocket | undefined} */
  #socket
  #attempts = 0
  #timer = 0
  #watchdog = 0
  /** @type {number | undefined} */
  #reconnectAfterMs
  #heardAt = 0
  #wanted = false

  /**
   * @param {{ hello: () => object, onFrame: (frame: any) => void, onState: (state: State) => void }} handlers
   *   `hello` makes the first frame of each connection.
   */
  constructor({ hello, onFrame, onState }) {
    this.#hello = hello
    this.#onFrame = onFrame
    this.#onState = onState
    addEventListener('online', () => this.#wanted && this.#open())
    addEventListener('offline', () => this.#wanted && this.#lost())
  }

  connect() {
    this.#wanted = true
    this.#attempts = 0
    this.#open()
  }

  disconnect() {
    this.#wanted = false
    this.#drop()
  }

  /** @param {object} frame @returns {boolean} Whether it was handed to the socket. */
  send(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false
    this.#socket.send(JSON.stringify(frame))
    return true
  }

  #open() {
    this.#drop()
    this.#onState({ name: 'connecting' })
    const socket = new WebSocket(new URL('/ws', location.href.replace(/^http/, 'ws')))
    this.#socket = socket
    this.#timer = window.setTimeout(() => this.#lost(), HANDSHAKE_MS)
    socket.onopen = () => this.send(this.#hello())
    socket.onmessage = event => this.#heard(JSON.parse(event.data))
    socket.onclose = event => this.#closed(event.code, event.reason)
  }

  /** Forgets the socket, and whatever it may still say. */
  #drop() {
    clearTimeout(this.#timer)
    clearInterval(this.#watchdog)
    const socket = this.#socket
    this.#socket = undefined
    if (!socket) return
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.close()
  }

  /** @param {any} frame */
  #heard(frame) {
    this.#heardAt = Date.now()
    if (frame.t === 'welcome') {
      clearTimeout(this.#timer)
      this.#attempts = 0
      this.#watchdog = window.setInterval(() => this.#watch(), PING_MS)
      this.#onFrame(frame)
      this.#onState({ name: 'live' })
      return
    }
    if (frame.t === 'reconnect') {
      this.#reconnectAfterMs = frame.afterMs
      this.#onState({ name: 'draining' })
      return
    }
    if (frame.t !== 'pong') this.#onFrame(frame)
  }

  #watch() {
    if (Date.now() - this.#heardAt > SILENCE_MS) this.#lost()
    else this.send({ t: 'ping' })
  }

  #lost() {
    this.#drop()
    this.#retryLater()
  }

  /** @param {number} code @param {string} reason */
  #closed(code, reason) {
    this.#drop()
    if (FINAL_CODES.has(code)) {
      this.#wanted = false
      this.#onState({ name: 'stopped', reason: reason || `code ${code}` })
      return
    }
    if (code === RATE_CODE) this.#reconnectAfterMs = 10_000
    this.#retryLater()
  }

  #retryLater() {
    if (!this.#wanted) return
    if (!navigator.onLine) {
      this.#onState({ name: 'offline' })
      return
    }
    // Everybody lost the server at the same moment: half of the delay is chance, so that they do not all come back at once.
    const ceiling = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#attempts)
    const delay = this.#reconnectAfterMs ?? ceiling / 2 + (Math.random() * ceiling) / 2
    this.#reconnectAfterMs = undefined
    this.#attempts++
    this.#onState({ name: 'reconnecting', retryAt: Date.now() + delay })
    this.#timer = window.setTimeout(() => this.#open(), delay)
  }
}
