// The chat server with a worker that ends its whole thread when somebody says "crash".

import { chan, main, parallel } from '@millrace/core'
import { readConfig } from '../dist/config.js'
import { jsonLog } from '../dist/log.js'
import { processText } from '../dist/processing.js'
import { startServer } from '../dist/server.js'

export const crashingWorker = parallel(
  import.meta.url,
  async function crashingWorker(jobs, outcomes, maxTextLength) {
    for await (const { id, text } of jobs) {
      if (text === 'crash') process.exit(1)
      if (text === 'throw') throw new Error('a bug in the worker')
      await outcomes.send({ id, ...processText(text ?? '', maxTextLength) })
    }
  },
)

main(async () => {
  const config = readConfig(process.env)
  const signals = chan(1)
  process.on('SIGTERM', () => signals.trySend('SIGTERM'))
  const server = await startServer(config, jsonLog('info'), crashingWorker)
  await signals.receive()
  await server.drain()
})
