import { chan } from '@millrace/core'
import type { Client } from './client.js'
import type { Hub } from './hub.js'
import {
  CLOSE,
  type ClientFrame,
  errorFrame,
  isGarbage,
  ProtocolError,
  parseClientFrame,
} from './protocol.js'
import { turns } from './turns.js'
import type { Workers } from './workers.js'

export interface Routes {
  readonly hub: Hub
  readonly workers: Workers
  /** No more is taken on: the server is about to end. */
  readonly isDraining: () => boolean
  /** What the queue of a client holds: what it says is answered there. */
  readonly queueMessages: number
}

/** Frames in a row that make no sense, after which a connection is closed. */
const MAX_GARBAGE_COUNT = 5

/**
 * The read pump: a goroutine that takes what a client says, frame after frame, and hands it to whom it concerns. Where that
 * has to wait, the client's frames wait in `inbound`, and then in its socket.
 */
export async function readPump(client: Client, routes: Routes): Promise<void> {
  let garbageCount = 0
  const turn = turns(routes.queueMessages)
  for await (const text of client.inbound) {
    if (!client.isOpen) return
    client.readOn()
    try {
      const frame = parseClientFrame(text)
      garbageCount = 0
      await handle(client, frame, routes)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      client.reply(errorFrame(error.code, error.ref, { message: error.message }))
      if (isGarbage(error.code) && ++garbageCount === MAX_GARBAGE_COUNT)
        client.finish(CLOSE.policy, 'not this protocol')
    }
    await turn()
  }
}

async function handle(
  client: Client,
  frame: ClientFrame,
  { hub, workers, isDraining }: Routes,
): Promise<void> {
  if (frame.t === 'ping') {
    client.reply({ t: 'pong', ...(frame.id !== undefined && { ref: frame.id }) })
    return
  }
  if (isDraining()) throw new ProtocolError('draining', frame.id)
  if (frame.t === 'hello') {
    const reply = chan<void>(1)
    await hub.register.send({ client, hello: frame, reply })
    await reply.receive()
    return
  }
  if (!client.user) throw new ProtocolError('hello_first', frame.id)
  if (frame.t === 'message') {
    await workers.submit({ client, ref: frame.id, to: frame.to }, frame.text)
    return
  }
  // A message that was sent before leaving is still said.
  if (frame.t === 'leave') await client.settled()
  await hub.membership.send({ client, frame })
}
