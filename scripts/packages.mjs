// The packages of the workspace, read from pnpm-workspace.yaml.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** Answers the folders of all packages below the root, in a stable order. */
export function packageFolders() {
  const text = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8')
  const list = /^packages:\n((?:\s+-.*\n?)+)/m.exec(text)?.[1] ?? ''
  const patterns = list.match(/[^\s'"-][^\s'"]*/g) ?? []
  return patterns
    .flatMap(pattern => (pattern.endsWith('/*') ? foldersIn(pattern.slice(0, -2)) : [pattern]))
    .filter(folder => existsSync(join(root, folder, 'package.json')))
    .sort()
}

/** Answers the manifest of every package, with its `folder` relative to the root. */
export function packageManifests() {
  return packageFolders().map(folder => ({
    ...JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')),
    folder,
  }))
}

function foldersIn(parent) {
  if (!existsSync(join(root, parent))) return []
  return readdirSync(join(root, parent), { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(entry => `${parent}/${entry.name}`)
}
