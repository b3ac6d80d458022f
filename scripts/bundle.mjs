// Writes the modules of one package, in whose folder it runs, as few files: an import takes long not for what is in a package but
// for how many files there are to find.
//
//   bundle.mjs <entry> … [--inner <name> <facade> …]
//
// Each entry is a module of src/ and becomes a file of dist/. With --inner all other modules are in one file of that name, which
// the entries share; a facade is a module in there that tests import by its own path. Other packages of ours stay imports, and so
// do conditional ones (#host). What is not ours is taken in, with its licence.
//
// With --inner there is also dist/modules/, a file for each module, from which bundlers leave out what a program does not use.

import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, relative, resolve, sep } from 'node:path'
import { rolldown } from 'rolldown'

const names = process.argv.slice(2)
const split = names.includes('--inner') ? names.indexOf('--inner') : names.length
const entries = names.slice(0, split)
const [inner, ...facades] = names.slice(split + 1)

const src = resolve('src')
/** The folder of a package that is not ours. */
const FOREIGN = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/
const moduleName = id => relative(src, id).split(sep).join('/').replace(/\.ts$/, '')

// What an earlier build has left must not be published with this one.
rmSync('dist', { recursive: true, force: true })

const bundle = await rolldown({
  input: Object.fromEntries([...entries, ...facades].map(name => [name, join(src, `${name}.ts`)])),
  external: [/^@millrace\//, /^node:/, /^#/],
  platform: 'neutral',
  tsconfig: 'tsconfig.json',
  // What sharing one file by modules that are not entries asks for.
  preserveEntrySignatures: inner ? 'allow-extension' : 'strict',
  onLog(_level, log) {
    throw new Error(log.message)
  },
})
if (inner) {
  const groups = [{ name: inner, test: id => !entries.includes(moduleName(id)) }]
  await bundle.write({
    dir: 'dist',
    sourcemap: true,
    chunkFileNames: '[name].js',
    minifyInternalExports: false,
    codeSplitting: { groups, includeDependenciesRecursively: false },
  })
  await bundle.write({ dir: 'dist/modules', preserveModules: true, preserveModulesRoot: 'src' })
} else {
  const { output } = await bundle.write({ dir: 'dist', sourcemap: true })
  const taken = output.flatMap(({ moduleIds = [] }) => moduleIds).map(id => FOREIGN.exec(id)?.[0])
  for (const folder of new Set(taken.filter(Boolean))) {
    writeFileSync(`dist/LICENSE-${basename(folder)}`, readFileSync(join(folder, 'LICENSE')))
  }
}
