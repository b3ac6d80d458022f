// The environment that the tools of this project run in.

import { delimiter, dirname, join } from 'node:path'
import { root } from './packages.mjs'

/** Changes `process.env`, which every tool started from here inherits. */
export function prepareEnvironment() {
  const { env } = process
  // turbo looks for `pnpm` on the path, and what it starts shall run on this very Node.
  env.PATH = [join(root, 'node_modules', '.bin'), dirname(process.execPath), env.PATH].join(delimiter)

  // The tools work for this project; they report to nobody and advertise nothing.
  env.TURBO_TELEMETRY_DISABLED = '1'
  env.TURBO_NO_UPDATE_NOTIFIER = '1'
  env.DO_NOT_TRACK = '1'
  env.NO_UPDATE_NOTIFIER = '1'
  env.npm_config_update_notifier = 'false'

  // Colours are for people: a log or another program gets plain text.
  if (env.CI || !process.stdout.isTTY) {
    env.NO_COLOR = '1'
    delete env.FORCE_COLOR
  }
}
