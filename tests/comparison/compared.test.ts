import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { comparedPage, ownRows } from '../dist/comparison/page.js'

test('Millrace does what the comparison is about', { timeout: 60_000 }, async () => {
  expect(Object.values(await ownRows())).toEqual([
    '1 reaches it, 99 rejected at once',
    'nothing',
    'nothing',
    'the next gets through',
    'does not count: still half-open',
    'yes',
    'told at once, with the reason; never runs',
    '1 while they wait, 0 afterwards',
    'at once, with the reason',
    '1 while they wait, 0 afterwards',
    '10',
    '1',
  ])
})

test('docs/patterns/compared.md is what a run gives (node tests/dist/comparison/run.js)', {
  timeout: 120_000,
}, async () => {
  const page = readFileSync(new URL('../../docs/patterns/compared.md', import.meta.url), 'utf8')
  expect(await comparedPage()).toBe(page)
})
