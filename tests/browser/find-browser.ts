import { existsSync } from 'node:fs'
import process from 'node:process'

const CANDIDATES = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]

/** Where Chromium is: what CHROMIUM names, or one of the usual places. */
export const findBrowser = (): string | undefined =>
  CANDIDATES.find((path): path is string => path !== undefined && existsSync(path))
