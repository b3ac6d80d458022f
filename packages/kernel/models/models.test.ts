import process from 'node:process'
import { describe, expect, test } from 'vitest'
import { configurations } from './configurations.mjs'
import { check, surprise, whatIsMissing } from './spin.mjs'

// The quick ones; MILLRACE_LONG=1 makes it all of them.

const isLong = process.env.MILLRACE_LONG === '1'
const TIMEOUT_MS = isLong ? 900_000 : 60_000

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

test('each model is checked, holds somewhere, and is refuted without each rule that it can leave out', async () => {
  const { readdirSync, readFileSync } = await import('node:fs')
  const folder = new URL('./', import.meta.url)
  const models = readdirSync(folder).filter(name => name.endsWith('.pml'))
  expect(models.length).toBeGreaterThan(0)
  for (const file of models) {
    const model = file.slice(0, -4)
    const mine = configurations.filter(configuration => configuration.model === model)
    expect(
      mine.some(({ refutes }) => !refutes),
      `${file} is not checked`,
    ).toBe(true)
    const text = readFileSync(new URL(file, folder), 'utf8')
    const variants = new Set([...text.matchAll(/^ {3}BROKEN=(\d+)/gm)].map(([, number]) => number))
    expect(variants.size, `${file} leaves nothing out`).toBeGreaterThan(0)
    for (const number of variants) {
      expect(
        mine.some(({ bound, refutes }) => refutes && bound.split(' ').includes(`BROKEN=${number}`)),
        `${file}: BROKEN=${number} is not tried`,
      ).toBe(true)
    }
  }
})
