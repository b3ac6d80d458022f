import { createRequire } from 'node:module'
import { parentPort } from 'node:worker_threads'
import { type Endpoint, expose } from 'comlink'

// Not among what the package says it exports, so types do not find it.
export const nodeEndpoint = createRequire(import.meta.url)('comlink/dist/umd/node-adapter.js') as (
  port: unknown,
) => Endpoint

if (parentPort) expose({ empty: () => {} }, nodeEndpoint(parentPort))
