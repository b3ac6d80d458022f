// What each command does, in words: set up, build, then the thing itself.

import { prepareEnvironment } from './environment.mjs'
import { packageManifests } from './packages.mjs'
import { serve } from './serve.mjs'
import { setUp } from './setup.mjs'
import { SetupError } from './setup-error.mjs'
import { clearTestReports, countTests, formatTestCount, packagesWithoutReport } from './test-reports.mjs'
import { biome, describeHost, node, tsc, turbo } from './tools.mjs'

const commands = {
  build: () => build(),
  start: async () => (await build('@millrace/chat-server')) || serve('apps/chat-server/dist/main.js'),
  bench: async args => (await build('@millrace/benchmarks')) || node(['benchmarks/dist/run.js', ...args]),
  test: args => test(args),
  'test:long': args => test(args, { long: true }),
}

/** Runs one command and leaves its answer, 0 when all went well, in `process.exitCode`. */
export async function run(name, args) {
  const command = Object.hasOwn(commands, name ?? '') ? commands[name] : undefined
  if (command === undefined) {
    console.error(`Usage: node scripts/run.mjs ${Object.keys(commands).join(' | ')} [arguments]`)
    process.exitCode = 2
    return
  }
  prepareEnvironment()
  try {
    await setUp()
    process.exitCode = await command(args)
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    console.error(`\n${error.message}`)
    process.exitCode = 1
  }
}

// A named package brings what it depends on; without a name everything is built.
function build(only) {
  return turbo(['run', 'build', '--output-logs=errors-only', ...(only ? [`--filter=${only}`] : [])])
}

// `args` go to turbo, so `npm test -- --filter=@millrace/core` tests one package.
async function test(args, { long = false } = {}) {
  process.env.MILLRACE_HOST = describeHost()
  if (long) process.env.MILLRACE_LONG = '1'
  else delete process.env.MILLRACE_LONG

  const built = await build()
  if (built !== 0) {
    console.error('The build failed (see above), so no test was run.')
    return built
  }

  // A finding of the checker is worth no less, but also no more, than a failed test: go on either way.
  const checked = await biome(['check', '.'])
  // The tests of a package are in no build of it: vitest takes the types out and looks at none.
  const typed = await tsc(['-p', 'tsconfig.tests.json'])

  clearTestReports()
  // One package at a time: the tests themselves use every core.
  // A long run repeats even what passed before; its builds are those made above.
  const fresh = long ? ['--only', '--force'] : []
  const tested = await turbo([
    'run',
    'test',
    '--concurrency=1',
    '--continue',
    '--output-logs=new-only',
    ...fresh,
    ...args,
  ])

  const everything = packageManifests().filter(manifest => manifest.scripts?.test)
  const silent = args.length === 0 ? packagesWithoutReport(everything) : []
  const count = countTests(everything)
  const verdicts = [
    checked !== 0 && 'biome check failed (see above); `npm run format` mends what can be mended by itself.',
    typed !== 0 && 'The tests have type errors (see above).',
    tested !== 0 && count.failed === 0 && 'A test run failed without a failed test (see above).',
    ...silent.map(name => `${name} left no test report: its tests did not run to the end.`),
    count.passed + count.failed === 0 && 'No test was run.',
  ].filter(Boolean)

  console.log('')
  for (const verdict of verdicts) console.log(verdict)
  console.log(formatTestCount(count))
  return tested !== 0 || count.failed > 0 || verdicts.length > 0 ? 1 : 0
}
