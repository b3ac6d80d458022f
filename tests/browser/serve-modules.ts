import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

// The built files as they are, for browsers: a module is a file, and only the names of packages in its imports become paths, as a
// bundler's development server does it. (An import map would do it for a page; workers have none.)

export const root = fileURLToPath(
  new URL(import.meta.url.includes('/dist/') ? '../../..' : '../..', import.meta.url),
)

const packages: Record<string, string> = {
  '@millrace/core': '/packages/core/dist/index.js',
  '@millrace/kernel': '/packages/kernel/dist/web.js',
  '@millrace/sync': '/packages/sync/dist/index.js',
  '@millrace/errgroup': '/packages/errgroup/dist/index.js',
  '@millrace/patterns': '/packages/patterns/dist/index.js',
}

const IMPORT = /(\bfrom\s*|\bimport\s*\(?\s*)(['"])([@\w][^'"]*)\2/g

const withPaths = (source: string): string =>
  source.replace(IMPORT, (whole, before, quote, name) =>
    packages[name] === undefined ? whole : `${before}${quote}${packages[name]}${quote}`,
  )

const ISOLATED = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

export interface Served {
  readonly url: string
  close(): Promise<void>
}

/** Pages of the tests' own, by their path. */
export type Pages = Record<string, string>

/** Serves the files under `folder` and `pages`, with or without the headers that make a page cross-origin isolated. */
export async function serveModules(folder: string, pages: Pages, isolated: boolean): Promise<Served> {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url!, 'http://localhost')
    const headers = { 'Cache-Control': 'no-store', ...(isolated ? ISOLATED : {}) }
    const page = pages[pathname]
    if (page !== undefined) {
      response.writeHead(200, { 'Content-Type': 'text/html', ...headers }).end(page)
      return
    }
    try {
      const file = normalize(join(folder, decodeURIComponent(pathname)))
      if (!file.startsWith(folder.endsWith(sep) ? folder : folder + sep) || extname(file) !== '.js')
        throw new Error('not to be had')
      const source = withPaths(await readFile(file, 'utf8'))
      response.writeHead(200, { 'Content-Type': 'text/javascript', ...headers }).end(source)
    } catch {
      response.writeHead(404, headers).end()
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
