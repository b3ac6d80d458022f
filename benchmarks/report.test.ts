import { expect, test } from 'vitest'
import { verdicts } from './goals.js'
import { plot } from './plot.js'
import { cannotLine, figure, report, summary, table, withSummary } from './report.js'
import { newestMillrace, type Result, type Results } from './results.js'
import type { Scenario } from './scenario.js'
import { type ScenarioName, scenarios } from './scenarios.js'

const scenario: Scenario = { what: 'one thing', unit: 'ns', count: 100, base: 'go', threads: 1 }
const results: Result[] = [
  { contestant: 'millrace', way: 'plain await', values: [30, 10, 20], count: 100 },
  { contestant: 'go', way: '', values: [60, 20, 40], count: 100 },
  { contestant: 'effect', way: '', values: [6000, 2000, 4000], count: 5 },
  { contestant: 'postmessage', way: '', values: [], cannot: 'messages only' },
  { contestant: 'tinypool', way: '', values: [], cannot: 'runs tasks only' },
  { contestant: 'workerpool', way: '', values: [], cannot: 'runs tasks only' },
  { contestant: 'piscina', way: '', values: [1], failed: 'Error: no |\nthread' },
]

const load = { busy: 0.02, average: 0.1 }
const of = (scenariosMeasured: [ScenarioName, Result[]][]): Results => ({
  date: '2026-01-02T03:04:05.000Z',
  machine: {
    cpu: 'a processor',
    cores: 2,
    memoryGiB: 8,
    system: 'Linux',
    node: 'v20.0.0',
    v8: '11',
    commit: '0123456789abcdef',
  },
  load: { before: load, after: load },
  rounds: 3,
  quick: false,
  versions: { millrace: '1.0.0', 'millrace on node 26': '26.1.0', go: 'go1.26' },
  skipped: { 'millrace on bun': 'not installed' },
  scenarios: scenariosMeasured.map(([name, rows]) => ({ name, count: 100, results: rows })),
})

const chanSync: [ScenarioName, Result[]] = [
  'chan/sync',
  [...results, { contestant: 'millrace on node 26', way: 'plain await', values: [15, 5, 10], count: 100 }],
]

test('a figure has three digits that count, and thousands apart', () => {
  expect(figure(1.2345)).toBe('1.23')
  expect(figure(12.345)).toBe('12.3')
  expect(figure(123.45)).toBe('123')
  expect(figure(1234567.8)).toBe('1 234 568')
  expect(figure(0)).toBe('0')
  expect(figure(-0.5)).toBe('-0.500')
  expect(figure(Number.NaN)).toBe('NaN')
})

test('a table shows median, spread, ratio and operations, and who failed and why', () => {
  expect(table(scenario, results).split('\n')).toEqual([
    '|  | median, ns | min | max | × as good as go | operations |',
    '| --- | --: | --: | --: | --: | --: |',
    '| millrace: plain await | 20.0 | 10.0 | 30.0 | 2.00 | 100 |',
    '| go | 40.0 | 20.0 | 60.0 | 1.00 | 100 |',
    '| effect | 4 000 | 2 000 | 6 000 | 0.0100 | 5 |',
    '| piscina | failed: Error: no \\| thread |  |  |  |  |',
  ])
})

test('who cannot is told by the reason', () => {
  expect(cannotLine(results)).toBe(
    'Cannot: postmessage (messages only); tinypool, workerpool (runs tasks only).',
  )
  expect(cannotLine(results.slice(0, 2))).toBe('')
})

test('without its base a table has no ratios', () => {
  expect(table(scenario, results.slice(0, 1))).toContain('| 20.0 | 10.0 | 30.0 |  | 100 |')
})

test('targets are told by the newest Node, met or missed, or not measured', () => {
  const told = verdicts(of([chanSync]))
  expect(newestMillrace(of([]))).toBe('millrace on node 26')
  const core = told.find(({ goal }) => goal.startsWith('one thread, plain await'))!
  expect(core.isMet).toBe(true)
  expect(core.at).toMatch(/^4\.00 × \(without \d+ of \d+ that were not measured\)$/)
  const user = told.find(({ goal }) => goal.startsWith('one thread, as a user would'))!
  expect(user.isMet).toBe(true)
  expect(told.find(({ goal }) => goal.startsWith('ahead of every'))).toMatchObject({
    isMet: true,
    at: '1 rows',
  })
  expect(told.find(({ goal }) => goal.startsWith('import of core'))).toEqual({
    goal: 'import of core: at most 15 ms',
    at: 'not measured',
  })
})

const row = (contestant: string, way: string, value: number): Result => ({ contestant, way, values: [value] })

test('beside a target that is missed stands what the language takes alone, where that is known', () => {
  const rows = [row('go', '', 50), row('millrace on node 26', 'plain await', 125)]
  const floor = row('floor on node 26', 'queues and promises', 100)
  const told = verdicts(
    of([
      ['chan/sync', [...rows, floor]],
      ['chan/popular', rows],
    ]),
  )
  const core = told.find(({ goal }) => goal.startsWith('one thread, plain await'))!
  expect(core.isMet).toBe(false)
  expect(core.at).toMatch(
    /^0\.400 × .*; in 1 of these 2 it is known what the language takes alone: 0\.500 ×, and Millrace 0\.400 ×$/,
  )
})

test('a row in which a peer is ahead is named', () => {
  const rows = results.map(one => (one.contestant === 'effect' ? { ...one, values: [10, 10, 10] } : one))
  const ahead = verdicts(of([['chan/sync', rows]])).find(({ goal }) => goal.startsWith('ahead of every'))!
  expect(ahead).toMatchObject({ isMet: false, at: 'behind in 1 of 1: chan/sync (effect, 0.500 ×)' })
})

test('a peer of the newest Node is compared with Millrace there', () => {
  const rows = [
    row('millrace', '', 50),
    row('piscina', '', 60),
    row('millrace on node 26', '', 20),
    row('multithreading on node 26', '', 40),
  ]
  const told = (rows: Result[]) =>
    verdicts(of([['go/in-flight', rows]])).find(({ goal }) => goal.startsWith('ahead of every'))
  expect(told(rows)).toMatchObject({ isMet: true, at: '1 rows' })
  expect(told([...rows, row('thing-csp on node 26', '', 10)])).toMatchObject({
    isMet: false,
    at: 'behind in 1 of 1: go/in-flight (thing-csp on node 26, 0.500 ×)',
  })
})

test('a user does what is faster, waiting or trying first', () => {
  const newest = 'millrace on node 26'
  const rows = [row('go', '', 100), row(newest, 'try first', 80), row(newest, 'plain await', 40)]
  const user = verdicts(of([['chan/prod-cons-0', rows]])).find(({ goal }) => goal.includes('as a user would'))
  expect(user).toMatchObject({ isMet: true, at: expect.stringMatching(/^2\.50 ×/) })
})

test('cost that grows with the size is missed, and a flat one met', () => {
  const newest = 'millrace on node 26'
  const sizes = (contestant: string, values: number[]): Result[] =>
    values.map((value, i) => ({ contestant, way: String(10 ** i), values: [value] }))
  const told = verdicts(
    of([
      ['grow/channels', [...sizes(newest, [10, 11, 12]), ...sizes('millrace', [10, 11, 30])]],
      [
        'grow/waiters',
        [...sizes(newest, [10, 11, 30]), ...sizes('floor on node 26', [5, 5, 10]), ...sizes('go', [2, 3, 2])],
      ],
    ]),
  )
  expect(told.find(({ goal }) => goal.startsWith('grow/channels'))).toMatchObject({
    isMet: true,
    at: '1.20 ×',
  })
  const alone = (rows: Result[]) =>
    verdicts(of([['grow/waiters', rows]])).find(({ goal }) => goal.startsWith('grow/waiters'))
  expect(alone(sizes('millrace', [10, 11, 12]))).toMatchObject({ isMet: true, at: '1.20 ×' })
  const failed = { contestant: newest, way: '1000', values: [], failed: 'out of memory' }
  expect(alone([...sizes(newest, [10, 11]), failed])?.isMet).toBeUndefined()
  expect(told.find(({ goal }) => goal.startsWith('grow/waiters'))).toMatchObject({
    isMet: false,
    at: '3.00 ×; what the language takes alone 2.00 ×, Go 1.50 ×',
  })
})

test('the page says on what, what was left out, and every scenario', () => {
  const page = report(of([chanSync]))
  expect(page).toContain('2026-01-02T03:04:05.000Z, commit 0123456789abcdef.')
  expect(page).toContain('Not measured: millrace on bun (not installed).')
  expect(page).toContain('2 % busy')
  expect(page).toContain('## chan/sync')
  expect(page).toContain('Cannot: postmessage (messages only)')
  expect(page).not.toContain('loaded')
  expect(report({ ...of([]), load: { before: load, after: { busy: 0.5, average: 2 } } })).toContain(
    '**loaded, so trust the ratios only**',
  )
})

test('the summary has a line for each scenario, lost ones too, and takes its place in the README', () => {
  const lost: [ScenarioName, Result[]] = [
    'chan/ping-pong',
    [
      { contestant: 'millrace', way: 'plain await', values: [100] },
      { contestant: 'go', way: '', values: [10] },
    ],
  ]
  const text = summary(of([chanSync, lost]))
  expect(text).toContain('| chan/sync | ns | 20.0 | 10.0 | 40.0 | 4 000 (effect) | 4.00, 400 |')
  expect(text).toContain('| chan/ping-pong | ns | 100 |  | 10.0 |  | 0.100, – |')
  const readme = withSummary(
    'before\n<!-- benchmarks:begin -->\nold\n<!-- benchmarks:end -->\nafter\n',
    'new',
  )
  expect(readme).toBe('before\n<!-- benchmarks:begin -->\nnew\n<!-- benchmarks:end -->\nafter\n')
  expect(() => withSummary('nothing', 'new')).toThrow('the README has no')
})

test('the picture has a bar for each, with its figure, inside its frame', () => {
  const picture = plot(of([chanSync]))
  expect(picture).toMatch(/^<svg [\s\S]*<\/svg>\n$/)
  expect(picture).toContain('<title>chan/sync, plain await: 4.00 × Go</title>')
  expect(picture).toContain('<title>chan/sync, best JavaScript peer: 0.0100 × Go</title>')
  expect(picture).not.toContain('NaN')
  const right = Math.max(...[...picture.matchAll(/ x="([\d.]+)"/g)].map(match => Number(match[1])))
  expect(right).toBeLessThan(Number(/ width="(\d+)"/.exec(picture)![1]))
})

test('every scenario has a base that somebody may be', () => {
  for (const { base, count } of Object.values(scenarios)) {
    expect(base).toMatch(/^(go|piscina|postmessage|millrace)\b/)
    expect(count).toBeGreaterThan(0)
  }
})
