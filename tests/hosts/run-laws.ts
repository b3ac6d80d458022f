import { runtime } from '@millrace/core'
import { type Run, type RunName, runs } from '../laws/suites.js'
import { tryLaw } from '../laws/try-law.js'

// The one program that every host runs: all laws in all worlds. First it says what is to come, then one line for each law.
//
//   run-laws.js [run] [part …]     tries the laws whose "world: name" contains one of the parts

// In a page the arguments are the parts of its address behind the question mark.

declare const process: { argv: string[] } | undefined

const args =
  typeof process === 'undefined'
    ? location.search.slice(1).split('&').map(decodeURIComponent)
    : process.argv.slice(2)
const [name = 'usual', ...parts] = args
const isChosen = (key: string) => parts.length === 0 || parts.some(part => key.includes(part))
const say = (line: object) => console.log(JSON.stringify(line))

const run: Run | undefined = runs[name as RunName]
if (!run) throw new Error(`there is no run "${name}", only ${Object.keys(runs).join(', ')}`)
run.prepare()
const all = run.suites.flatMap(([world, laws]) =>
  laws.map(law => ({ world, law, key: `${world.name}: ${law.name}` })),
)
const plan = all.filter(({ key }) => isChosen(key))
say({ host: runtime.stats().host, run: name, plan: plan.map(({ key }) => key) })
for (const { world, law } of plan) say(await tryLaw(world, law))
say({ end: true })
