import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { explore } from './explorer.js'
import { instrument } from './instrument.js'
import { ringScenarios } from "./scenarios/ring.js"
import { parkingScenarios } from "./scenarios/parking.js"

const binary = readFileSync(new URL('../src/generated/kernel.wasm', import.meta.url))
const kernel = new WebAssembly.Module(instrument(binary))

test.each([...ringScenarios, ...parkingScenarios])('$name', scenario => {
  const r = explore(kernel, scenario)
  process.stderr.write(`${scenario.name} ${JSON.stringify(r)}\n`)
  expect(r.schedules).toBeGreaterThan(1)
})
