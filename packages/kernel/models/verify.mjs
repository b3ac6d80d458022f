// Checks the models and prints what was found. See README.md.
//
//   node verify.mjs [--quick] [--write] [model …]
//
//   --quick   only what every `npm test` checks
//   --write   the table in README.md becomes what this run has found; only with all configurations of all models
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
if (write && (quick || names.length > 0)) {
  console.error('--write takes all configurations of all models.')
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
  rows.push({ configuration, result, wrong })
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
else if (write) writeTable()

function writeTable() {
  const readme = new URL('README.md', import.meta.url)
  const [before, after] = ['<!-- results -->', '<!-- end of results -->']
  const text = readFileSync(readme, 'utf8')
  const start = text.indexOf(before) + before.length
  const end = text.indexOf(after)
  const code = bound => (bound ? `\`${bound}\`` : '')
  const size = states => states.toLocaleString('en-US').replaceAll(',', ' ')
  const holding = rows
    .filter(({ configuration }) => !configuration.refutes)
    .map(
      ({ configuration: { model, bound, progress }, result: { states, seconds, megabytes } }) =>
        `| ${model} | ${code(bound)} | ${progress ? 'lock-free' : 'holds'} | ${size(states)} | ${seconds.toFixed(1)} | ${Math.round(megabytes)} |`,
    )
  const refuted = rows
    .filter(({ configuration }) => configuration.refutes)
    .map(
      ({ configuration: { model, bound, refutes }, result: { states, seconds } }) =>
        `| ${model} | ${code(bound)} | ${refutes} | ${size(states)} | ${seconds.toFixed(1)} |`,
    )
  const table = [
    '',
    `Made by \`node verify.mjs --write\` on one core of ${cpus()[0]?.model ?? 'an unknown processor'}.`,
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
  writeFileSync(readme, `${text.slice(0, start)}\n${table.join('\n')}${text.slice(end)}`)
}
