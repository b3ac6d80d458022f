// Makes docs/errors.md from the error classes that packages export: the meaning is the class's docstring, the cure stands here.
//
//   node docs/scripts/errors.mjs

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
export const page = join(root, 'docs/errors.md')

const cures = {
  ERR_CHAN_CLOSED:
    'Let one goroutine close the channel, once nobody sends any more: the only sender itself, or one that waits for all senders. Receivers need not be told to stop with a close; give senders a context, and let them `select` between the send and `ctx.done()`.',
  ERR_CHAN_SIZE:
    'Pass a whole number from 0 to 1 073 741 823. Without a limit in mind, take a small one: a full channel makes senders wait, which is what it is for.',
  ERR_DEADLOCK:
    'Await the operation without `Sync`: it blocked its thread, and the only goroutines that could have ended the wait live on that thread. Or hand the channel to a goroutine on another thread first.',
  ERR_MAIN_THREAD_BLOCKED:
    'Await the operation without `Sync`, or do it in a parallel goroutine: a page that stands still cannot even be painted, so browsers forbid it.',
  ERR_PARALLEL:
    'Call `parallel(import.meta.url, async function name(…) { … })` at the top level of a module, with a name that is the only one of its kind there, and start goroutines inside `main(() => { … })`. The message says which of these is missing.',
  ERR_CANCELED:
    'Nothing is wrong: somebody called `cancel`. Stop, and clean up. `cause(ctx)` says why, if a cause was given.',
  ERR_DEADLINE_EXCEEDED:
    'The time was too short, or the work too slow. Nothing was sent or taken by the operation that rejected; to try again, derive a new context.',
  ERR_DATA_CLONE:
    'Look at `error.path`, which says where the culprit is. Send plain data instead: a `parallel` function by calling it on the other side, an object of a class as its fields, a promise after awaiting it.',
  ERR_OUT_OF_SHARED_MEMORY:
    'Receivers that are slower than senders fill shared memory: use smaller capacities. If so much is needed, raise the maximum with `runtime.configure({ memory: { maximum: bytes } })` before first use. It cannot be above 2 GiB.',
  ERR_THREAD_LOST:
    'The pool has replaced the thread already. `error.cause` says what it died of, where that is known. Start the goroutine again if what it did may be done twice; and let no goroutine call `process.exit`.',
  ERR_BUG: 'Please report it, with the stack and what the program did.',
  ERR_SYNC_MISUSE:
    'The program is wrong, and the message says where: pair each `lock` with one `unlock` and each `add` with a `done`. `withLock`, `withPermits` and `WaitGroup.go` do the pairing.',
  ERR_BARRIER_BROKEN:
    'Not all parties will come, so nobody should wait for them. Call `reset()` when all who waited have left, and meet again.',
  ERR_PIPELINE: 'Look at `error.cause`, which is what the stage threw; the message names the stage.',
  ERR_RETRY: "Look at `error.cause`, the last attempt's error; `error.attempts` says how many there were.",
  ERR_OWNER_LOST:
    'What the lock protects may be half changed. Repair it, and lock again: this error is reported once.',
  ERR_CIRCUIT_OPEN:
    'What the breaker protects is failing. Wait for `error.retryAfterMs`, or answer without it.',
}

function* sourcesUnder(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* sourcesUnder(path)
    else if (entry.name.endsWith('.ts') && !/\.test(-d)?\.ts$/.test(entry.name)) yield path
  }
}

const CLASS = /\/\*\*((?:(?!\*\/)[\s\S])*?)\*\/\s*export class (\w+) extends (\w*Error) \{([\s\S]*?)\n\}/g

/** The error classes with a code that packages export. */
export function errorClasses() {
  const found = []
  // Core first: what it exports of the kernel is imported from core.
  const folders = readdirSync(join(root, 'packages')).sort((a, b) =>
    a === 'core' ? -1 : b === 'core' ? 1 : 0,
  )
  const indexes = folders
    .map(folder => ({ folder, index: join(root, 'packages', folder, 'src/index.ts') }))
    .filter(({ index }) => existsSync(index))
    .map(({ folder, index }) => ({ folder, exported: readFileSync(index, 'utf8') }))
  for (const { folder } of indexes) {
    for (const file of sourcesUnder(join(root, 'packages', folder, 'src'))) {
      for (const [, doc, name, base, body] of readFileSync(file, 'utf8').matchAll(CLASS)) {
        const code = /readonly code = '(\w+)'/.exec(body)?.[1]
        const exporter = indexes.find(({ exported }) => new RegExp(`\\b${name}\\b`).test(exported))
        const where = relative(root, file)
        if (code === undefined) throw new Error(`${name} in ${where} has no code`)
        if (exporter === undefined) throw new Error(`${name} in ${where} is exported by no package`)
        if (found.some(other => other.code === code))
          throw new Error(`${code} stands for two classes, one is ${name}`)
        const packageFile = join(root, 'packages', exporter.folder, 'package.json')
        found.push({
          name,
          base,
          code,
          package: JSON.parse(readFileSync(packageFile, 'utf8')).name,
          meaning: doc
            .split('\n')
            .map(line => line.replace(/^\s*\* ?/, '').trim())
            .join(' ')
            .trim(),
        })
      }
    }
  }
  return found
}

export function errorsPage() {
  const sections = errorClasses().map(({ name, base, code, package: from, meaning }) => {
    const cure = cures[code]
    if (cure === undefined) throw new Error(`docs/scripts/errors.mjs has no cure for ${code} (${name})`)
    const kind = base === 'Error' ? '' : `, a \`${base}\``
    return `## ${code}\n\n\`${name}\` of ${from}${kind}.\n\n**Meaning.** ${meaning}\n\n**Cure.** ${cure}\n`
  })
  return `<!-- Made by docs/scripts/errors.mjs from the error classes. -->

# Errors

Every error of Millrace has a \`code\` that stays the same while messages may change. Ask for it, rather than with
\`instanceof\`, where two copies of a package may be installed:

\`\`\`ts
import { chan } from '@millrace/core'

const closed = chan<number>()
closed.close()
await closed.send(1).catch(error => console.log(error.code)) // => ERR_CHAN_CLOSED
\`\`\`

Arguments that can never be right get the \`TypeError\` or \`RangeError\` that JavaScript would throw, without a code. Waiting
that was given up rejects with the signal's own reason, whatever that is; with a context, that is \`cause(ctx)\`.

${sections.join('\n')}`
}

if (argv[1] === fileURLToPath(import.meta.url)) writeFileSync(page, errorsPage())
