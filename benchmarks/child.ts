// One measurement in a process of its own: `node child.js <contestant> <scenario> <way> <count>` prints what one operation took.

import { argv, stdout } from 'node:process'
import { type ContestantName, contestant } from './contestant.js'
import type { ScenarioName } from './scenarios.js'

const [name, scenario, way, count] = argv.slice(2)
const { ways } = await contestant(name as ContestantName)
const run = ways[scenario as ScenarioName]![way]
stdout.write(`${await run(Number(count))}\n`)
