// Loaded into every program of the documentation, on all of its threads.

import { writeSync } from 'node:fs'
import { format, inspect } from 'node:util'

const MET = 3 // a pipe to the test

function expect(line, expected, actual) {
  if (actual !== expected)
    throw new Error(`line ${line}: the documentation says ${expected}, but it is ${actual}`)
  writeSync(MET, `${line}\n`)
}

const shown = value =>
  value instanceof Error
    ? String(value)
    : inspect(value, { breakLength: Number.POSITIVE_INFINITY, compact: true }).replace(/\[ | \]/g, space =>
        space.trim(),
      )

globalThis.$value = (line, expected, value) => expect(line, expected, shown(value))
globalThis.$print = (line, expected, ...args) => {
  console.log(...args)
  expect(line, expected, format(...args))
}
