import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, describe, expect, test } from 'vitest'
import { type EndedLaws, lawsOf, notFound, PROGRAM_MS } from '../hosts/host-laws.js'
import type { RunName } from '../laws/suites.js'
import { browserArgs, findBrowser } from './find-browser.js'
import { root, serveModules } from './serve-modules.js'

// All laws in a page: with the headers that give it shared memory there are threads, without them there is one.

const executablePath = findBrowser()

let launched: Promise<Browser> | undefined
const browser = (): Promise<Browser> => {
  launched ??= chromium.launch({ executablePath: executablePath!, args: browserArgs })
  return launched
}
afterAll(async () => (await launched)?.close())

const withProgram = (program: string): string =>
  `<!doctype html><link rel="icon" href="data:,"><script type="module" src="${program}"></script>`

const pages = {
  '/laws': withProgram('/tests/dist/hosts/run-laws.js'),
  '/program': withProgram('/tests/dist/browser/program.js'),
}

interface Visit {
  readonly lines: string[]
  /** What the page complained about. */
  readonly complaints: string[]
}

/** Opens a page; answers when it has printed `last`, or its time is over. */
async function visit(
  path: string,
  isolated: boolean,
  last: string,
  onLine = (_: string) => {},
): Promise<Visit> {
  const served = await serveModules(root, pages, isolated)
  const context = await (await browser()).newContext()
  const visited: Visit = { lines: [], complaints: [] }
  const complain = (page: Page): void => {
    page.on('pageerror', error => visited.complaints.push(String(error)))
    page.on('crash', () => visited.complaints.push('the page crashed'))
  }
  try {
    const page = await context.newPage()
    complain(page)
    let timer: ReturnType<typeof setTimeout> | undefined
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => {
        visited.complaints.push('it was not at the end when its time was over')
        resolve()
      }, PROGRAM_MS)
      page.on('console', message => {
        const text = message.text()
        if (message.type() !== 'log') {
          visited.complaints.push(text)
          return
        }
        visited.lines.push(text)
        onLine(text)
        if (text === last) resolve()
      })
      page.goto(served.url + path).catch(reject)
    }).finally(() => clearTimeout(timer))
  } finally {
    await context.close()
    await served.close()
  }
  return visited
}

async function lawsInPage(
  run: RunName,
  isolated: boolean,
  onLine: (line: string) => void,
): Promise<EndedLaws> {
  const last = JSON.stringify({ end: true })
  const { lines, complaints } = await visit(`/laws?${encodeURIComponent(run)}`, isolated, last, onLine)
  return { code: lines.at(-1) === last ? 0 : undefined, stderr: complaints.join('\n') }
}

if (!executablePath) notFound('Chromium', 'laws, in a page,')
else {
  describe('laws in a page that is cross-origin isolated', () => {
    lawsOf(onLine => lawsInPage('usual', true, onLine), 'usual')
  })

  describe('laws in a page that is not cross-origin isolated', () => {
    lawsOf(onLine => lawsInPage('one thread', false, onLine), 'one thread')
  })

  test('in a page that is cross-origin isolated a goroutine computes on a worker, and the page goes on', async () => {
    const { lines, complaints } = await visit('/program', true, 'end')
    expect(complaints).toEqual([])
    expect(lines).toEqual(['threads', 'on another thread', 'the page went on', '0 1 4 9 16 25', 'end'])
  })

  test('in any other page it computes here, and one warning names the headers', async () => {
    const { lines, complaints } = await visit('/program', false, 'end')
    expect(lines).toEqual(['single-thread', 'on this thread', '0 1 4 9 16 25', 'end'])
    expect(complaints).toHaveLength(1)
    expect(complaints[0]).toContain('Cross-Origin-Opener-Policy: same-origin')
    expect(complaints[0]).toContain('Cross-Origin-Embedder-Policy: require-corp')
  })
}
