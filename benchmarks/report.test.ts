import { expect, test } from 'vitest'
import { figure, type Result, type Results, report, table, verdict } from './report.js'
import type { Scenario } from './scenarios.js'

const scenario: Scenario = { what: 'one thing', unit: 'ns', count: 100, base: 'go' }
const results: Result[] = [
  { contestant: 'millrace', way: 'plain await', values: [30, 10, 20] },
  { contestant: 'go', way: '', values: [60, 20, 40] },
  { contestant: 'postmessage', way: '', values: [], cannot: true },
  { contestant: 'piscina', way: '', values: [1], failed: 'Error: no |\nthread' },
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

test('a table shows median, spread and ratio, who cannot, and who failed and why', () => {
  expect(table(scenario, results).split('\n')).toEqual([
    '|  | median, ns | min | max | × as good as go |',
    '| --- | --: | --: | --: | --: |',
    '| millrace: plain await | 20.0 | 10.0 | 30.0 | 2.00 |',
    '| go | 40.0 | 20.0 | 60.0 | 1.00 |',
    '| postmessage | cannot |  |  |  |',
    '| piscina | failed: Error: no \\| thread |  |  |  |',
  ])
})

test('without its base a table has no ratios', () => {
  expect(table(scenario, results.slice(0, 1)).split('\n')[2]).toBe(
    '| millrace: plain await | 20.0 | 10.0 | 30.0 |  |',
  )
})

test('a target is met, missed or not measured', () => {
  const name = 'millrace: plain await'
  expect(verdict({ result: name, atMost: 20 }, results, 'ns')).toContain('met, at 20.0')
  expect(verdict({ result: name, atMost: 19 }, results, 'ns')).toContain('missed, at 20.0')
  expect(verdict({ result: name, times: 2, against: 'go' }, results, 'ns')).toContain('met, at 2.00 ×')
  expect(verdict({ result: name, times: 2.1, against: 'go' }, results, 'ns')).toContain('missed, at 2.00 ×')
  expect(verdict({ result: name, times: 2, against: 'postmessage' }, results, 'ns')).toContain('not measured')
  expect(verdict({ result: 'somebody else', atMost: 1 }, results, 'ns')).toContain('not measured')
})

test('a report names machine, commit and versions, what was skipped, and that the machine was loaded', () => {
  const load = { busy: 0.5, average: 2 }
  const all: Results = {
    date: '2024-01-01',
    machine: { cpu: 'a cpu', cores: 2, memoryGiB: 8, system: 'Linux', node: 'v20', v8: '11', commit: 'abc' },
    load: { before: load, after: { busy: 0, average: 0 } },
    rounds: 5,
    quick: false,
    versions: { millrace: '0.0.0' },
    skipped: { go: 'there is no go on the PATH' },
    scenarios: [{ name: 'go/fan-out', count: 100, results: [] }],
  }
  const page = report(all)
  for (const text of [
    'commit abc',
    'a cpu, 2 cores',
    'millrace 0.0.0',
    'Not measured: go (there is no go',
    '**loaded',
    '## go/fan-out',
  ])
    expect(page).toContain(text)
})
