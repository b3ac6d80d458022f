// Checks the models and prints what was found. See README.md.
//
//   node verify.mjs [--quick] [--write] [model …]
//
//   --quick   only what every `npm test` checks
//   --write   results.json and the tables in README.md become, for the models of this run, what it has found
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import process from 'node:process'
import { configurations } from './configurations.mjs'
import { check, surprise, whatIsMissing } from './spin.mjs'

const options = process.argv.slice(2)
const quick = options.includes('--quick')
const write = options.includes('--write')
const names = options.filter(option => !option.startsWith('--'))

const missing = whatIsMissing()
if (missing) {
  console.error(`The models cannot be checked here: ${missing}.`)
  process.exit(1)
}
if (write && quick) {
  console.error('--write takes all configurations of a model.')
  process.exit(1)
}

const chosen = configurations.filter(
  configuration =>
    (!quick || configuration.quick) && (names.length === 0 || names.includes(configuration.model)),
)
const rows = []
let surprises = 0
for (const configuration of chosen) {
  const result = check({ ...configuration, quick })
  const wrong = surprise(configuration, result)
  if (wrong) surprises++
  rows.push({ configuration, result })
  const { model, bound, progress, refutes } = configuration
  const verdict = wrong ?? (refutes ? 'refuted' : progress ? 'lock-free' : 'holds')
  console.log(
    `${wrong ? '✗' : '✓'} ${model.padEnd(11)} ${bound.padEnd(44)} ${verdict.padEnd(10)} ${String(result.states).padStart(9)} states ` +
      `${result.seconds.toFixed(1).padStart(5)} s ${String(Math.round(result.megabytes)).padStart(5)} MB` +
      (refutes ? `  without: ${refutes}` : ''),
  )
}
const seconds = rows.reduce((sum, { result }) => sum + result.seconds, 0)
console.log(
  `${rows.length} configurations, ${surprises} ${surprises === 1 ? 'surprise' : 'surprises'}, ${Math.round(seconds)} s of search`,
)
if (surprises > 0) process.exitCode = 1
else if (write) writeTables()

function writeTables() {
  const file = new URL('results.json', import.meta.url)
  const results = JSON.parse(readFileSync(file, 'utf8'))
  for (const { configuration } of rows) results[configuration.model] = []
  for (const { configuration, result } of rows) {
    const { bound, progress, refutes } = configuration
    const { states, seconds, megabytes } = result
    results[configuration.model].push({
      bound,
      ...(progress && { progress }),
      ...(refutes && { refutes }),
      states,
      seconds: Number(seconds.toFixed(1)),
      megabytes: Math.round(megabytes),
    })
  }
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`)

  const models = [...new Set(configurations.map(({ model }) => model))]
  const all = models.flatMap(model => (results[model] ?? []).map(row => ({ model, ...row })))
  const size = states => states.toLocaleString('en-US').replaceAll(',', ' ')
  const cells = (...values) => `| ${values.join(' | ')} |`
  const holding = all
    .filter(({ refutes }) => !refutes)
    .map(({ model, bound, progress, states, seconds, megabytes }) =>
      cells(
        model,
        `\`${bound}\``,
        progress ? 'lock-free' : 'holds',
        size(states),
        seconds.toFixed(1),
        megabytes,
      ),
    )
  const refuted = all
    .filter(({ refutes }) => refutes)
    .map(({ model, bound, refutes, states, seconds }) =>
      cells(model, `\`${bound}\``, refutes, size(states), seconds.toFixed(1)),
    )
  const tables = [
    '',
    `Written by \`verify.mjs --write\`, one core of ${cpus()[0]?.model ?? 'an unknown processor'}.`,
    '',
    `### What holds: ${holding.length} configurations, every state seen`,
    '',
    '| model | bound | verdict | states | s | MB |',
    '| --- | --- | --- | ---: | ---: | ---: |',
    ...holding,
    '',
    `### What is refuted: ${refuted.length} protocols with one rule left out`,
    '',
    '| model | bound | left out | states until refuted | s |',
    '| --- | --- | --- | ---: | ---: |',
    ...refuted,
    '',
  ]
  const readme = new URL('README.md', import.meta.url)
  const text = readFileSync(readme, 'utf8')
  const start = text.indexOf('<!-- results -->') + '<!-- results -->'.length
  const end = text.indexOf('<!-- end of results -->')
  writeFileSync(readme, `${text.slice(0, start)}\n${tables.join('\n')}${text.slice(end)}`)
}
