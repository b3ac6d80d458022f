// One connection, between its socket and the goroutines that serve it.
//
//      socket ──message──▶ admit ──▶ inbound ──▶ read pump ──▶ hub, workers
//      socket ◀──send───── write pump ◀── outbound ◀── hub
//
//      open ──finish()──▶ flushing ──┐
//        └────evict()───▶ evicted ───┴──▶ closed: `gone` is closed
//
//   flushing   what is queued is still written, then the close frame
//   evicted    nothing more is delivered, but for the close frame
//
// Neither lasts: CLOSE_TIMEOUT_MS later the socket is cut.

import { after, type Chan, chan, go, select, type WaitOptions } from '@millrace/core'
import type { RawData, WebSocket } from 'ws'
import type { Config } from './config.js'
import type { Log } from './log.js'
import { Outbound } from './outbound.js'
import { CLOSE, encode, errorFrame, type ServerFrame } from './protocol.js'
import { TokenBucket } from './token-bucket.js'
import type { User } from './users.js'

export class Client {
  readonly id: string
  readonly ip: string
  /** Who it is, once the hub has accepted its hello. The hub writes it. */
  user: User | undefined
  /** Frames that have been admitted. Closed when no more will be. */
  readonly inbound: Chan<string>
  /** Closed when the socket is. */
  readonly gone = chan<never>()

  readonly #socket: WebSocket
  readonly #outbound: Outbound
  readonly #admitted: TokenBucket
  readonly #excess: TokenBucket
  readonly #config: Config
  readonly #log: Log
  #state: 'open' | 'flushing' | 'evicted' | 'closed' = 'open'
  #close = { code: 1000, reason: '' }
  #messagesInWork = 0
  #settled: Chan<never> | undefined

  constructor(id: string, ip: string, socket: WebSocket, config: Config, log: Log) {
    this.id = id
    this.ip = ip
    this.#socket = socket
    this.#config = config
    this.#log = log
    this.inbound = chan(config.rateBurst)
    this.#outbound = new Outbound(config.queueMessages, config.queueBytes)
    this.#admitted = new TokenBucket(config.ratePerSecond, config.rateBurst)
    this.#excess = new TokenBucket(1, config.rateExcess)
    socket.on('message', (data, isBinary) => this.#arrived(data, isBinary))
    socket.on('ping', () => this.#isWithinRate())
    socket.on('error', error =>
      log.info('socket_error', { client: id, code: (error as NodeJS.ErrnoException).code }),
    )
    socket.on('close', code => this.#closed(code))
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  get isEvicted(): boolean {
    return this.#state === 'evicted'
  }

  // --- towards the client -------------------------------------------------------------------------------------------------

  /** Queues a frame. Never waits: a client whose queue is full is evicted. False if the frame will not be delivered. */
  deliver(frame: Buffer): boolean {
    if (this.#state !== 'open') return false
    if (this.#outbound.trySend(frame)) return true
    this.evict()
    return false
  }

  reply(frame: ServerFrame): void {
    this.deliver(encode(frame))
  }

  /** The write pump: a goroutine that writes what is queued, frame after frame, and closes the socket at the end. */
  async writePump(): Promise<void> {
    for (;;) {
      const frame = await this.#outbound.receive()
      if (this.#state === 'evicted') return
      if (!frame) break
      try {
        // Without waiting here the queue would never fill: everything would pile up inside the socket instead.
        await this.#write(frame)
      } catch {
        this.#socket.terminate()
        return
      }
      this.#outbound.written(frame)
    }
    this.#socket.close(this.#close.code, this.#close.reason)
  }

  #write(frame: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(frame, { binary: false }, error => (error ? reject(error) : resolve()))
    })
  }

  // --- from the client ----------------------------------------------------------------------------------------------------

  #arrived(data: RawData, isBinary: boolean): void {
    if (this.#state !== 'open') return
    if (isBinary) {
      this.finish(CLOSE.policy, 'text frames only')
      return
    }
    if (!this.#isWithinRate()) return
    if (!this.inbound.trySend(data.toString())) {
      this.reply(errorFrame('busy'))
      return
    }
    // What does not fit is left in the socket, so that TCP holds the sender back.
    if (this.inbound.length === this.inbound.capacity) this.#socket.pause()
  }

  /** The read pump has room again. */
  readOn(): void {
    if (this.#socket.isPaused && this.inbound.length === 0) this.#socket.resume()
  }

  /** Whether one more frame is within the client's rate. Excess is answered; a client that goes on regardless is closed. */
  #isWithinRate(): boolean {
    if (this.#state !== 'open') return false
    if (this.#admitted.tryTake()) return true
    this.reply(errorFrame('rate_limited', undefined, { retryAfterMs: this.#admitted.waitMs }))
    if (!this.#excess.tryTake()) this.finish(CLOSE.rateLimited, 'too many messages')
    return false
  }

  // --- its messages on their way through the workers ----------------------------------------------------------------------

  messageStarted(): void {
    this.#messagesInWork++
  }

  messageEnded(): void {
    if (--this.#messagesInWork > 0) return
    this.#settled?.close()
    this.#settled = undefined
  }

  /** Waits until every message of this client has been delivered or refused. */
  async settled(options?: WaitOptions): Promise<void> {
    if (this.#messagesInWork === 0) return
    this.#settled ??= chan<never>()
    await this.#settled.receive(options)
  }

  // --- the end ------------------------------------------------------------------------------------------------------------

  /** Writes what is queued, then closes. */
  finish(code: number, reason: string): void {
    if (this.#state !== 'open') return
    this.#end('flushing', code, reason)
  }

  /** Closes as a slow consumer; what is queued is thrown away. */
  evict(): void {
    if (this.#state !== 'open') return
    this.#log.warn('evicted', {
      client: this.id,
      messages: this.#outbound.messages,
      bytes: this.#outbound.bytes,
    })
    this.#end('evicted', CLOSE.slowConsumer, 'slow consumer')
    // The write pump may wait on the stalled socket for ever: the close frame is queued right behind what it is writing.
    this.#socket.close(this.#close.code, this.#close.reason)
  }

  #end(state: 'flushing' | 'evicted', code: number, reason: string): void {
    this.#state = state
    this.#close = { code, reason }
    this.#closeChannels()
    this.#socket.resume()
    void go(async () => {
      const hit = await select({ gone: this.gone, late: after(this.#config.closeTimeoutMs) })
      if (hit.case === 'late') this.terminate()
    })
  }

  /** Cuts the connection. */
  terminate(): void {
    this.#socket.terminate()
  }

  #closed(code: number): void {
    const wasOpen = this.#state === 'open'
    this.#state = this.#state === 'evicted' ? 'evicted' : 'closed'
    if (wasOpen) this.#closeChannels()
    this.gone.close()
    this.#log.info('closed', { client: this.id, code })
  }

  #closeChannels(): void {
    this.inbound.close()
    this.#outbound.close()
  }

  // --- heartbeat ----------------------------------------------------------------------------------------------------------

  /** A goroutine that pings the client and cuts it when no pong comes in time. */
  async heartbeat(): Promise<void> {
    const pong = chan<void>(1)
    this.#socket.on('pong', () => pong.trySend())
    for (;;) {
      const pause = await select({ gone: this.gone, due: after(this.#config.pingIntervalMs) })
      if (pause.case === 'gone') return
      pong.tryReceive()
      this.#socket.ping()
      const hit = await select({ gone: this.gone, pong, late: after(this.#config.pongTimeoutMs) })
      if (hit.case === 'gone') return
      // A client that we do not read from at the moment cannot be heard.
      if (hit.case === 'late' && !this.#socket.isPaused) {
        this.#log.info('heartbeat_missed', { client: this.id })
        this.terminate()
        return
      }
    }
  }
}
