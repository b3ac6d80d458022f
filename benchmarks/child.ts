// Measurements in a process of their own. `node child.js <contestant> <scenario> <way> <count>` prints what one operation took;
// `node child.js <contestant> --try <number>` does everything that the contestant can once, with counts of no consequence, and
// prints a line for each: the scenario, the way, and 'ok' or why it failed.

import { argv, exit, stdout } from 'node:process'
import { contestant } from './contestant.js'
import { type ScenarioName, scenarios, TRIAL } from './scenarios.js'

const [name, scenario, way, count] = argv.slice(2)
const { ways } = await contestant(name)

async function tryAll(): Promise<void> {
  for (const [scenario, own] of Object.entries(ways)) {
    for (const [way, run] of Object.entries(own)) {
      const count = scenarios[scenario as ScenarioName].trial ?? TRIAL
      const outcome = await run(count).then(
        value => (Number.isFinite(value) ? 'ok' : `answered ${value}`),
        error => String(error).split('\n')[0],
      )
      stdout.write(`${JSON.stringify([scenario, way, outcome])}\n`)
    }
  }
}

if (scenario === '--try') {
  await tryAll()
  exit()
} else {
  const run = ways[scenario as ScenarioName]![way]
  stdout.write(`${await run(Number(count))}\n`)
}
