// The server: HTTP, the upgrade to WebSockets, and the order in which everything starts and ends.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { after, background, go, runtime, select, withCancel, withTimeout } from '@millrace/core'
import { WebSocketServer } from 'ws'
import { AddressCounts } from './address-counts.js'
import { addressOf, pathOf, refusalOf, refuse } from './admission.js'
import { Client } from './client.js'
import type { Config } from './config.js'
import { Connections } from './connections.js'
import { Hub } from './hub.js'
import type { Log } from './log.js'
import { loadPage, type Page, servePageFile, setSecurityHeaders } from './page.js'
import { processMessages, type Worker } from './processing.js'
import { CLOSE, encode } from './protocol.js'
import { readPump } from './read-pump.js'
import { Workers } from './workers.js'

/** An unfinished message may be in this many pieces, and come in this many reads. */
const MAX_FRAGMENTS = 64
const MAX_BUFFERED_CHUNKS = 1024
const MAX_HEADER_BYTES = 8192
/** TCP connections beside WebSockets: page loads, health checks, handshakes. */
const SPARE_CONNECTIONS = 1000
const SPARE_CONNECTIONS_PER_IP = 30
const RECONNECT_AFTER_MS = 500
const TERMINATE_MS = 500

/** Starts a chat server; resolves when it accepts connections. Rejects with the error of `listen` (EADDRINUSE, …). */
export async function startServer(
  config: Config,
  log: Log,
  worker: Worker = processMessages,
): Promise<ChatServer> {
  const server = new ChatServer(config, log, worker, await loadPage())
  await server.start()
  return server
}

export class ChatServer {
  readonly #config: Config
  readonly #log: Log
  readonly #page: Page
  readonly #hub: Hub
  readonly #workers: Workers
  readonly #connections = new Connections()
  readonly #http: Server
  readonly #sockets: WebSocketServer
  readonly #tcpPerIp = new AddressCounts()
  readonly #hubContext = withCancel(background())
  readonly #startedAt = performance.now()
  #connectionCount = 0
  #drained: Promise<void> | undefined

  constructor(config: Config, log: Log, worker: Worker, page: Page) {
    this.#config = config
    this.#log = log
    this.#page = page
    this.#hub = new Hub(config)
    this.#workers = new Workers(this.#hub.broadcast, {
      count: config.workers || runtime.numCPU(),
      queue: config.workerQueue,
      maxTextLength: config.maxTextLength,
      worker,
      log,
    })
    this.#http = createServer({
      headersTimeout: config.handshakeTimeoutMs,
      requestTimeout: config.handshakeTimeoutMs,
      keepAliveTimeout: config.handshakeTimeoutMs,
      connectionsCheckingInterval: Math.min(1000, config.handshakeTimeoutMs),
      maxHeaderSize: MAX_HEADER_BYTES,
    })
    // Connections that are not, or not yet, WebSockets are bounded too.
    this.#http.maxConnections = config.maxConnections + SPARE_CONNECTIONS
    this.#http.on('connection', socket => this.#onConnection(socket))
    this.#http.on('request', (request, response) => this.#onRequest(request, response))
    this.#http.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket, head))
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: config.maxPayloadBytes,
      maxFragments: MAX_FRAGMENTS,
      maxBufferedChunks: MAX_BUFFERED_CHUNKS,
    })
  }

  async start(): Promise<void> {
    await this.#listen()
    const [ctx] = this.#hubContext
    void go(() => this.#hub.run(ctx))
    await this.#workers.start()
    this.#log.info('listening', { url: this.url, workers: this.#workers.count })
  }

  #listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#http.once('error', reject)
      this.#http.listen(this.#config.port, this.#config.host, () => {
        this.#http.off('error', reject)
        this.#http.on('error', error => this.#log.error('http_error', { error: String(error) }))
        resolve()
      })
    })
  }

  get url(): string {
    const { address, family, port } = this.#http.address() as AddressInfo
    if (['127.0.0.1', '::1', '0.0.0.0', '::'].includes(address)) return `http://localhost:${port}`
    return family === 'IPv6' ? `http://[${address}]:${port}` : `http://${address}:${port}`
  }

  /** One address must not take all the connections that have not said yet what they want. A proxy is many clients. */
  #onConnection(socket: Socket): void {
    const { remoteAddress } = socket
    if (remoteAddress === undefined || this.#config.trustProxy === 'yes') return
    if (this.#tcpPerIp.of(remoteAddress) >= this.#config.maxConnectionsPerIp + SPARE_CONNECTIONS_PER_IP) {
      socket.destroy()
      return
    }
    this.#tcpPerIp.add(remoteAddress)
    socket.once('close', () => this.#tcpPerIp.delete(remoteAddress))
  }

  // --- HTTP ---------------------------------------------------------------------------------------------------------------

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    setSecurityHeaders(request, response)
    const path = pathOf(request)
    const file = this.#page.get(path)
    if (!file && path !== '/healthz') {
      answer(response, 404, 'Not found\n')
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD')
      answer(response, 405, 'Method not allowed\n')
    } else if (file) servePageFile(file, request, response)
    else this.#answerHealth(response)
  }

  #answerHealth(response: ServerResponse): void {
    const { mode, threads } = runtime.stats()
    const health = {
      status: this.#drained ? 'draining' : 'ok',
      uptimeSeconds: Math.round((performance.now() - this.#startedAt) / 100) / 10,
      clients: this.#connections.count,
      ...this.#hub.stats,
      threads: { mode, ...threads },
      workers: { count: this.#workers.count, restarts: this.#workers.restarts },
    }
    response.setHeader('Cache-Control', 'no-store')
    answer(response, this.#drained ? 503 : 200, `${JSON.stringify(health)}\n`, 'application/json')
  }

  // --- WebSockets ---------------------------------------------------------------------------------------------------------

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Until ws takes the socket over nobody else listens, and an error would end the process.
    const onError = (): void => void socket.destroy()
    socket.on('error', onError)
    const ip = addressOf(request, this.#config)
    const refusal = refusalOf(request, ip, this.#connections, this.#config, this.#drained !== undefined)
    if (refusal) {
      this.#log.info('refused', { reason: refusal.reason, ip })
      refuse(socket, refusal)
      return
    }
    this.#sockets.handleUpgrade(request, socket, head, websocket => {
      socket.off('error', onError)
      // The client has to listen before the socket's next event; its goroutines may start later.
      const client = new Client(`c${++this.#connectionCount}`, ip, websocket, this.#config, this.#log)
      this.#connections.add(client)
      this.#log.info('opened', { client: client.id, ip })
      void go(() => this.#serve(client))
    })
  }

  /** The goroutine of a connection: starts its pumps, and cleans up once they have ended. */
  async #serve(client: Client): Promise<void> {
    const writer = go(() => client.writePump())
    void go(() => client.heartbeat())
    void go(() => this.#awaitHello(client))
    try {
      await readPump(client, {
        hub: this.#hub,
        workers: this.#workers,
        isDraining: () => this.#drained !== undefined,
        queueMessages: this.#config.queueMessages,
      })
    } catch (error) {
      this.#log.error('read_pump_failed', { client: client.id, error: String(error) })
      client.finish(CLOSE.internalError, 'internal error')
    }
    await client.settled()
    await this.#hub.unregister.send(client)
    await writer
    await client.gone.receive()
    this.#connections.delete(client)
  }

  async #awaitHello(client: Client): Promise<void> {
    const hit = await select({ gone: client.gone, late: after(this.#config.helloTimeoutMs) })
    if (hit.case === 'late' && !client.user) client.finish(CLOSE.policy, 'no hello')
  }

  // --- the end ------------------------------------------------------------------------------------------------------------

  /**
   * Ends the server in order: nothing new is taken on, messages on their way are delivered, every client is told when to
   * reconnect and is closed with what is queued for it written. What takes longer than the deadline is cut.
   */
  drain(): Promise<void> {
    this.#drained ??= this.#drain()
    return this.#drained
  }

  async #drain(): Promise<void> {
    await undefined // so that #drained is set: from here on nothing new is taken on
    this.#log.info('draining', { clients: this.#connections.count })
    const [deadline, cancel] = withTimeout(background(), this.#config.drainTimeoutMs)
    try {
      await Promise.all([...this.#connections].map(client => client.settled(deadline)))
      for (const client of this.#connections) {
        const afterMs = RECONNECT_AFTER_MS + Math.floor(Math.random() * this.#config.reconnectSpreadMs)
        client.deliver(encode({ t: 'reconnect', afterMs }))
        client.finish(CLOSE.goingAway, 'the server is restarting')
      }
      await this.#connections.empty(deadline)
    } catch (error) {
      if (!deadline.err()) throw error
      this.#log.warn('drain_deadline', { clients: this.#connections.count })
      for (const client of this.#connections) client.terminate()
      // A goroutine that waits for a stuck worker never ends; the process does.
      const [soon] = withTimeout(background(), TERMINATE_MS)
      await this.#connections.empty(soon).catch(() => {})
    }
    cancel()
    this.#workers.close()
    const [, stopHub] = this.#hubContext
    stopHub()
    await new Promise(resolve => {
      this.#http.close(resolve)
      this.#http.closeAllConnections()
    })
    this.#log.info('drained')
  }
}

function answer(
  response: ServerResponse,
  status: number,
  body: string,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}
