// One JSON object a line. What users write never goes in here: fields are ids, codes, counts and durations.

const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LEVELS)[number]
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>
type Write = (event: string, fields?: LogFields) => void

export interface Log {
  readonly debug: Write
  readonly info: Write
  readonly warn: Write
  readonly error: Write
}

/** Logs events of `level` and above, as lines to `write`: standard error by default. */
export function jsonLog(level: LogLevel, write = (line: string): unknown => process.stderr.write(line)): Log {
  const lowest = LEVELS.indexOf(level)
  const at = (name: LogLevel): Write =>
    LEVELS.indexOf(name) < lowest
      ? () => {}
      : (event, fields) => {
          write(`${JSON.stringify({ time: new Date().toISOString(), level: name, event, ...fields })}\n`)
        }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
