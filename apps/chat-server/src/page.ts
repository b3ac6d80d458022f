// The page and its files: read once, served from memory, from nothing but a fixed list.

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'

interface PageFile {
  readonly type: string
  readonly body: Buffer
  readonly etag: string
}

const FILES: readonly [path: string, file: string, type: string][] = [
  ['/', 'index.html', 'text/html; charset=utf-8'],
  ['/style.css', 'style.css', 'text/css; charset=utf-8'],
  ['/client.js', 'client.js', 'text/javascript; charset=utf-8'],
  ['/connection.js', 'connection.js', 'text/javascript; charset=utf-8'],
  ['/identity.js', 'identity.js', 'text/javascript; charset=utf-8'],
  ['/view.js', 'view.js', 'text/javascript; charset=utf-8'],
  ['/icon.svg', 'icon.svg', 'image/svg+xml'],
]

export type Page = ReadonlyMap<string, PageFile>

export async function loadPage(): Promise<Page> {
  const entries = FILES.map(async ([path, file, type]): Promise<[string, PageFile]> => {
    const body = await readFile(new URL(`./public/${file}`, import.meta.url))
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
    return [path, { type, body, etag }]
  })
  return new Map(await Promise.all(entries))
}

/** Answers a GET or HEAD for one of the page's files. */
export function servePageFile(file: PageFile, request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('ETag', file.etag)
  response.setHeader('Cache-Control', 'no-cache')
  if (request.headers['if-none-match'] === file.etag) {
    response.writeHead(304).end()
    return
  }
  response.writeHead(200, { 'Content-Type': file.type, 'Content-Length': file.body.length })
  response.end(request.method === 'HEAD' ? undefined : file.body)
}

/** The headers of every answer. Scripts and styles come from here only, and nothing may frame the page. */
export function setSecurityHeaders(request: IncomingMessage, response: ServerResponse): void {
  // 'self' covers the WebSocket in current browsers; older ones want it spelled out.
  const host = request.headers.host ?? ''
  const sockets = /^[\w.:[\]-]{1,255}$/.test(host) ? ` ws://${host} wss://${host}` : ''
  response.setHeader(
    'Content-Security-Policy',
    `default-src 'self'; connect-src 'self'${sockets}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
  )
  response.setHeader('X-Content-Type-Options', 'nosniff')
  response.setHeader('X-Frame-Options', 'DENY')
  response.setHeader('Referrer-Policy', 'no-referrer')
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin')
}
