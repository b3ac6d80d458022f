// Writes the modules of one package, in whose folder it runs, as few files: an import takes long not for what is in a package but
// for how many files there are to find.
//
//   bundle.mjs <entry> … [--inner <name> [--facade <module>] …]
//   bundle.mjs <entry> --web <name>
//
// Each entry is a module of src/ and becomes a file of dist/. With --inner all other modules are in one file of that name, which
// the entries share; a facade is a module in there that tests import by its own path. Other packages of ours stay imports. What is not
// ours is taken in, with its licence.
//
// With --inner there is also dist/modules/, a file for each module, from which bundlers leave out what a program does not use. With
// --web there is another file for browsers, in which x.web.ts stands in for a module x.ts that has one beside it.
//
// What is written about the code is in the types beside it: here it would be a sixth of what is read at each import. Bundlers still find
// what is written for them (@__PURE__ and the like).

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { parseArgs } from 'node:util'
import { rolldown } from 'rolldown'

const { positionals: entries, values } = parseArgs({
  allowPositionals: true,
  options: {
    inner: { type: 'string' },
    facade: { type: 'string', multiple: true, default: [] },
    web: { type: 'string' },
  },
})
const { inner, facade: facades, web } = values

const src = resolve('src')
/** The folder of a package that is not ours. */
const FOREIGN = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/
const moduleName = id => relative(src, id).split(sep).join('/').replace(/\.ts$/, '')
const FILE = { dir: 'dist', sourcemap: true, comments: { jsdoc: false } }

// What an earlier build has left must not be published with this one.
rmSync('dist', { recursive: true, force: true })

const bundleOf = (input, plugins = []) =>
  rolldown({
    input: Object.fromEntries(
      Object.entries(input).map(([name, module]) => [name, join(src, `${module}.ts`)]),
    ),
    external: [/^@millrace\//, /^node:/],
    platform: 'neutral',
    tsconfig: 'tsconfig.json',
    plugins,
    // What sharing one file by modules that are not entries asks for.
    preserveEntrySignatures: inner ? 'allow-extension' : 'strict',
    onLog(_level, log) {
      throw new Error(log.message)
    },
  })

const forBrowsers = {
  name: 'for browsers',
  resolveId(name, importer) {
    if (!/^\..*\.js$/.test(name)) return null
    const path = resolve(dirname(importer), name.replace(/\.js$/, '.web.ts'))
    return existsSync(path) ? path : null
  },
}

function keepLicences(output) {
  const taken = output.flatMap(({ moduleIds = [] }) => moduleIds).map(id => FOREIGN.exec(id)?.[0])
  for (const folder of new Set(taken.filter(Boolean))) {
    writeFileSync(`dist/LICENSE-${basename(folder)}`, readFileSync(join(folder, 'LICENSE')))
  }
}

const bundle = await bundleOf(Object.fromEntries([...entries, ...facades].map(name => [name, name])))
if (inner) {
  const groups = [{ name: inner, test: id => !entries.includes(moduleName(id)) }]
  await bundle.write({
    ...FILE,
    chunkFileNames: '[name].js',
    minifyInternalExports: false,
    codeSplitting: { groups, includeDependenciesRecursively: false },
  })
  await bundle.write({ dir: 'dist/modules', preserveModules: true, preserveModulesRoot: 'src' })
} else {
  const { output } = await bundle.write(FILE)
  keepLicences(output)
}
if (web) {
  const { output } = await (await bundleOf({ [web]: entries[0] }, [forBrowsers])).write(FILE)
  const foreign = output.flatMap(({ imports = [] }) => imports).filter(name => name.startsWith('node:'))
  if (foreign.length > 0) throw new Error(`dist/${web}.js is for browsers, and imports ${foreign.join(', ')}`)
}
