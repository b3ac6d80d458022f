import { readdirSync, readFileSync } from 'node:fs'
import process from 'node:process'
import { describe, expect, test } from 'vitest'
import { configurations } from './configurations.mjs'
import { check, surprise, whatIsMissing } from './spin.mjs'

// The quick ones; MILLRACE_LONG=1 makes it all of them.

const isLong = process.env.MILLRACE_LONG === '1'
const TIMEOUT_MS = isLong ? 900_000 : 60_000

const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8')
const models = readdirSync(new URL('./', import.meta.url))
  .filter(name => name.endsWith('.pml'))
  .map(name => name.slice(0, -4))

const missing = whatIsMissing()

describe('every interleaving of the kernel’s protocols, within a bound', () => {
  if (missing) test.skip(`the models: NOT RUN, ${missing}`)
  else {
    for (const configuration of configurations.filter(({ quick }) => isLong || quick)) {
      const { model, bound, progress, refutes } = configuration
      const verdict = refutes ? `is refuted without ${refutes}` : progress ? 'is lock-free' : 'holds'
      test(`${model} ${bound}: ${verdict}`, { timeout: TIMEOUT_MS }, () => {
        expect(surprise(configuration, check({ ...configuration, quick: !isLong }))).toBeUndefined()
      })
    }
  }
})

test.each(models)('%s holds somewhere, and is tried without each rule that it can leave out', model => {
  const mine = configurations.filter(configuration => configuration.model === model)
  expect(mine.filter(({ refutes }) => !refutes)).not.toEqual([])
  expect(mine.filter(({ quick }) => quick)).not.toEqual([])
  const variants = new Set(
    [...read(`${model}.pml`).matchAll(/^ {3}(BROKEN=\d+)/gm)].map(([, broken]) => broken),
  )
  const tried = mine.filter(({ refutes }) => refutes).flatMap(({ bound }) => bound.split(' '))
  expect(tried.filter(define => define.startsWith('BROKEN=')).sort()).toEqual([...variants].sort())
  expect(variants.size).toBeGreaterThan(0)
})

test('the results that the README shows are of these configurations', () => {
  const results: Record<string, { bound: string; progress?: true; refutes?: string }[]> = JSON.parse(
    read('results.json'),
  )
  const told = Object.entries(results).flatMap(([model, rows]) =>
    rows.map(({ bound, progress, refutes }) => ({ model, bound, progress, refutes })),
  )
  const meant = configurations.map(({ model, bound, progress, refutes }) => ({
    model,
    bound,
    progress,
    refutes,
  }))
  const key = (row: object) => JSON.stringify(row)
  expect(told.map(key).sort()).toEqual(meant.map(key).sort())
})
