import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

export const read = (file: string): string => readFileSync(join(root, file), 'utf8')

/** The files in a folder and below, relative to the root of the workspace; none if there is no such folder. */
export function filesUnder(folder: string, suffix: string): string[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && entry.name.endsWith(suffix))
    .map(entry => relative(root, join(entry.parentPath, entry.name)))
    .filter(file => !/node_modules|\/dist\/|\/generated\//.test(file))
    .sort()
}

export const packages = readdirSync(join(root, 'packages'))

/** The source files of a package, without its tests. */
export const sourcesOf = (name: string): string[] =>
  filesUnder(`packages/${name}/src`, '.ts').filter(file => !/\.test(-d)?\.ts$/.test(file))

/** The pages of the documentation that exist. */
export const pages = [
  'README.md',
  'ARCHITECTURE.md',
  'examples/README.md',
  'apps/chat-server/README.md',
  ...packages.map(name => `packages/${name}/README.md`),
  ...filesUnder('docs', '.md'),
].filter(file => existsSync(join(root, file)))
