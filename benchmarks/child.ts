// Measurements in a process of their own. `node child.js <contestant> <scenario> <way> <count>` prints what one operation took;
// `node child.js <contestant> --try <host>` does everything that the contestant does on that host once, with counts of no
// consequence, and prints a line for each: the scenario, the way, and 'ok' or why it failed.

import { argv, exit, stdout } from 'node:process'
import { contestant } from './contestant.js'
import { waysOn } from './rows.js'
import { TRIAL } from './scenario.js'
import { type ScenarioName, scenarioNames, scenarios } from './scenarios.js'

const [name, scenario, way, count] = argv.slice(2)
const { ways } = await contestant(name)

async function tryAll(host: string | undefined): Promise<void> {
  for (const scenario of scenarioNames) {
    for (const way of waysOn(scenario, ways[scenario], host)) {
      const outcome = await ways[scenario]![way](scenarios[scenario].trial ?? TRIAL).then(
        value => (Number.isFinite(value) ? 'ok' : `answered ${value}`),
        error => String(error).split('\n')[0],
      )
      stdout.write(`${JSON.stringify([scenario, way, outcome])}\n`)
    }
  }
}

if (scenario === '--try') {
  await tryAll(way)
  exit()
} else {
  const run = ways[scenario as ScenarioName]![way]
  stdout.write(`${await run(Number(count))}\n`)
}
