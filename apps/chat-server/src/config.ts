// Configuration comes from the environment, once, at the start. Every variable is listed in VARIABLES; the README's table is
// checked against it by a test.

/** A variable that does not hold what it should. Its message names every one that is wrong. */
export class ConfigError extends Error {
  readonly code = 'ERR_CHAT_CONFIG'
  override readonly name = 'ConfigError'
}

type Parse<T> = (text: string) => T

interface Variable<T> {
  readonly name: string
  readonly fallback: T
  /** @throws {Error} with what is expected, as the end of a sentence. */
  readonly parse: Parse<T>
}

function whole(name: string, fallback: number, minimum: number, maximum: number): Variable<number> {
  return {
    name,
    fallback,
    parse(text) {
      const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
      if (value >= minimum && value <= maximum) return value
      throw new Error(`a whole number from ${minimum} to ${maximum}`)
    },
  }
}

function oneOf<T extends string>(name: string, fallback: T, ...values: T[]): Variable<T> {
  return {
    name,
    fallback,
    parse(text) {
      const value = values.find(candidate => candidate === text)
      if (value !== undefined) return value
      throw new Error(`one of ${values.join(', ')}`)
    },
  }
}

const HOST: Variable<string> = {
  name: 'HOST',
  fallback: '127.0.0.1',
  parse(text) {
    if (/^[\w.:%-]+$/.test(text)) return text
    throw new Error('a host name or an IP address, like 127.0.0.1, 0.0.0.0 or ::')
  },
}

const ALLOWED_ORIGINS: Variable<ReadonlySet<string> | undefined> = {
  name: 'ALLOWED_ORIGINS',
  fallback: undefined,
  parse(text) {
    const origins = text.split(',').map(origin => origin.trim())
    for (const origin of origins) {
      if (!/^https?:\/\//.test(origin) || !URL.canParse(origin) || new URL(origin).origin !== origin) {
        throw new Error(
          `a list of origins like https://chat.example.org,http://localhost:8080 (not ${JSON.stringify(origin)})`,
        )
      }
    }
    return new Set(origins)
  },
}

const DAY_MS = 86_400_000
const MIB = 1_048_576

export const VARIABLES = {
  port: whole('PORT', 8080, 0, 65_535),
  host: HOST,
  allowedOrigins: ALLOWED_ORIGINS,
  trustProxy: oneOf('TRUST_PROXY', 'no', 'no', 'yes'),
  logLevel: oneOf('LOG_LEVEL', 'info', 'debug', 'info', 'warn', 'error', 'silent'),

  workers: whole('WORKERS', 0, 0, 64),
  workerQueue: whole('WORKER_QUEUE', 256, 1, 65_536),

  maxConnections: whole('MAX_CONNECTIONS', 10_000, 1, 1_000_000),
  maxConnectionsPerIp: whole('MAX_CONNECTIONS_PER_IP', 100, 1, 1_000_000),
  maxRooms: whole('MAX_ROOMS', 1000, 1, 1_000_000),
  maxRoomsPerClient: whole('MAX_ROOMS_PER_CLIENT', 20, 1, 1000),
  maxPayloadBytes: whole('MAX_PAYLOAD_BYTES', 16_384, 256, MIB),
  maxTextLength: whole('MAX_TEXT_LENGTH', 2000, 1, 100_000),
  queueMessages: whole('QUEUE_MESSAGES', 256, 1, 65_536),
  queueBytes: whole('QUEUE_BYTES', MIB, 1024, 64 * MIB),
  ratePerSecond: whole('RATE_PER_SECOND', 10, 1, 100_000),
  rateBurst: whole('RATE_BURST', 20, 1, 100_000),
  rateExcess: whole('RATE_EXCESS', 20, 1, 100_000),

  handshakeTimeoutMs: whole('HANDSHAKE_TIMEOUT_MS', 5000, 100, DAY_MS),
  helloTimeoutMs: whole('HELLO_TIMEOUT_MS', 5000, 100, DAY_MS),
  pingIntervalMs: whole('PING_INTERVAL_MS', 25_000, 50, DAY_MS),
  pongTimeoutMs: whole('PONG_TIMEOUT_MS', 10_000, 50, DAY_MS),
  closeTimeoutMs: whole('CLOSE_TIMEOUT_MS', 5000, 50, DAY_MS),
  drainTimeoutMs: whole('DRAIN_TIMEOUT_MS', 10_000, 100, DAY_MS),
  reconnectSpreadMs: whole('RECONNECT_SPREAD_MS', 5000, 0, DAY_MS),
  nameHoldMs: whole('NAME_HOLD_MS', 60_000, 0, DAY_MS),
} satisfies Record<string, Variable<unknown>>

export type Config = {
  readonly [K in keyof typeof VARIABLES]: (typeof VARIABLES)[K]['fallback']
}

/** The configuration in `env`: what is unset or empty has its default. @throws {ConfigError} naming every wrong variable. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = []
  const config: Record<string, unknown> = {}
  for (const [key, { name, fallback, parse }] of Object.entries(VARIABLES)) {
    const text = env[name]?.trim()
    try {
      config[key] = text ? parse(text) : fallback
    } catch (error) {
      problems.push(`${name} must be ${(error as Error).message}, got ${JSON.stringify(text)}`)
    }
  }
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))
  return config as Config
}
