// Who may open a WebSocket, decided before the handshake is answered.

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Config } from './config.js'
import type { Connections } from './connections.js'

export const SOCKET_PATH = '/ws'

export interface Refusal {
  readonly status: '403 Forbidden' | '404 Not Found' | '429 Too Many Requests' | '503 Service Unavailable'
  readonly reason: string
}

/** Why `request` may not become a connection; undefined if it may. */
export function refusalOf(
  request: IncomingMessage,
  ip: string,
  connections: Connections,
  config: Config,
  isDraining: boolean,
): Refusal | undefined {
  if (pathOf(request) !== SOCKET_PATH) return { status: '404 Not Found', reason: 'path' }
  if (!isOriginAllowed(request, config)) return { status: '403 Forbidden', reason: 'origin' }
  if (isDraining) return { status: '503 Service Unavailable', reason: 'draining' }
  if (connections.count >= config.maxConnections) return { status: '503 Service Unavailable', reason: 'full' }
  if (connections.countOf(ip) >= config.maxConnectionsPerIp)
    return { status: '429 Too Many Requests', reason: 'per_ip' }
  return undefined
}

export function pathOf(request: IncomingMessage): string {
  const url = request.url ?? ''
  const end = url.indexOf('?')
  return end < 0 ? url : url.slice(0, end)
}

/**
 * Browsers say which site a WebSocket was opened from, and let any site open one to here: only pages of our own, or those on
 * the list, are to. Programs that are no browsers send no Origin, and could send any.
 */
function isOriginAllowed({ headers }: IncomingMessage, { allowedOrigins }: Config): boolean {
  const { origin, host } = headers
  if (origin === undefined) return true
  if (allowedOrigins) return allowedOrigins.has(origin)
  return URL.canParse(origin) && host !== undefined && new URL(origin).host === host.toLowerCase()
}

/** The address of the client. Behind a proxy that we trust, the one that it adds last to X-Forwarded-For. */
export function addressOf(request: IncomingMessage, { trustProxy }: Config): string {
  const forwarded = trustProxy === 'yes' ? request.headers['x-forwarded-for'] : undefined
  const last = (Array.isArray(forwarded) ? forwarded.join(',') : forwarded)?.split(',').at(-1)?.trim()
  return last || (request.socket.remoteAddress ?? 'unknown')
}

export function refuse(socket: Duplex, { status, reason }: Refusal): void {
  const body = `${reason}\n`
  socket.once('finish', () => socket.destroy())
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
}
