import { describe, expect, test } from 'vitest'
import { type EndedLaws, lawsOf, PROGRAM_MS } from '../hosts/host-laws.js'
import type { RunName } from '../laws/suites.js'
import { root, serveModules } from './serve-modules.js'
import { executablePath, noBrowser, pageOf, visit } from './visit.js'

// All laws in a page: with the headers that give it shared memory there are threads, without them there is one.

const pages = {
  '/laws': pageOf('/tests/dist/hosts/run-laws.js'),
  '/program': pageOf('/tests/dist/browser/program.js'),
}

async function lawsInPage(
  run: RunName,
  isolated: boolean,
  onLine: (line: string) => void,
): Promise<EndedLaws> {
  const last = JSON.stringify({ end: true })
  const path = `/laws?${encodeURIComponent(run)}`
  const { lines, complaints } = await visit(
    serveModules(root, pages, isolated),
    path,
    last,
    PROGRAM_MS,
    onLine,
  )
  return { code: lines.at(-1) === last ? 0 : undefined, stderr: complaints.join('\n') }
}

const program = (isolated: boolean) => visit(serveModules(root, pages, isolated), '/program', 'end', 20_000)

if (!executablePath) noBrowser('laws, in a page,')
else {
  describe('laws in a page that is cross-origin isolated', () => {
    lawsOf(onLine => lawsInPage('usual', true, onLine), 'usual')
  })

  describe('laws in a page that is cross-origin isolated, where one thread is asked for', () => {
    lawsOf(onLine => lawsInPage('one thread, asked for', true, onLine), 'one thread, asked for')
  })

  describe('laws in a page that is not cross-origin isolated', () => {
    lawsOf(onLine => lawsInPage('one thread', false, onLine), 'one thread')
  })

  test('in a page that is cross-origin isolated a goroutine computes on a worker, and the page goes on', async () => {
    const { lines, complaints } = await program(true)
    expect(complaints).toEqual([])
    expect(lines).toEqual(['threads', 'on another thread', 'the page went on', '0 1 4 9 16 25', '1 2', 'end'])
  })

  test('in any other page it computes here, and one warning names the headers', async () => {
    const { lines, complaints } = await program(false)
    expect(lines).toEqual(['single-thread', 'on this thread', '0 1 4 9 16 25', '1 2', 'end'])
    expect(complaints).toHaveLength(1)
    expect(complaints[0]).toContain('Cross-Origin-Opener-Policy: same-origin')
    expect(complaints[0]).toContain('Cross-Origin-Embedder-Policy: require-corp')
  })
}
