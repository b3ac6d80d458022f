import { type Browser, chromium } from 'playwright-core'
import { afterAll } from 'vitest'
import { notFound } from '../hosts/host-laws.js'
import { findBrowser } from './find-browser.js'
import type { Served } from './serve-modules.js'

/** What Chromium needs to be told on machines without a screen. */
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking']

export const executablePath = findBrowser()

/** Reports `what` where there is no browser. */
export const noBrowser = (what: string): void =>
  notFound('Chromium', what, 'install it, or set CHROMIUM to its path')

let launched: Promise<Browser> | undefined

const browser = (): Promise<Browser> => {
  launched ??= chromium.launch({ executablePath: executablePath!, args: ARGS })
  return launched
}

afterAll(async () => (await launched)?.close())

/** A page that runs a program. */
export const pageOf = (program: string): string =>
  `<!doctype html><link rel="icon" href="data:,"><script type="module" src="${program}"></script>`

export interface Visit {
  /** What the page has logged. */
  readonly lines: string[]
  /** What it complained about: warnings and errors. */
  readonly complaints: string[]
}

/** Opens a page and waits until it has logged `last`, or fails in some other way. Closes the server, too. */
export async function visit(
  server: Promise<Served>,
  path: string,
  last: string,
  timeoutMs: number,
  onLine: (line: string) => void = () => {},
): Promise<Visit> {
  const served = await server
  const context = await (await browser()).newContext()
  const seen: Visit = { lines: [], complaints: [] }
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    const page = await context.newPage()
    await new Promise<void>((resolve, reject) => {
      const give = (up: string) => {
        seen.complaints.push(up)
        resolve()
      }
      timer = setTimeout(() => give('its time was over before its end'), timeoutMs)
      page.on('crash', () => give('it crashed'))
      page.on('pageerror', error => {
        if (seen.lines.length === 0) give(`it did not begin: ${error}`)
        else seen.complaints.push(String(error))
      })
      page.on('console', message => {
        const text = message.text()
        if (message.type() !== 'log') {
          seen.complaints.push(text)
          return
        }
        seen.lines.push(text)
        onLine(text)
        if (text === last) resolve()
      })
      page.goto(served.url + path).catch(reject)
    })
  } finally {
    clearTimeout(timer)
    await context.close()
    await served.close()
  }
  return seen
}
