// The program: configuration in, address out, and two signals: the first drains, the second ends at once.

import { constants } from 'node:os'
import { chan, go, main } from '@millrace/core'
import { ConfigError, readConfig } from './config.js'
import { jsonLog } from './log.js'
import { type ChatServer, startServer } from './server.js'

/** How long the process may take to end by itself once it has nothing left to do. */
const EXIT_MS = 1000

main(async () => {
  const signals = chan<NodeJS.Signals>(2)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => signals.trySend(signal))

  const server = await start()
  console.log(`Millrace chat: ${server.url} (Ctrl-C to stop)`)

  await signals.receive()
  void go(async () => {
    const second = await signals.receive()
    if (second) process.exit(128 + constants.signals[second])
  })
  await server.drain()
  setTimeout(() => process.exit(0), EXIT_MS).unref()
})

async function start(): Promise<ChatServer> {
  try {
    const config = readConfig(process.env)
    return await startServer(config, jsonLog(config.logLevel))
  } catch (error) {
    console.error(explain(error))
    process.exit(1)
  }
}

function explain(error: unknown): string {
  if (error instanceof ConfigError) return `The configuration is wrong.\n${error.message}`
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number }
  if (code === 'EADDRINUSE')
    return `Port ${port} of ${address} is in use. Stop what uses it, or set PORT to another one.`
  if (code === 'EACCES') return `Port ${port} may not be used by this user. Set PORT to one above 1023.`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `HOST is not an address of this machine: ${address ?? (error as Error).message}`
  return `The server could not start: ${String(error)}`
}
