// Runs SPIN on one configuration of one model: every interleaving, within the bound that the configuration sets.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MEMORY_MB = 2000
const LONG_BYTES = 300_000
const DEPTH = 2_000_000
const MINUTES = 10

const compilers = ['gcc', 'cc', 'clang']

const run = (command, args, cwd) =>
  spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 26, timeout: MINUTES * 60_000 })

const isHere = command => run(command, [command === 'spin' ? '-V' : '--version']).status === 0

/** What is missing to run the models here, as a sentence; undefined when nothing is. */
export function whatIsMissing() {
  if (!isHere('spin')) return 'spin is not installed'
  if (!compilers.some(isHere)) return 'there is no C compiler'
}

/**
 * Searches all states of a configuration.
 *
 * @returns {{holds: boolean, complete: boolean, states: number, seconds: number, megabytes: number, said: string}}
 *   `holds`: no property was violated. `complete`: all states within the bound were seen. `said`: what was violated, or why
 *   the search came to nothing.
 */
export function check({ model, bound, progress, refutes, quick }) {
  const folder = mkdtempSync(join(tmpdir(), 'models-'))
  try {
    const file = fileURLToPath(new URL(`${model}.pml`, import.meta.url))
    const defines = bound
      .split(' ')
      .filter(Boolean)
      .map(define => `-D${define}`)
    const generated = run('spin', [...defines, '-a', file], folder)
    if (generated.status !== 0 || /error/i.test(generated.stdout)) return failed(generated, 'spin')
    const search = progress ? ['-DNP'] : ['-DSAFETY']
    // Optimizing the searcher takes longer than a quick search does, and far longer where the model has many steps.
    const long = statSync(join(folder, 'pan.m')).size > LONG_BYTES
    const compiled = run(
      compilers.find(isHere),
      [
        quick || refutes || long ? '-O0' : '-O1',
        '-w',
        ...search,
        '-DCOLLAPSE',
        '-DVECTORSZ=2048',
        `-DMEMLIM=${MEMORY_MB}`,
        '-o',
        'pan',
        'pan.c',
      ],
      folder,
    )
    if (compiled.status !== 0) return failed(compiled, 'the C compiler')
    const started = performance.now()
    const searched = run(
      join(folder, 'pan'),
      [`-m${DEPTH}`, quick ? '-w18' : '-w22', ...(progress ? ['-l'] : [])],
      folder,
    )
    const seconds = (performance.now() - started) / 1000
    const output = searched.stdout + searched.stderr
    const number = pattern => Number(pattern.exec(output)?.[1] ?? Number.NaN)
    const errors = number(/errors: (\d+)/)
    return {
      holds: errors === 0,
      complete: errors === 0 && !/Search not completed|max search depth too small/.test(output),
      states: number(/([\d.e+]+) states, stored/),
      megabytes: number(/([\d.]+)\ttotal actual memory usage/),
      seconds,
      said: /^pan:\d+: (.*?)(?: \(at depth.*)?$/m.exec(output)?.[1] ?? output.trim().split('\n')[0],
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function failed({ stdout, stderr, error }, who) {
  const said = `${who}: ${error?.message ?? `${stdout}${stderr}`.trim()}`
  return { holds: false, complete: false, states: 0, seconds: 0, megabytes: 0, said }
}

/** Whether a result is what the configuration expects; undefined, or a sentence that says why not. */
export function surprise({ refutes }, { holds, complete, states, said }) {
  if (!(states > 0)) return `not checked: ${said}`
  if (refutes) return holds ? 'a broken protocol was not refuted' : undefined
  if (!holds) return `refuted: ${said}`
  if (!complete) return 'the search was not completed'
}
